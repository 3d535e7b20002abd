"""The format parquet: images.parquet and nuclei.parquet, with the columns of images.csv and nuclei.csv."""

from pathlib import Path

from sqlalchemy import TypeDecorator

from cli.exports.exporter import Written
from cli.exports.parquet_files import write_parquet
from cli.progress_bars import track_stream
from nuqleus.database.queries.snapshot import IMAGE_COLUMNS, Snapshot, nucleus_columns
from nuqleus.database.tables import Image, Nucleus

KEY_TYPES = {"path": str, "image_id": int, "duplicate_of": str, "counted": bool, "plate": str, "well": str}
"""Columns of both that no table has under this name."""

WELL_NUMBERS = ("row", "col", "t", "images", "nuclei")
"""Columns of wells that are no text."""


def export(results: Snapshot, output: Path) -> Written:
    """Write a row for each image, one for each nucleus, and one for each well, if there are any."""
    others = write_images_and_wells(results, output)
    nuclei = write_parquet(
        output / "nuclei.parquet",
        {name: _type(name) for name in nucleus_columns(results.channels())},
        track_stream(results.nuclei(), "nuclei", results.nucleus_count()),
    )
    return Written(f"{others}, {nuclei} rows in nuclei.parquet, in {output}")


def write_images_and_wells(results: Snapshot, output: Path) -> str:
    """Write images.parquet, and wells.parquet if there are wells. Returns how many rows they have."""
    types = {name: _type(name) for name in IMAGE_COLUMNS}
    images = write_parquet(output / "images.parquet", types, (image.columns for image in results.images()))
    written = f"{images} rows in images.parquet"
    if not results.plate_shape():
        return written
    types = {name: int if name in WELL_NUMBERS else str for name in results.well_columns()}
    wells = write_parquet(output / "wells.parquet", types, results.wells())
    return f"{written}, {wells} rows in wells.parquet"


def _type(name: str) -> type:
    """Return what the values of a column are: as in the tables; µm, and what is measured of a channel, are numbers."""
    for columns in (Image.__table__.columns, Nucleus.__table__.columns):
        if name in columns and name not in KEY_TYPES:
            kind = columns[name].type
            return (kind.impl_instance if isinstance(kind, TypeDecorator) else kind).python_type
    return KEY_TYPES.get(name, str if name in IMAGE_COLUMNS else float)
