"""Wells as rows: what lies in each, its statistics, and what a plate map says of it."""

from collections.abc import Iterator
from datetime import UTC, datetime
from typing import Any

from sqlalchemy import Connection, Select, func, select

from nuqleus.database.outdated_wells import outdated_wells
from nuqleus.database.queries.counted_images import counted_images
from nuqleus.database.queries.selection import Selection
from nuqleus.database.tables import WHOLE, File, Image, Plate, Well, WellAnnotation, WellStatistic

WELL_COLUMNS = ("plate", "plate_folder", "well", "row", "col", "t", "images", "nuclei")
"""Columns of a well at a time point; `images` and `nuclei` are those that count."""

AS_OF = "statistics_as_of"
"""Column that says when the statistics were made, in UTC."""

_COUNTS = ("fields", "nuclei")
"""Statistics that WELL_COLUMNS have."""


def annotation_names(connection: Connection) -> list[str]:
    """What plate maps say of wells: names of compounds, doses and so on."""
    return list(connection.scalars(select(WellAnnotation.name).distinct().order_by(WellAnnotation.name)))


def annotations_of(connection: Connection, well_id: int) -> dict[str, str]:
    """What a plate map says of a well."""
    query = select(WellAnnotation.name, WellAnnotation.value).where(WellAnnotation.well_id == well_id)
    return {name: value for name, value in connection.execute(query.order_by(WellAnnotation.name))}  # noqa: C416 - for mypy


def statistic_columns(connection: Connection) -> list[str]:
    """Columns of statistics: `mean_area`, and `mean_intensity_mean-0` for channel 0."""
    query = select(WellStatistic.channel, WellStatistic.name).distinct()
    found = connection.execute(query.order_by(WellStatistic.channel, WellStatistic.name))
    return [_column(channel, name) for channel, name in found if name not in _COUNTS]


def well_rows(connection: Connection, selection: Selection) -> Iterator[dict[str, Any]]:
    """Each well with results at each of its time points.

    Yields:
        WELL_COLUMNS, AS_OF, `statistic_columns`, and `annotation_…` for each annotation. Statistics that are of other
        images than those that are there, or of several planes of a stack, are left out.
    """
    outdated = set(outdated_wells(connection))
    for well_id, made_at, *row in connection.execute(_counted_wells(selection)).all():
        columns = dict(zip(WELL_COLUMNS, row, strict=True))
        statistics = {} if well_id in outdated else _statistics_of(connection, well_id, columns["t"])
        if statistics and made_at is not None:
            statistics[AS_OF] = datetime.fromtimestamp(made_at, UTC).isoformat(" ", "seconds")[:19]
        annotations = annotations_of(connection, well_id)
        yield columns | statistics | {f"annotation_{name}": value for name, value in annotations.items()}


def _statistics_of(connection: Connection, well_id: int, t: int) -> dict[str, Any]:
    """Statistics of a well at a time point; none if it has several planes."""
    columns = (WellStatistic.z, WellStatistic.channel, WellStatistic.name, WellStatistic.value)
    of_time = (WellStatistic.well_id == well_id, WellStatistic.t == t)
    rows = connection.execute(select(*columns).where(*of_time)).all()
    if len({row.z for row in rows}) != 1:
        return {}
    return {_column(row.channel, row.name): row.value for row in rows if row.name not in _COUNTS}


def _column(channel: int, name: str) -> str:
    return name if channel == WHOLE else f"{name}-{channel}"


def _counted_wells(selection: Selection) -> Select[*tuple[Any, ...]]:
    """Each well at each time point: its id, when its statistics were made, and WELL_COLUMNS."""
    place = (Plate.name, Plate.folder, Well.name, Well.row, Well.col, Image.t)
    return (
        select(Well.id, Well.statistics_at, *place, func.count(), func.sum(Image.n_nuclei))
        .select_from(Image)
        .join(File, File.id == Image.file_id)
        .join(counted_images, counted_images.c.image_id == Image.id)
        .join(Well, Well.id == Image.well_id)
        .join(Plate, Plate.id == Well.plate_id)
        .where(selection.condition())
        .group_by(Plate.id, Well.id, *place)
        .order_by(Plate.id, Well.row, Well.col, Image.t)
    )
