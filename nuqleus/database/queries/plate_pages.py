"""Plate pages: the wells of a plate, and one statistic of each."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from sqlalchemy import Connection, Engine, Select, func, select

from nuqleus.database.engine import reading
from nuqleus.database.outdated_wells import outdated_wells
from nuqleus.database.queries.well_counts import WELL_COUNTS
from nuqleus.database.statistic_names import STATISTIC_NAMES
from nuqleus.database.tables import WHOLE, Plate, Well, WellAnnotation, WellStatistic

PAGE_SIZE = 200
"""Plates on a page."""

CHOOSING_WELLS = 24
"""Wells that are asked what there is to choose; all of a plate have the same statistics, millions perhaps."""


@dataclass(frozen=True)
class ListedPlate:
    """A plate of a list; `rows` and `cols` are None for one without wells."""

    id: int
    name: str
    folder: str
    convention: str
    rows: int | None
    cols: int | None
    wells: int


@dataclass(frozen=True)
class PlatePage:
    """A page of plates, the newest first.

    Attributes:
        plates: what is on it.
        next_before: asks for the next page; None on the last.
    """

    plates: list[ListedPlate]
    next_before: int | None


@dataclass(frozen=True)
class Statistic:
    """What a plate can be coloured by: a statistic's name, and the channel that it is of; `WHOLE` for none."""

    name: str
    channel: int


@dataclass(frozen=True)
class PlateChoices:
    """What a plate can be coloured by, its time points and its steps of z."""

    statistics: list[Statistic]
    times: list[int]
    depths: list[int]


@dataclass(frozen=True)
class WellValue:
    """A well, and what is known of it; `value` is None where nothing is.

    Attributes:
        row: counted from 0, as is `col`.
        is_outdated: whether it has other images by now than those that the value is of.
        annotations: what the plate map says is in it.
    """

    id: int
    name: str
    row: int
    col: int
    value: float | None
    is_outdated: bool
    annotations: Mapping[str, str]


def list_plates(engine: Engine, *, before: int | None = None) -> PlatePage:
    """List plates with ids below `before`, the newest first."""
    query = _plates().order_by(Plate.id.desc()).limit(PAGE_SIZE + 1)
    if before is not None:
        query = query.where(Plate.id < before)
    with reading(engine) as connection:
        plates = [ListedPlate(*row) for row in connection.execute(query)]
    shown = plates[:PAGE_SIZE]
    return PlatePage(shown, shown[-1].id if len(plates) > PAGE_SIZE else None)


def get_plate(engine: Engine, plate_id: int) -> ListedPlate | None:
    """Return one plate; None if there is none of this id."""
    with reading(engine) as connection:
        row = connection.execute(_plates().where(Plate.id == plate_id)).one_or_none()
        return None if row is None else ListedPlate(*row)


def _plates() -> Select[Any]:
    wells = select(func.count()).where(Well.plate_id == Plate.id).scalar_subquery()
    named = (Plate.id, Plate.name, Plate.folder, Plate.convention, Plate.rows, Plate.cols)
    columns: tuple[Any, ...] = (*named, wells)
    return select(*columns)


def choices_of(engine: Engine, plate_id: int) -> PlateChoices:
    """Return what there is to choose on a plate."""
    some = select(Well.id).where(Well.plate_id == plate_id).order_by(Well.name).limit(CHOOSING_WELLS)
    columns = (WellStatistic.channel, WellStatistic.name, WellStatistic.t, WellStatistic.z)
    with reading(engine) as connection:
        wells = connection.scalars(some).all()
        rows = connection.execute(select(*columns).where(WellStatistic.well_id.in_(wells)).distinct()).all()
    counts = {(WHOLE, name) for name in WELL_COUNTS}
    known = {(channel, name) for channel, name, _, _ in rows if name in STATISTIC_NAMES}
    statistics = sorted(counts | known)
    return PlateChoices(
        [Statistic(name, channel) for channel, name in statistics],
        sorted({t for _, _, t, _ in rows}),
        sorted({z for _, _, _, z in rows}),
    )


def well_values(
    engine: Engine, plate_id: int, statistic: Statistic, t: int | None = None, z: int | None = None
) -> list[WellValue]:
    """Return the wells of a plate with a statistic of each.

    Args:
        engine: the database.
        plate_id: the plate.
        statistic: which number.
        t: the time point; None: the mean over all. `WELL_COUNTS` are of all in any case.
        z: the step of z; None: the same.
    """
    query = select(Well.id, Well.name, Well.row, Well.col).where(Well.plate_id == plate_id)
    outdated: set[int] = set()  # counts are of what there is now
    with reading(engine) as connection:
        rows = connection.execute(query.order_by(Well.row, Well.col)).all()
        wells = [row.id for row in rows]
        if statistic.name in WELL_COUNTS:
            values: Mapping[int, float | None] = WELL_COUNTS[statistic.name](connection, plate_id)
        else:
            values = _values(connection, wells, statistic, t, z)
            outdated = set(outdated_wells(connection, wells)) & values.keys()
        annotations = _annotations(connection, wells)
    return [
        WellValue(*row, values.get(row.id), row.id in outdated, annotations.get(row.id, {})) for row in rows
    ]


def _values(
    connection: Connection, wells: Sequence[int], statistic: Statistic, t: int | None, z: int | None
) -> dict[int, float | None]:
    """By well. Its id is looked up in an index; a join would have a server read all wells of all plates."""
    chosen = [
        column == value for column, value in ((WellStatistic.t, t), (WellStatistic.z, z)) if value is not None
    ]
    query = select(WellStatistic.well_id, func.avg(WellStatistic.value)).where(
        WellStatistic.well_id.in_(wells),
        WellStatistic.name == statistic.name,
        WellStatistic.channel == statistic.channel,
        *chosen,
    )
    rows = connection.execute(query.group_by(WellStatistic.well_id))
    return {well: value for well, value in rows}  # noqa: C416 - for mypy


def _annotations(connection: Connection, wells: Sequence[int]) -> dict[int, dict[str, str]]:
    query = select(WellAnnotation.well_id, WellAnnotation.name, WellAnnotation.value)
    found: dict[int, dict[str, str]] = {}
    for well, name, value in connection.execute(query.where(WellAnnotation.well_id.in_(wells))):
        found.setdefault(well, {})[name] = value
    return found
