"""Plates: rows of `plates`, `plate_channels` and `wells`, made as the files of their fields turn up."""

from collections.abc import Collection, Iterable
from dataclasses import dataclass
from itertools import groupby

from sqlalchemy import Connection, Engine, func, select, update

from nuqleus.channel_order import channel_order
from nuqleus.database.engine import reading
from nuqleus.database.tables import Plate, PlateChannel, Well
from nuqleus.database.upserts import insert_missing
from nuqleus.fields import FieldFile, FieldPlace
from nuqleus.well_names import parse_well, plate_size


@dataclass(frozen=True)
class KnownChannel:
    """A channel of a plate: its place, its convention's key, and its name."""

    channel: int
    key: str
    name: str
    wavelength: float | None


def recognised_plates(engine: Engine) -> list[tuple[str, str]]:
    """Folders of plates, and whose names their files have."""
    with reading(engine) as connection:
        return [
            (folder, convention)
            for folder, convention in connection.execute(select(Plate.folder, Plate.convention))
        ]


def record_fields(connection: Connection, files: Iterable[FieldFile]) -> None:
    """Make the rows of what files are parts of: plates, channels, wells. Those that are there stay as they are."""

    def folder_and_name(file: FieldFile) -> tuple[str, str]:
        return file.place.plate_folder, file.place.plate

    for (folder, name), group in groupby(sorted(files, key=folder_and_name), folder_and_name):
        of_plate = list(group)
        plate_id = record_plate(connection, folder, name, of_plate[0].convention)
        record_wells(connection, plate_id, {file.place.well for file in of_plate if file.place.well})
        record_channels(connection, plate_id, {file.channel for file in of_plate})


def record_wells(connection: Connection, plate_id: int, names: Collection[str]) -> None:
    """Make the rows of wells that have none."""
    known = set(connection.scalars(select(Well.name).where(Well.plate_id == plate_id)))
    new = [well for name in sorted(names) if name not in known and (well := parse_well(name))]
    if not new:
        return
    rows = [{"plate_id": plate_id, "name": well.name, "row": well.row, "col": well.col} for well in new]
    insert_missing(connection, Well, rows, key=("plate_id", "name"))
    _fit_size(connection, plate_id)


def find_plate(connection: Connection, place: FieldPlace) -> int | None:
    """The id of the plate that a field lies in, once one of its files is recorded."""
    return connection.scalar(
        select(Plate.id).where(Plate.folder == place.plate_folder, Plate.name == place.plate)
    )


def find_well(connection: Connection, plate_id: int, well: str) -> int | None:
    """The id of a well by its name."""
    return connection.scalar(select(Well.id).where(Well.plate_id == plate_id, Well.name == well))


def plate_pixel_size(connection: Connection, plate_id: int) -> float | None:
    """µm, as the plate's sidecar says; None if it doesn't."""
    return connection.scalar(select(Plate.pixel_size_um).where(Plate.id == plate_id))


def plate_channels(connection: Connection, plate_id: int) -> list[KnownChannel]:
    """The channels of a plate, in their order."""
    columns = (PlateChannel.channel, PlateChannel.key, PlateChannel.name, PlateChannel.wavelength)
    query = select(*columns).where(PlateChannel.plate_id == plate_id).order_by(PlateChannel.channel)
    return [KnownChannel(*row) for row in connection.execute(query)]


def record_plate(connection: Connection, folder: str, name: str, convention: str) -> int:
    """Make the row of a plate that has none; returns its id."""
    row = {"folder": folder, "name": name, "convention": convention}
    known = select(Plate.id).where(Plate.folder == folder, Plate.name == name)
    plate_id = connection.scalar(known)
    if plate_id is None:
        insert_missing(connection, Plate, [row], key=("folder", "name"))
        plate_id = connection.scalars(known).one()
    return plate_id


def _fit_size(connection: Connection, plate_id: int) -> None:
    """A plate is the smallest usual one that has all of its wells, unless it is known to be larger."""
    last = select(func.max(Well.row), func.max(Well.col)).where(Well.plate_id == plate_id)
    rows, cols = plate_size(*connection.execute(last).one())
    smaller = (Plate.rows.is_(None)) | (Plate.rows < rows) | (Plate.cols < cols)
    connection.execute(update(Plate).where(Plate.id == plate_id, smaller).values(rows=rows, cols=cols))


def record_channels(connection: Connection, plate_id: int, keys: set[str]) -> None:
    """New channels in their order, after those that are there: a number, once given, stays, since results name it."""
    known = {channel.key for channel in plate_channels(connection, plate_id)}
    new = sorted(keys - known, key=channel_order)
    rows = [
        {"plate_id": plate_id, "key": key, "channel": number, "name": key}
        for number, key in enumerate(new, start=len(known))
    ]
    insert_missing(connection, PlateChannel, rows, key=("plate_id", "key"))
