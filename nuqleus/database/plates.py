"""Plates: rows of `plates`, `plate_channels` and `wells`, made as the files of their fields turn up."""

from collections import defaultdict
from collections.abc import Collection, Iterable, Sequence
from dataclasses import dataclass
from itertools import groupby

from sqlalchemy import ColumnElement, Connection, Engine, and_, exists, func, select, update

from nuqleus.channel_order import channel_order
from nuqleus.database.engine import reading
from nuqleus.database.tables import File, Plate, PlateChannel, Well
from nuqleus.database.upserts import insert_missing
from nuqleus.fields import FieldFile, FieldPlace
from nuqleus.well_names import parse_well, plate_size

SLASHES_WITHIN = 3
"""Of a field's key, after its plate: between well, site, time point and part."""


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


def plate_path(folder: str, name: str) -> str:
    """A plate's folder and its name, with `/` between them."""
    return f"{folder}/{name}" if folder else name


def of_plate(folder: str, name: str) -> ColumnElement[bool]:
    """Files of the fields of a plate."""
    prefix = f"{plate_path(folder, name)}/"
    slashes = func.length(File.field_key) - func.length(func.replace(File.field_key, "/", ""))
    within = File.field_key.startswith(prefix, autoescape=True)
    return and_(within, slashes == prefix.count("/") + SLASHES_WITHIN)


def has_files(connection: Connection, folder: str, name: str) -> bool:
    """Whether a file of a plate is there."""
    there = exists().where(of_plate(folder, name), File.gone_at.is_(None))
    return bool(connection.scalar(select(there)))


def record_fields(connection: Connection, files: Iterable[FieldFile]) -> dict[int, list[KnownChannel]]:
    """Make the rows of what files are parts of: plates, channels, wells. Those that are there stay as they are.

    Returns:
        By the id of each plate, the channels that are new to it.
    """
    new: dict[int, list[KnownChannel]] = {}

    def folder_and_name(file: FieldFile) -> tuple[str, str]:
        return file.place.plate_folder, file.place.plate

    for (folder, name), group in groupby(sorted(files, key=folder_and_name), folder_and_name):
        of_plate = list(group)
        plate_id = record_plate(connection, folder, name, of_plate[0].convention)
        record_wells(connection, plate_id, {file.place.well for file in of_plate if file.place.well})
        new[plate_id] = record_channels(connection, plate_id, {file.channel for file in of_plate})
    return new


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


def record_channels(connection: Connection, plate_id: int, keys: set[str]) -> list[KnownChannel]:
    """New channels in their order, after those that are there: a number, once given, stays, since results name it.

    A plate that may be a renamed one has them in that one's order.

    Returns:
        The new ones.
    """
    known = {channel.key for channel in plate_channels(connection, plate_id)}
    order = sorted(keys - known, key=channel_order)
    if not known:
        order = _order_of_gone_plate(connection, order) or order
    new = [KnownChannel(number, key, key, None) for number, key in enumerate(order, start=len(known))]
    rows = [{"plate_id": plate_id, "key": one.key, "channel": one.channel, "name": one.name} for one in new]
    insert_missing(connection, PlateChannel, rows, key=("plate_id", "key"))
    return new


def _order_of_gone_plate(connection: Connection, keys: Sequence[str]) -> list[str] | None:
    """These channels in the order of a plate of which no file is there, if it has them in another one.

    Its results name them by numbers in that order. For a plate that is not that one, any order is as good.
    """
    plates: dict[int, list[str]] = defaultdict(list)
    numbered = select(PlateChannel.plate_id, PlateChannel.key).order_by(PlateChannel.channel)
    for plate_id, key in connection.execute(numbered.where(PlateChannel.key.in_(keys))):
        plates[plate_id].append(key)
    unlike = {
        plate_id: order for plate_id, order in plates.items() if len(order) == len(keys) and order != keys
    }
    if not unlike:
        return None
    named = select(Plate.id, Plate.folder, Plate.name).where(Plate.id.in_(unlike))
    gone = (
        row.id for row in connection.execute(named).all() if not has_files(connection, row.folder, row.name)
    )
    return unlike.get(next(gone, -1))
