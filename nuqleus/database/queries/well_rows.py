"""Wells as rows: what lies in each, and what a plate map says of it."""

from collections.abc import Iterator
from typing import Any

from sqlalchemy import Connection, func, select

from nuqleus.database.queries.counted_images import counted_images
from nuqleus.database.queries.selection import Selection
from nuqleus.database.tables import File, Image, Plate, Well, WellAnnotation

WELL_COLUMNS = ("plate", "plate_folder", "well", "row", "col", "t", "images", "nuclei")
"""Columns of a well at a time point; `images` and `nuclei` are those that count."""


def annotation_names(connection: Connection) -> list[str]:
    """What plate maps say of wells: names of compounds, doses and so on."""
    return list(connection.scalars(select(WellAnnotation.name).distinct().order_by(WellAnnotation.name)))


def annotations_of(connection: Connection, well_id: int) -> dict[str, str]:
    """What a plate map says of a well."""
    query = select(WellAnnotation.name, WellAnnotation.value).where(WellAnnotation.well_id == well_id)
    return {name: value for name, value in connection.execute(query)}  # noqa: C416 - for mypy


def well_rows(connection: Connection, selection: Selection) -> Iterator[dict[str, Any]]:
    """Each well with results at each of its time points: WELL_COLUMNS, and `annotation_…` for each annotation."""
    place = (Plate.name, Plate.folder, Well.name, Well.row, Well.col, Image.t)
    query = (
        select(Well.id, *place, func.count(), func.sum(Image.n_nuclei))
        .select_from(Image)
        .join(File, File.id == Image.file_id)
        .join(counted_images, counted_images.c.image_id == Image.id)
        .join(Well, Well.id == Image.well_id)
        .join(Plate, Plate.id == Well.plate_id)
        .where(selection.condition())
        .group_by(Plate.id, Well.id, *place)
        .order_by(Plate.id, Well.row, Well.col, Image.t)
    )
    for well_id, *row in connection.execute(query).all():
        annotations = annotations_of(connection, well_id)
        named = {f"annotation_{name}": value for name, value in annotations.items()}
        yield dict(zip(WELL_COLUMNS, row, strict=True)) | named
