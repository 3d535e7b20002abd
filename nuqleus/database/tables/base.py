"""Root of the tables: how their constraints are called, and which SQL types Python's types become."""

from typing import Any, ClassVar

from sqlalchemy import JSON, Boolean, Double, Index, MetaData, Text, TextClause
from sqlalchemy.orm import DeclarativeBase

NAMING_CONVENTION = {
    "ix": "ix_%(table_name)s_%(column_0_N_name)s",
    "uq": "uq_%(table_name)s_%(column_0_N_name)s",
    "ck": "ck_%(table_name)s_%(constraint_name)s",
    "fk": "fk_%(table_name)s_%(column_0_N_name)s",
    "pk": "pk_%(table_name)s",
}

NEVER_REUSED = {"sqlite_autoincrement": True}
"""For ids that others keep (a message in the queue, somebody's notes): a deleted row's number isn't given again."""


def index_where(name: str, condition: TextClause, *columns: str) -> Index:
    """An index over some rows alone."""
    return Index(name, *columns, postgresql_where=condition, sqlite_where=condition)


class Base(DeclarativeBase):
    """Root of the tables."""

    metadata = MetaData(naming_convention=NAMING_CONVENTION)
    type_annotation_map: ClassVar[dict[Any, Any]] = {
        float: Double(),
        str: Text(),
        bool: Boolean(),
        dict[str, Any]: JSON(),
    }
