"""Late channels: one that a plate is found to have when some of its fields are done already is missing there.

What fields lack is thus the same, whatever the order in which files come.
"""

from collections.abc import Collection, Sequence
from typing import Any

from sqlalchemy import Connection, Row, bindparam, select, update

from nuqleus.database.batches import batched
from nuqleus.database.file_states import FileState
from nuqleus.database.files.updates import FILES_PER_STATEMENT, REQUEUED, update_files
from nuqleus.database.plates import KnownChannel, of_plate, plate_channels
from nuqleus.database.tables import Channel, File, Image, Plate
from nuqleus.database.upserts import insert_missing

UNKNOWN = "?"
"""Stands in `images.missing_channels` for a channel that a rule asks for and no field of the plate has."""

SEPARATOR = ", "

_LACK = (
    update(Image)
    .where(Image.id == bindparam("image_id"))
    .values(missing_channels=bindparam("missing"), channels=bindparam("number"))
)


def note_late_channels(connection: Connection, plate_id: int, late: Sequence[KnownChannel]) -> None:
    """Note in the images of a plate that they lack channels; workers that read one now begin again.

    Where the nuclear channel was guessed among named ones, the field is processed again: a late one may be it.

    Args:
        connection: of the transaction in which the channels get their rows.
        plate_id: the plate.
        late: channels that it has from now on.
    """
    files, channels = _fields(connection, plate_id), plate_channels(connection, plate_id)
    images = _images(connection, [file.id for file in files])
    running = {file.id for file in files if file.state == FileState.RUNNING}
    _requeue(connection, running, FileState.RUNNING)
    if any(channel.name != channel.key for channel in channels):
        guessed = {image.file_id for image in images if image.nuclear_channel_by == "guess"}
        _requeue(connection, guessed, FileState.DONE)
    _note_lacking(connection, images, late, len(channels))


def _requeue(connection: Connection, file_ids: Collection[int], state: FileState) -> None:
    for some in batched(sorted(file_ids), FILES_PER_STATEMENT):
        update_files(connection, some, File.state == state, REQUEUED)


def _note_lacking(
    connection: Connection, images: Sequence[Row[*tuple[Any, ...]]], late: Sequence[KnownChannel], number: int
) -> None:
    """Images have so many channels from now on, and lack the late ones."""
    keys = [channel.key for channel in late]
    lacking = [
        {"image_id": image.id, "missing": _with(image.missing_channels, keys), "number": number}
        for image in images
    ]
    if lacking:
        connection.execute(_LACK, lacking)
    names = [
        {"image_id": image.id, "channel": channel.channel, "name": channel.name}
        for image in images
        for channel in late
    ]
    insert_missing(connection, Channel, names, key=("image_id", "channel"))


def _with(missing: str | None, keys: Sequence[str]) -> str:
    """What an image lacks, with these; each takes the place of an unknown one."""
    known = missing.split(SEPARATOR) if missing else []
    unknown = known.count(UNKNOWN) - len(keys)
    named = [key for key in known if key != UNKNOWN]
    return SEPARATOR.join([*named, *keys, *[UNKNOWN] * max(unknown, 0)])


def _fields(connection: Connection, plate_id: int) -> list[Row[int, FileState]]:
    """The leads of a plate's fields."""
    folder, name = connection.execute(select(Plate.folder, Plate.name).where(Plate.id == plate_id)).one()
    leads = (of_plate(folder, name), File.companion_of.is_(None))
    return list(connection.execute(select(File.id, File.state).where(*leads)))


def _images(connection: Connection, file_ids: Sequence[int]) -> list[Row[*tuple[Any, ...]]]:
    columns = (Image.id, Image.file_id, Image.missing_channels, Image.nuclear_channel_by)
    return [
        row
        for some in batched(file_ids, FILES_PER_STATEMENT)
        for row in connection.execute(select(*columns).where(Image.file_id.in_(some)))
    ]
