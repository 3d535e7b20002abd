"""Descriptions of plates by their sidecars: names of channels, wavelengths, size of a pixel.

A description that comes when fields are done already renames their channels at once; only those are processed again in
which another channel shows the nuclei.
"""

from collections.abc import Collection, Mapping
from dataclasses import dataclass

from sqlalchemy import ColumnElement, Connection, Engine, and_, exists, select, update

from nuqleus.database.batches import batched
from nuqleus.database.engine import writing
from nuqleus.database.file_states import FileState
from nuqleus.database.files.updates import FILES_PER_STATEMENT, REQUEUED, update_files
from nuqleus.database.late_channels import note_late_channels
from nuqleus.database.plates import KnownChannel, plate_channels, record_channels, record_plate
from nuqleus.database.tables import Channel, File, Image, Plate, PlateChannel, Well

RECOGNISED = ("guess", "name", "wavelength", "colour")
"""Ways in which a nuclear channel was chosen that a name may change; what a person said stays."""


@dataclass(frozen=True)
class PlateDescription:
    """What a sidecar says of a plate.

    Attributes:
        keys: of the channels that the plate has for sure.
        channels: name, or an empty text, and wavelength of the excitation, by key.
    """

    folder: str
    name: str
    convention: str
    keys: Collection[str]
    channels: Mapping[str, tuple[str, float | None]]
    rows: int | None = None
    cols: int | None = None
    pixel_size_um: float | None = None


def describe_plate(engine: Engine, description: PlateDescription) -> int | None:
    """Store what a sidecar says of a plate.

    Returns:
        The plate's id if it came late: there are images whose nuclear channel was chosen without it.

    Raises:
        DatabaseUnavailable: if the database can't be reached; nothing has changed.
    """
    with writing(engine) as connection:
        plate_id = record_plate(connection, description.folder, description.name, description.convention)
        known = {name: getattr(description, name) for name in ("rows", "cols", "pixel_size_um")}
        if values := {name: value for name, value in known.items() if value}:
            connection.execute(update(Plate).where(Plate.id == plate_id).values(values))
        new = record_channels(connection, plate_id, set(description.keys))
        if new:
            note_late_channels(connection, plate_id, new)
        before = plate_channels(connection, plate_id)
        for key, (name, wavelength) in description.channels.items():
            _name_channel(connection, plate_id, key, {"name": name, "wavelength": wavelength})
        after = plate_channels(connection, plate_id)
        if after == before:
            return None
        _rename(connection, plate_id, after)
        late = exists().where(_in_plate(plate_id), Image.nuclear_channel_by.in_(RECOGNISED))
        return plate_id if connection.scalar(select(late)) else None


def choose_again(engine: Engine, plate_id: int, nuclear_channel: int) -> int:
    """Have those fields of a plate processed again in which another channel was taken for the nuclear one.

    Returns:
        How many.
    """
    in_plate = _in_plate(plate_id)
    guessed_well = and_(
        in_plate, Image.nuclear_channel_by == "guess", Image.nuclear_channel == nuclear_channel
    )
    seen_wrongly = and_(
        in_plate, Image.nuclear_channel_by.in_(RECOGNISED), Image.nuclear_channel != nuclear_channel
    )
    with writing(engine) as connection:
        connection.execute(update(Image).where(guessed_well).values(nuclear_channel_by="name"))
        ids = list(connection.scalars(select(Image.file_id).distinct().where(seen_wrongly)))
        for some in batched(ids, FILES_PER_STATEMENT):
            update_files(connection, some, File.state == FileState.DONE, REQUEUED)
    return len(ids)


def _in_plate(plate_id: int) -> ColumnElement[bool]:
    return Image.well_id.in_(select(Well.id).where(Well.plate_id == plate_id))


def _name_channel(
    connection: Connection, plate_id: int, key: str, known: Mapping[str, str | float | None]
) -> None:
    if values := {name: value for name, value in known.items() if value}:
        channel = update(PlateChannel).where(PlateChannel.plate_id == plate_id, PlateChannel.key == key)
        connection.execute(channel.values(values))


def _rename(connection: Connection, plate_id: int, channels: Collection[KnownChannel]) -> None:
    """Images that are there have channels of other names now."""
    images = select(Image.id).where(_in_plate(plate_id))
    for channel in channels:
        of_channel = update(Channel).where(Channel.image_id.in_(images), Channel.channel == channel.channel)
        connection.execute(of_channel.values(name=channel.name))
