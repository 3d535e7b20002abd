"""Fields of several files: one of them, the lead, has the results and is what workers claim; the others are companions.

    waiting ─ place ─→ waiting, with a field ─ queue_fields ─┬→ queued (the lead: the first of those present, for ever)
                                                             └→ companion
    companion ─ another stamp, or it comes back ─→ waiting

Whatever befalls a file of a field sets its lead back in the same transaction: the claim of a worker names the lead, so
that it guards all files. Rows of a field are locked in the order of their ids, by everybody.
"""

from collections import defaultdict
from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from sqlalchemy import (
    ColumnElement,
    Connection,
    Row,
    Select,
    and_,
    bindparam,
    exists,
    or_,
    select,
    update,
)

from nuqleus.database.file_states import PENDING_STATES, FileState
from nuqleus.database.files.records import QueuedFile
from nuqleus.database.files.result_transfer import drop_or_transfer, having_results
from nuqleus.database.files.updates import RESET, SUSPECTED, queue_files
from nuqleus.database.tables import WAITING_MEMBER, File, Image


@dataclass(frozen=True)
class FieldMember:
    """A file that is there of a field that waits.

    Attributes:
        z: step of a z-stack; None where the name says none.
        is_waiting: it is new, or has changed, or the field is to be processed again.
    """

    id: int
    path: str
    field_key: str
    channel: str
    z: int | None
    is_waiting: bool


@dataclass(frozen=True)
class Placement:
    """The place that a waiting file has in a field; `FieldMember` says what is what."""

    id: int
    field_key: str
    channel: str
    z: int | None


_COMPANION: dict[str, Any] = {**RESET, "state": FileState.COMPANION}
_IS_PLACED = File.field_key.is_not(None)
_IS_COMPANION = File.companion_of.is_not(None)
_THERE = File.gone_at.is_(None)
_PLACE = (
    update(File)
    .where(File.id == bindparam("file_id"), File.state == FileState.WAITING)
    .values(field_key=bindparam("key"), field_channel=bindparam("channel"), field_z=bindparam("step"))
)
_FOLLOW = (
    update(File)
    .where(File.id == bindparam("file_id"))
    .values({**_COMPANION, "companion_of": bindparam("lead_id")})
)
_KEEP = (
    update(File)
    .where(File.id == bindparam("file_id"))
    .values(state=FileState.COMPANION, companion_of=bindparam("lead_id"))
)


def waiting_members() -> Select[*tuple[Any, ...]]:
    """Query for all files that are there of fields with a file that waits: what FieldMember holds."""
    keys = select(File.field_key).where(WAITING_MEMBER).distinct().correlate(None)
    columns = (File.id, File.path, File.field_key, File.field_channel, File.field_z)
    return (
        select(*columns, (File.state == FileState.WAITING).label("is_waiting"))
        .where(File.field_key.in_(keys), _THERE, File.state != FileState.IGNORED)
        .order_by(File.field_key, File.id)
    )


def place_files(connection: Connection, placements: Sequence[Placement]) -> None:
    """Make waiting files parts of fields; the leads that these have already are set back."""
    keys = {placement.field_key for placement in placements}
    _lock(connection, File.field_key.in_(keys) | File.id.in_([placement.id for placement in placements]))
    given = [
        {"file_id": one.id, "key": one.field_key, "channel": one.channel, "step": one.z} for one in placements
    ]
    connection.execute(_PLACE, given)
    set_back(connection, File.field_key.in_(keys))


def set_back(connection: Connection, condition: ColumnElement[bool]) -> None:
    """Set back the leads, among the files of a condition, that are there: their fields have changed.

    They keep their results until a worker has looked whether the content is another one.
    """
    leads = and_(_IS_PLACED, ~_IS_COMPANION, _THERE)
    not_waiting = File.state.not_in([FileState.WAITING, FileState.IGNORED, FileState.COMPANION])
    connection.execute(update(File).where(condition, leads, not_waiting).values(SUSPECTED))


def change_companions(connection: Connection, ids: Sequence[int]) -> None:
    """Have companions wait that changed or came back; their leads are set back."""
    leads = select(File.companion_of).where(File.id.in_(ids), _IS_COMPANION)
    _set_back_with_leads(connection, ids, {"state": FileState.WAITING, "sha256": None}, File.id.in_(leads))


def lose_companions(connection: Connection, ids: Sequence[int], gone: Mapping[str, Any]) -> None:
    """Note that companions are no longer there; leads that failed, or still have to be processed, are set back.

    Results stay, as they do when any file goes. What failed may have done so for the file that went.
    """
    leads = select(File.companion_of).where(File.id.in_(ids), _IS_COMPANION)
    without_results = and_(File.id.in_(leads), File.state.in_([*PENDING_STATES, FileState.FAILED]))
    _set_back_with_leads(connection, ids, {"state": FileState.COMPANION, **gone}, without_results)


