"""Conditions on files that the statements which move them depend on."""

from collections.abc import Sequence

from sqlalchemy import ColumnElement, Connection, and_, bindparam, func, or_, select, true
from sqlalchemy.orm import InstrumentedAttribute, aliased

from nuqleus.database.file_states import PENDING_STATES, FileState
from nuqleus.database.files.records import Claim
from nuqleus.database.tables import File, Image

CLAIM_VALID = and_(
    File.id == bindparam("claimed_id"),
    File.state == FileState.RUNNING,
    File.lease_owner == bindparam("claimed_by"),
    File.attempts == bindparam("claimed_attempt"),
    # a changed file starts again at attempt 1, maybe with the same worker
    File.size == bindparam("claimed_size"),
    File.mtime_ns == bindparam("claimed_mtime_ns"),
    File.inode.is_not_distinct_from(bindparam("claimed_inode")),
    File.ctime_ns.is_not_distinct_from(bindparam("claimed_ctime_ns")),
)
"""The claim that `claim_parameters` names is still good: what all of a worker's writes depend on."""


def claim_parameters(claim: Claim) -> dict[str, object]:
    """What `CLAIM_VALID` asks about."""
    return {
        "claimed_id": claim.file_id,
        "claimed_by": claim.owner,
        "claimed_attempt": claim.attempt,
        "claimed_size": claim.size,
        "claimed_mtime_ns": claim.mtime_ns,
        "claimed_inode": claim.inode,
        "claimed_ctime_ns": claim.ctime_ns,
    }


def lease_expired(now: float) -> ColumnElement[bool]:
    """Running on a lease that wasn't renewed."""
    return and_(File.state == FileState.RUNNING, File.lease_expires_at < now)


def under_paths(paths: Sequence[str] | None) -> ColumnElement[bool]:
    """One of these files, or in one of these folders, or the lead of a field with such a file; None: any file."""
    if paths is None:
        return true()
    companion = aliased(File)
    leads = select(companion.companion_of).where(
        _under(companion.path, paths), companion.companion_of.is_not(None)
    )
    return or_(_under(File.path, paths), File.id.in_(leads))


def _under(path: InstrumentedAttribute[str], paths: Sequence[str]) -> ColumnElement[bool]:
    return or_(*(or_(path == one, path.startswith(f"{one}/", autoescape=True)) for one in paths))


def produced_by(model_id: int, image_ids: range) -> ColumnElement[bool]:
    """Ended, with results that this model produced, among the images of these ids."""
    found = select(Image.file_id).where(
        Image.model_id == model_id, Image.id >= image_ids.start, Image.id < image_ids.stop
    )
    # said by what it isn't: SQLite would go by the index over states, through nearly all files, for each few images
    return and_(File.state.not_in(PENDING_STATES), File.id.in_(found))


def overdue(connection: Connection, before: float) -> ColumnElement[bool]:
    """Queued before this moment, and its message lost: the queue is first in, first out. See `SchedulerFiles.sweep`."""
    return or_(*(_overtaken(connection, before, urgent) for urgent in (True, False)))


def _overtaken(connection: Connection, before: float, urgent: bool) -> ColumnElement[bool]:
    """Queued before this moment, and before one of the same urgency that a worker has taken since."""
    last_taken = select(func.max(File.queued_at)).where(
        File.started_at > before, File.started_at >= File.queued_at, File.urgent.is_(urgent)
    )
    taken = connection.scalar(last_taken)
    return and_(queued_before(min(before, taken or 0.0)), File.urgent.is_(urgent))


def queued_before(before: float) -> ColumnElement[bool]:
    """Queued before this moment."""
    return and_(File.state == FileState.QUEUED, File.queued_at < before)
