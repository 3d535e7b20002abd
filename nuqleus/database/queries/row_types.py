"""Types of the columns of results: of images, nuclei and wells, as `Snapshot` gives them."""

from collections.abc import Iterable

from sqlalchemy import TypeDecorator

from nuqleus.database.queries.result_columns import IMAGE_COLUMNS
from nuqleus.database.queries.well_rows import AS_OF, WELL_COLUMNS
from nuqleus.database.tables import Image, Nucleus

KEY_TYPES = {"image_id": int, "counted": bool, "stands_out": bool} | dict.fromkeys(
    ("path", "duplicate_of", "plate", "plate_folder", "well", "stands_out_because", "phase"), str
)
"""Columns that no table has under this name."""

WELL_NUMBERS = ("row", "col", "t", "images", "nuclei")
"""Columns of wells that are whole numbers."""


def types_of(columns: Iterable[str]) -> dict[str, type]:
    """Types of columns of images or nuclei: text, whole numbers, numbers, or yes and no; any may lack values."""
    return {name: _type(name) for name in columns}


def types_of_wells(columns: Iterable[str]) -> dict[str, type]:
    """Types of columns of wells."""
    return {name: _type_of_wells(name) for name in columns}


def _type_of_wells(name: str) -> type:
    """Statistics are numbers."""
    if name in WELL_NUMBERS:
        return int
    is_text = name in WELL_COLUMNS or name == AS_OF or name.startswith("annotation_")
    return str if is_text else float


def _type(name: str) -> type:
    """As in the tables; µm, and what is measured of a channel, are numbers."""
    for columns in (Image.__table__.columns, Nucleus.__table__.columns):
        if name in columns and name not in KEY_TYPES:
            kind = columns[name].type
            return (kind.impl_instance if isinstance(kind, TypeDecorator) else kind).python_type
    return KEY_TYPES.get(name, str if name in IMAGE_COLUMNS else float)
