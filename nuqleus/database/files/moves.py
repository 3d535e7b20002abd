"""Moves: a file whose path is gone takes a new path, at which a worker has found its content; a field moves whole."""

from collections.abc import Mapping
from typing import Any

from sqlalchemy import Connection, select, update

from nuqleus.database.file_states import FileState
from nuqleus.database.files.records import Claim, Companion
from nuqleus.database.files.updates import THERE
from nuqleus.database.files.worker_statements import IS_MOVED, LOCK
from nuqleus.database.plate_moves import have_equal_numbers, note_move
from nuqleus.database.plates import find_plate
from nuqleus.database.tables import File, Image, Well
from nuqleus.fields import FieldPlace


def find_moved_file(connection: Connection, claim: Claim, content: Mapping[str, Any]) -> int | None:
    """The first file of this content whose path is gone, locked; of a field, its lead.

    One that another worker is just giving a path to is passed over.
    """
    moved = select(File.id).where(IS_MOVED, File.id != claim.file_id).filter_by(**content)
    moved = moved.where(File.field_key.is_not(None) if claim.field_key else File.field_key.is_(None))
    first = moved.order_by(File.state != FileState.DONE, File.id).limit(1)
    if not claim.field_key:
        return connection.scalar(first.with_for_update(skip_locked=True))
    lead_id = connection.scalar(first)
    if lead_id is None:
        return None
    companions = select(File.id).where(File.companion_of == lead_id)
    ids = [lead_id, *connection.scalars(companions), *(file.file_id for file in claim.files)]
    connection.execute(LOCK, {"ids": ids}).all()
    is_still = connection.scalar(moved.where(File.id == lead_id)) is not None
    fits = (
        is_still
        and _have_gone(connection, lead_id, claim)
        and _numbers_stay(connection, lead_id, claim.field_key)
    )
    return lead_id if fits else None


def has_followed(connection: Connection, claim: Claim, content: Mapping[str, Any]) -> bool:
    """Whether a file of this content has the path of a claim already."""
    followed = select(File.id).where(File.id != claim.file_id).filter_by(**_place(claim), **content)
    return connection.scalar(followed) is not None


def move_here(connection: Connection, file_id: int, claim: Claim) -> None:
    """Give a file the path of a claim, whose own row is gone; the other files of a field move with it."""
    if claim.field_key is None:
        _move(connection, file_id, claim, None)
        return
    old_plate, new_plate = _plates(connection, file_id, claim.field_key)
    if old_plate and new_plate and old_plate != new_plate:
        note_move(connection, old_plate, new_plate)
    _move(connection, file_id, claim, claim.field_key)
    old = _companions(connection, file_id)
    for file in claim.companions:
        _move(connection, old[file.channel, file.z], file, claim.field_key)
    well_id = claim.plate.well_id if claim.plate else None
    connection.execute(update(Image).where(Image.file_id == file_id).values(well_id=well_id))


def _have_gone(connection: Connection, lead_id: int, claim: Claim) -> bool:
    """Whether the companions of a lead that is gone are the same as a claim's, and gone as well."""
    there = select(File.id).where(File.companion_of == lead_id, File.gone_at.is_(None))
    if connection.scalar(there.limit(1)) is not None:
        return False
    return {(file.channel, file.z) for file in claim.companions} <= _companions(connection, lead_id).keys()


def _numbers_stay(connection: Connection, lead_id: int, field_key: str) -> bool:
    """Whether the channels of a field have their numbers where it is now, too: its results name them by these."""
    old, new = _plates(connection, lead_id, field_key)
    return not old or not new or have_equal_numbers(connection, old, new)


def _plates(connection: Connection, lead_id: int, field_key: str) -> tuple[int | None, int | None]:
    """The plate that the results of a lead belong to, and the one of a field."""
    of_results = select(Well.plate_id).join(Image, Image.well_id == Well.id).where(Image.file_id == lead_id)
    old = connection.scalar(of_results.limit(1))
    if old is None:
        old_key = connection.scalar(select(File.field_key).where(File.id == lead_id))
        old = find_plate(connection, FieldPlace.parse(str(old_key)))
    return old, find_plate(connection, FieldPlace.parse(field_key))


def _companions(connection: Connection, lead_id: int) -> dict[tuple[str, int | None], int]:
    query = select(File.field_channel, File.field_z, File.id).where(File.companion_of == lead_id)
    return {(str(channel), z): file_id for channel, z, file_id in connection.execute(query)}


def _move(connection: Connection, file_id: int, to: Claim | Companion, field_key: str | None) -> None:
    here = update(File).where(File.id == file_id)
    connection.execute(here.values(**_place(to), field_key=field_key))


def _place(file: Claim | Companion) -> dict[str, Any]:
    stamp = {name: getattr(file, name) for name in ("size", "mtime_ns", "inode", "ctime_ns")}
    return {"path": file.path, **stamp, **THERE}
