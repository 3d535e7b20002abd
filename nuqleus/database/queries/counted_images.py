"""Counted images: the view that says which plane of a z-stack counts, for queries of our own."""

from sqlalchemy import ColumnElement, Float, Integer, Text, column, exists, table
from sqlalchemy.orm import InstrumentedAttribute

from nuqleus.database.column_types import EscapedPath
from nuqleus.database.tables import Image

counted_images = table(
    "counted_images",
    column("image_id", Integer),
    column("file_id", Integer),
    column("path", EscapedPath),
    column("t", Integer),
    column("n_nuclei", Integer),
    column("pixel_size_um", Float),
    column("pixel_size_from", Text),
)
"""Those of its columns that are asked for here."""


def is_counted(image_id: ColumnElement[int] | InstrumentedAttribute[int] = Image.id) -> ColumnElement[bool]:
    """Whether an image is the plane of its stack that counts."""
    return exists().where(counted_images.c.image_id == image_id)
