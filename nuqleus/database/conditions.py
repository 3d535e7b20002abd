"""Conditions on files that `states.py`, `claims.py` and `losses.py` make their UPDATEs depend on."""

from collections.abc import Sequence

from sqlalchemy import ColumnElement, Connection, and_, bindparam, func, or_, select, true

from nuqleus.database.records import Claim
from nuqleus.database.tables import File, FileState, Image

HELD = and_(
    File.id == bindparam("claimed_id"),
    File.state == FileState.RUNNING,
    File.lease_owner == bindparam("claimed_by"),
    File.attempts == bindparam("claimed_attempt"),
    # a changed file starts again at attempt 1, maybe with the same worker
    File.size == bindparam("claimed_size"),
    File.mtime_ns == bindparam("claimed_mtime_ns"),
)
"""The claim that `fence` names is still good: what all of a worker's writes depend on."""


def fence(claim: Claim) -> dict[str, object]:
    """What `HELD` asks about."""
    return {
        "claimed_id": claim.file_id,
        "claimed_by": claim.owner,
        "claimed_attempt": claim.attempt,
        "claimed_size": claim.size,
        "claimed_mtime_ns": claim.mtime_ns,
    }


def dead(now: float) -> ColumnElement[bool]:
    """Running on a lease that wasn't renewed."""
    return and_(File.state == FileState.RUNNING, File.lease_expires_at < now)


def named(paths: Sequence[str] | None) -> ColumnElement[bool]:
    """One of these files, or in one of these folders; None: any file."""
    if paths is None:
        return true()
    return or_(*(or_(File.path == path, File.path.startswith(f"{path}/", autoescape=True)) for path in paths))


def made_by(model_id: int, images: range) -> ColumnElement[bool]:
    """Ended, with results that this model made, among the images of these ids."""
    found = select(Image.file_id).where(
        Image.model_id == model_id, Image.id >= images.start, Image.id < images.stop
    )
    # said by what it isn't: SQLite would go by the index over states, through nearly all files, for each few images
    return and_(
        File.state.not_in([FileState.WAITING, FileState.QUEUED, FileState.RUNNING]), File.id.in_(found)
    )


def overdue(connection: Connection, before: float) -> ColumnElement[bool]:
    """Queued before this moment, and its message lost, since the queue is first in, first out: see `Files.sweep`."""
    return or_(*(_overtaken(connection, before, urgent) for urgent in (True, False)))


def _overtaken(connection: Connection, before: float, urgent: bool) -> ColumnElement[bool]:
    """Queued before this moment, and before one of the same urgency that a worker has taken since."""
    last_taken = select(func.max(File.queued_at)).where(
        File.started_at > before, File.started_at >= File.queued_at, File.urgent.is_(urgent)
    )
    taken = connection.scalar(last_taken)
    return and_(unanswered(min(before, taken or 0.0)), File.urgent.is_(urgent))


def unanswered(before: float) -> ColumnElement[bool]:
    """Queued before this moment."""
    return and_(File.state == FileState.QUEUED, File.queued_at < before)