def _set_back_with_leads(
    connection: Connection, ids: Sequence[int], values: Mapping[str, Any], leads: ColumnElement[bool]
) -> None:
    companions = and_(File.id.in_(ids), _IS_COMPANION)
    if not connection.scalar(select(exists().where(companions))):
        return
    leading = select(File.companion_of).where(companions)
    _lock(connection, or_(File.id.in_(ids), File.id.in_(leading)))
    set_back(connection, leads)
    connection.execute(update(File).where(companions).values(values))


def release_companions(connection: Connection, lead_ids: Sequence[int]) -> None:
    """Have the companions wait of leads that came to nothing: another file of the field leads from now on."""
    followers = and_(
        File.companion_of.in_(lead_ids), File.state.in_([FileState.COMPANION, FileState.WAITING])
    )
    connection.execute(update(File).where(followers, _THERE).values(state=FileState.WAITING))


def leave_failed_leads(connection: Connection, ids: Sequence[int]) -> None:
    """The same for leads, among files that are gone, that have failed."""
    failed = select(File.id).where(File.id.in_(ids), File.state == FileState.FAILED, _IS_PLACED)
    if leads := connection.scalars(failed).all():
        release_companions(connection, leads)


def queue_fields(
    connection: Connection, keys: Collection[str], values: Mapping[str, Any]
) -> list[QueuedFile]:
    """Queue the leads of fields that wait, with these values; their other files become companions."""
    of_fields = File.field_key.in_(keys)
    _lock(connection, of_fields)
    set_back(connection, of_fields)
    rows = connection.execute(select(File.__table__).where(of_fields).order_by(File.id)).all()
    fields: dict[str, list[Row[Any]]] = defaultdict(list)
    for row in rows:
        fields[row.field_key].append(row)
    leads = [lead for key in keys if (lead := _join(connection, fields[key])) is not None]
    return queue_files(connection, leads, File.state == FileState.WAITING, dict(values))


def _join(connection: Connection, rows: Sequence[Row[Any]]) -> int | None:
    """Give the files of a field a lead, and make the others its companions. Returns the lead's id."""
    there = [row for row in rows if row.gone_at is None and row.state != FileState.IGNORED]
    old = _lead_so_far(rows)
    lead = old if old in there else min(there, key=_order, default=None)
    if lead is None:
        return None
    if old is not None and old is not lead and old.state != FileState.IGNORED:
        _take_over(connection, old, lead)
        there = [*there, old]
    if lead.companion_of is not None:
        connection.execute(
            update(File).where(File.id == lead.id).values(state=FileState.WAITING, companion_of=None)
        )
    _follow(connection, lead.id, [row for row in there if row is not lead])
    return int(lead.id)


def _lead_so_far(rows: Sequence[Row[Any]]) -> Row[Any] | None:
    """The file that the others refer to, else the one that was processed before."""
    followed = {row.companion_of for row in rows} - {None}
    led = [row for row in rows if row.id in followed]
    known = [
        row
        for row in rows
        if row.companion_of is None and (row.previous_state or row.sha256) and row.state != FileState.IGNORED
    ]
    return next(iter([*led, *sorted(known, key=_order)]), None)


def _order(row: Row[Any]) -> tuple[Any, ...]:
    return row.field_channel, -1 if row.field_z is None else row.field_z, row.id


def _take_over(connection: Connection, old: Row[Any], new: Row[Any]) -> None:
    """Let another file of a field lead, as the path of the one so far is gone; with the results that there are."""
    connection.execute(update(Image).where(Image.file_id == old.id).values(file_id=new.id))
    was = old.previous_state or (None if old.state in PENDING_STATES else old.state)
    inherited = {
        "previous_state": was,
        "sha256": old.sha256,
        "image_options": old.image_options,
        "suspected": was == FileState.DONE,
    }
    connection.execute(update(File).where(File.id == new.id).values(inherited))


def _follow(connection: Connection, lead_id: int, rows: Iterable[Row[Any]]) -> None:
    """Make files companions. Results that they have of their own count no longer."""
    rows = list(rows)
    new = [row for row in rows if row.state != FileState.COMPANION or row.companion_of is None]
    moved = [row for row in rows if row not in new and row.companion_of != lead_id]
    for row_id in having_results(connection, [row.id for row in new]) if new else ():
        drop_or_transfer(connection, row_id)
    for statement, some in ((_FOLLOW, new), (_KEEP, moved)):
        given = [{"file_id": row.id, "lead_id": lead_id} for row in some]
        if given:
            connection.execute(statement, given)


def _lock(connection: Connection, condition: ColumnElement[bool]) -> None:
    connection.execute(select(File.id).where(condition).order_by(File.id).with_for_update()).all()
