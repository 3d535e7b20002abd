"""Moves of plates: one whose folder is renamed stays the plate that it is, with its wells, plate map and statistics.

Its fields move one by one, as workers find their content at new paths (`nuqleus.database.files.moves`), into the wells
of a plate that the scheduler has made there. Once the old folder is empty, and no worker is at a field of the new
plate, the old plate takes the new one's folder, and what the new one has besides; the new one goes.
"""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from sqlalchemy import (
    Connection,
    Engine,
    Row,
    and_,
    bindparam,
    delete,
    exists,
    select,
    update,
)
from sqlalchemy.orm import aliased

from nuqleus.database.batches import batched
from nuqleus.database.engine import reading, writing
from nuqleus.database.file_states import FileState
from nuqleus.database.plates import has_files, of_plate, plate_channels, plate_path
from nuqleus.database.tables import File, Image, Plate, PlateChannel, Well, WellAnnotation

IMAGES_PER_STATEMENT = 500

_PLATE = tuple(Plate.__table__.columns)


@dataclass(frozen=True)
class RenamedPlate:
    """A plate that has another folder, or another name, than it had; both with `/` between them."""

    old: str
    new: str


def have_equal_numbers(connection: Connection, one: int, other: int) -> bool:
    """Whether no channel has another number on another of two plates: results name channels by these."""
    numbers = {channel.key: channel.channel for channel in plate_channels(connection, one)}
    keys = {number: key for key, number in numbers.items()}
    return all(
        numbers.get(channel.key, channel.channel) == channel.channel
        and keys.get(channel.channel, channel.key) == channel.key
        for channel in plate_channels(connection, other)
    )


def note_move(connection: Connection, plate_id: int, to_id: int) -> None:
    """Note that a field of a plate has moved to another one."""
    moves = {plate_id: to_id, to_id: None}
    for moved, target in moves.items():
        differs = Plate.moved_to.is_distinct_from(target)
        connection.execute(update(Plate).where(Plate.id == moved, differs).values(moved_to=target))


def merge_moved_plates(engine: Engine) -> list[RenamedPlate]:
    """Let plates whose fields have moved take the folders that they lie in now.

    Raises:
        DatabaseUnavailable: nothing has changed.
    """
    moved = select(*_PLATE).where(Plate.moved_to.is_not(None)).order_by(Plate.id)
    with reading(engine) as connection:
        if connection.execute(moved.limit(1)).first() is None:
            return []
    renamed = []
    with writing(engine) as connection:
        for old in connection.execute(moved).all():
            new = connection.execute(select(*_PLATE).where(Plate.id == old.moved_to)).one_or_none()
            if new is None or not have_equal_numbers(connection, old.id, new.id):
                connection.execute(update(Plate).where(Plate.id == old.id).values(moved_to=None))
            elif not has_files(connection, old.folder, old.name) and not _is_worked_at(connection, new):
                _merge(connection, old, new)
                renamed.append(
                    RenamedPlate(plate_path(old.folder, old.name), plate_path(new.folder, new.name))
                )
    return renamed


def delete_empty_plates(engine: Engine, is_awaited: Callable[[str, str], bool]) -> list[str]:
    """Delete plates of which no file is known any more.

    Args:
        engine: the database.
        is_awaited: says of a plate's folder and name whether its files may still come: its sidecar is there, perhaps.

    Returns:
        Which they were, as `folder/name`.

    Raises:
        DatabaseUnavailable: nothing has changed.
    """
    imaged = exists().where(Well.plate_id == Plate.id, Image.well_id == Well.id)
    without_images = select(*_PLATE).where(~imaged).order_by(Plate.id)
    with reading(engine) as connection:
        candidates = [
            plate for plate in connection.execute(without_images) if not is_awaited(plate.folder, plate.name)
        ]
    if not candidates:
        return []
    with writing(engine) as connection:
        empty = [plate for plate in candidates if not _is_known(connection, plate)]
        connection.execute(delete(Plate).where(Plate.id.in_([plate.id for plate in empty])))
    return [plate_path(plate.folder, plate.name) for plate in empty]


def _is_known(connection: Connection, plate: Row[Any]) -> bool:
    """Whether a file of a plate is known, be it there or gone."""
    return bool(connection.scalar(select(exists().where(of_plate(plate.folder, plate.name)))))


