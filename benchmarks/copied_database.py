"""A database of very many files: `python benchmarks/copied_database.py sqlite:///FILE --files 1000000`.

A few thousand small images with nuclei are stored as `generated_database.py` does, and laid out on plates of 384 wells
with statistics; some hundred files fail, are ignored, or wait. Then the database copies all of it, with numbers, paths
and times of their own, until there are as many files as asked for. PostgreSQL: `nuqleus db upgrade` first.
"""

import time
from collections.abc import Mapping, Sequence
from typing import Any, TypeAlias

import click
from rich.progress import track
from sqlalchemy import (
    ColumnElement,
    Engine,
    Text,
    case,
    func,
    insert,
    literal,
    select,
    text,
    type_coerce,
    update,
)

from benchmarks.generated_database import LEASE_SECONDS, OWNER, Size, fill
from nuqleus.database.batches import batched
from nuqleus.database.column_types import UtcTimestamp
from nuqleus.database.engine import open_database, reading, writing
from nuqleus.database.files.records import SeenFile
from nuqleus.database.files.scheduler_files import SchedulerFiles
from nuqleus.database.files.worker_files import WorkerFiles
from nuqleus.database.plates import record_plate, record_wells
from nuqleus.database.tables import (
    Base,
    Channel,
    File,
    Image,
    ImageQuality,
    Intensity,
    Mask,
    Nucleus,
    Overview,
    Plate,
    Well,
    WellStatistic,
)
from nuqleus.database.well_statistics import WellStatistics
from nuqleus.well_names import WellPlace

ROWS, COLS, FIELDS = 16, 24, 5
"""Of a plate."""

PLATES = 2
"""That are stored; the others are copies."""

IMAGES = PLATES * ROWS * COLS * FIELDS

FAILED, IGNORED, WAITING = 192, 32, 32
"""Files beside those on plates."""

FAILURES = {
    "damaged": "The file can't be decoded.",
    "truncated": "The file ends early.",
    "not-an-image": "It is none.",
}

REASONS = ("mask", "metadata")

SECONDS_BETWEEN_COPIES = 600.0

COPIED: tuple[type[Base], ...] = (
    *(Plate, Well, WellStatistic),
    *(File, Image, Channel, Mask, Overview, Nucleus, Intensity, ImageQuality),
)
"""Tables, each after those that its rows refer to."""

REFERRED = {"file_id": File, "image_id": Image, "plate_id": Plate, "well_id": Well}
"""Columns that refer to a row, and of which table."""

Stored: TypeAlias = Mapping[type[Base], int]
"""The last id of tables whose rows have one."""


