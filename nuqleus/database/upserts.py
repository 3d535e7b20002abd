"""Upserts: rows that somebody else may be inserting at the same moment."""

from collections.abc import Sequence
from importlib import import_module
from typing import Any

from sqlalchemy import Connection

from nuqleus.database.tables import Base


def insert_missing(
    connection: Connection, table: type[Base], rows: Sequence[dict[str, Any]], *, key: str | Sequence[str]
) -> None:
    """Insert the rows whose `key`, a unique column or several that are so together, isn't there yet."""
    if not rows:
        return
    keys = [key] if isinstance(key, str) else key
    dialect = import_module(f"sqlalchemy.dialects.{connection.dialect.name}")  # only the one that is needed
    connection.execute(dialect.insert(table).on_conflict_do_nothing(index_elements=keys), rows)