def _is_worked_at(connection: Connection, plate: Row[Any]) -> bool:
    """Whether a worker has, or may claim, a field of a plate: it knows the wells as they are."""
    claimed = File.state.in_([FileState.QUEUED, FileState.RUNNING])
    return bool(connection.scalar(select(exists().where(claimed, of_plate(plate.folder, plate.name)))))


def _merge(connection: Connection, old: Row[Any], new: Row[Any]) -> None:
    """Give a plate all that another one has, and its place. The other one goes."""
    known = select(PlateChannel.key).where(PlateChannel.plate_id == old.id)
    of_new = and_(PlateChannel.plate_id == new.id, PlateChannel.key.not_in(known))
    connection.execute(update(PlateChannel).where(of_new).values(plate_id=old.id))
    _leave_replaced_fields(connection, old, new)
    _keep_one_map(connection, old, new)
    _merge_wells(connection, old.id, new.id)
    connection.execute(delete(Plate).where(Plate.id == new.id))
    values = {"plate_map": _moved_map(old, new)}
    values |= {
        name: value
        for name in ("rows", "cols", "pixel_size_um", "plate_map")
        if (value := getattr(new, name))
    }
    values |= {"folder": new.folder, "name": new.name, "convention": new.convention}
    values["moved_to"] = None if new.moved_to == old.id else new.moved_to
    connection.execute(update(Plate).where(Plate.id == old.id).values(values))
    connection.execute(update(Plate).where(Plate.moved_to == new.id).values(moved_to=old.id))


def _leave_replaced_fields(connection: Connection, old: Row[Any], new: Row[Any]) -> None:
    """Results that stayed behind leave their well where another content lies in their field's place now."""
    place = {plate.id: len(plate_path(plate.folder, plate.name)) for plate in (old, new)}
    query = select(File.field_key, File.id)
    there = connection.execute(query.where(of_plate(new.folder, new.name), File.gone_at.is_(None)))
    occupied = {str(key)[place[new.id] :] for key, _ in there}
    left = connection.execute(query.where(of_plate(old.folder, old.name), File.companion_of.is_(None)))
    replaced = [file_id for key, file_id in left if str(key)[place[old.id] :] in occupied]
    for some in batched(replaced, IMAGES_PER_STATEMENT):
        connection.execute(update(Image).where(Image.file_id.in_(some)).values(well_id=None))


def _moved_map(old: Row[Any], new: Row[Any]) -> str | None:
    """The map that a plate was annotated by, where it lies now: `folder/platemap.csv` and its stamp."""
    if old.plate_map is None:
        return None
    return plate_path(new.folder, old.plate_map.rpartition("/")[2])


def _keep_one_map(connection: Connection, old: Row[Any], new: Row[Any]) -> None:
    """Of two plate maps the new plate's stays, unless that is the same file that the old one's was before."""
    is_same = new.plate_map is not None and new.plate_map == _moved_map(old, new)
    wells = {plate.id: select(Well.id).where(Well.plate_id == plate.id) for plate in (old, new)}
    has_new = connection.scalar(select(exists().where(WellAnnotation.well_id.in_(wells[new.id]))))
    loser = new if is_same or not has_new else old
    connection.execute(delete(WellAnnotation).where(WellAnnotation.well_id.in_(wells[loser.id])))


def _merge_wells(connection: Connection, old_id: int, new_id: int) -> None:
    """Give wells what lies in those of their names on another plate; of other names, they move themselves."""
    old, new = aliased(Well), aliased(Well)
    alike = select(new.id, old.id).join(old, old.name == new.name)
    pairs = connection.execute(alike.where(new.plate_id == new_id, old.plate_id == old_id)).all()
    if pairs:
        given = [{"well": well, "target": target} for well, target in pairs]
        for column in (Image.well_id, WellAnnotation.well_id):
            move = update(column.class_).where(column == bindparam("well"))
            connection.execute(move.values(well_id=bindparam("target")), given)
    others = and_(Well.plate_id == new_id, Well.id.not_in([well for well, _ in pairs]))
    connection.execute(update(Well).where(others).values(plate_id=old_id))