@click.command()
@click.argument("database_url", metavar="URL")
@click.option("--files", type=int, required=True, help="In all, at least.")
@click.option("--per-image", type=int, default=10, show_default=True, help="Nuclei, about.")
@click.option("--side", type=int, default=128, show_default=True, help="Of an image, in pixels.")
def main(database_url: str, files: int, per_image: int, side: int) -> None:
    """Fill the database at URL, whose tables must be empty."""
    engine = open_database(database_url)
    stored = store(engine, Size(IMAGES * per_image, per_image, side, channels=1))
    began = time.time()
    for number in track(range(1, -(-files // stored[File])), "copying"):
        copy(engine, stored, number, began - number * SECONDS_BETWEEN_COPIES)
    end(engine)
    engine.dispose()


def store(engine: Engine, size: Size) -> Stored:
    """Store what is copied afterwards."""
    fill(engine, size)
    with reading(engine) as connection:
        images = connection.scalars(select(Image.id).order_by(Image.id)).all()
    for number, some in enumerate(batched(images, ROWS * COLS * FIELDS)):
        _lay_out(engine, f"plate {number:02d}", list(some))
    WellStatistics(engine).refresh_all()
    _add_unmeasured(engine)
    with reading(engine) as connection:
        return {table: connection.scalar(_last(table)) or 0 for table in REFERRED.values()}


def copy(engine: Engine, stored: Stored, number: int, then: float) -> None:
    """Copy what was stored for the `number`th time, as if it had been processed at another time."""
    with writing(engine) as connection:
        for table in COPIED:
            columns = list(table.__table__.columns)
            key, last = _key(table, columns, stored)
            copied = [_copied(table, column, stored, number, then) for column in columns]
            rows = select(*copied).where(key <= last)
            connection.execute(insert(table).from_select([column.name for column in columns], rows))


def end(engine: Engine) -> None:
    """Let ids go on after those that were given, and tell the planner how many rows there are."""
    with engine.connect().execution_options(isolation_level="AUTOCOMMIT") as connection:
        if connection.dialect.name == "postgresql":
            for table in {*REFERRED.values()}:
                name = table.__tablename__
                connection.execute(
                    text(
                        f"SELECT setval(pg_get_serial_sequence('{name}', 'id'), (SELECT max(id) FROM {name}))"
                    )
                )
        connection.execute(text("ANALYZE"))


def _lay_out(engine: Engine, name: str, images: Sequence[int]) -> None:
    """Put images into the wells of a plate, some into each."""
    places = [WellPlace(*divmod(number // FIELDS, COLS)).name for number in range(len(images))]
    with writing(engine) as connection:
        plate_id = record_plate(connection, "", name, "ImageXpress")
        record_wells(connection, plate_id, set(places))
        for number, (image_id, place) in enumerate(zip(images, places, strict=True)):
            well = select(Well.id).where(Well.plate_id == plate_id, Well.name == place).scalar_subquery()
            placed = {"well_id": well, "site": number % FIELDS + 1}
            connection.execute(update(Image).where(Image.id == image_id).values(placed))


def _add_unmeasured(engine: Engine) -> None:
    """Add files that failed, are ignored, or wait."""
    scheduler_files, worker_files = SchedulerFiles(engine), WorkerFiles(engine)
    paths = [f"others/{number:03d}.tif" for number in range(FAILED + IGNORED + WAITING)]
    scheduler_files.observe([SeenFile(path, size=1, mtime_ns=1) for path in paths])
    ids = {file.path: file.id for file in scheduler_files.known()}
    others = [ids[path] for path in paths]
    scheduler_files.enqueue(others[:FAILED])
    for number, file_id in enumerate(others[:FAILED]):
        claim = worker_files.claim(file_id, OWNER, LEASE_SECONDS)
        assert claim
        worker_files.fail(claim, *list(FAILURES.items())[number % len(FAILURES)])
    ignored = others[FAILED : FAILED + IGNORED]
    scheduler_files.ignore({file_id: REASONS[file_id % len(REASONS)] for file_id in ignored})


def _last(table: type[Base]) -> Any:
    return select(func.max(table.__table__.c.id))


def _counted_by(table: type[Base], column: Any) -> type[Base] | None:
    """The table whose rows a column numbers."""
    return table if column.name == "id" else REFERRED.get(column.name)


def _key(table: type[Base], columns: Sequence[Any], stored: Stored) -> tuple[Any, int]:
    """The first column that numbers rows, and the last number that was stored."""
    return next(
        (column, stored[counted]) for column in columns if (counted := _counted_by(table, column)) is not None
    )


def _copied(table: type[Base], column: Any, stored: Stored, number: int, then: float) -> ColumnElement[Any]:
    """What a copy has in a column."""
    if counted := _counted_by(table, column):
        return column + number * stored[counted]  # type: ignore[no-any-return]
    if isinstance(column.type, UtcTimestamp):
        return case((column.is_not(None), literal(then, column.type)))
    if column.name in ("path", "folder"):
        return literal(f"copy {number:04d}/", Text) + type_coerce(column, Text)
    if column.name == "sha256":
        return literal(f"{number:08x}", Text) + func.substr(column, 9)
    return column  # type: ignore[no-any-return]


if __name__ == "__main__":
    main()
