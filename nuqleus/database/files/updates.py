"""Updates: what the statements that move files from state to state set, and how they are run."""

from collections.abc import Sequence
from typing import Any

from sqlalchemy import ColumnElement, Connection, and_, case, func, literal, select, update
from sqlalchemy.orm import aliased

from nuqleus.database.file_states import PENDING_STATES, FileState
from nuqleus.database.files.records import QueuedFile
from nuqleus.database.tables import File

FILES_PER_STATEMENT = 500
"""Files that one statement names; databases limit the number of parameters."""

VANISHED = "The file was deleted or moved away before it could be read. Drop it again."
"""Why a file failed that wasn't there when it was its turn, and what to do."""

NO_LEASE: dict[str, Any] = {"lease_owner": None, "lease_expires_at": None}
RESET: dict[str, Any] = {
    "state": FileState.WAITING,
    "previous_state": None,
    "suspected": False,
    "sha256": None,
    "image_options": None,
    "attempts": 0,
    "missed_at": None,
    "error_kind": None,
    "error": None,
    "ignored_by": None,
    "duplicate_of": None,
    "companion_of": None,
    "queued_at": None,
    "started_at": None,
    "finished_at": None,
    **NO_LEASE,
}
REQUEUED: dict[str, Any] = {
    "state": FileState.WAITING,
    "previous_state": case((File.state.in_(PENDING_STATES), File.previous_state), else_=File.state),
    "suspected": False,
    "attempts": 0,
    "missed_at": None,
    "queued_at": None,
    "started_at": None,
    **NO_LEASE,
}
"""A file is to be processed again; it keeps its results, and knows what it was before."""

SUSPECTED: dict[str, Any] = {
    **REQUEUED,
    "suspected": case(
        (File.state.in_(PENDING_STATES), File.suspected),
        else_=and_(File.state.in_([FileState.DONE, FileState.DUPLICATE]), File.sha256.is_not(None)),
    ),
}
"""The same for a file whose stamp changed: if its content is still the one that its results belong to, so are they."""

RESTORED: dict[str, Any] = {
    "state": File.previous_state,
    "previous_state": None,
    "suspected": False,
    **NO_LEASE,
}
"""There was nothing to do: a file is again what it was before it was queued again."""

VANISHED_KIND = "vanished"
"""`error_kind` of a file that was gone before its turn."""

THERE: dict[str, Any] = {"gone_at": None, "missed_at": None}
"""A path is there."""


def missed(now: float) -> dict[str, Any]:
    """A file was to be processed again and is not there: it is again what it was before.

    One that was only to be looked at, as its stamp had changed, isn't missed by anybody.
    """
    moment = literal(now, File.gone_at.type)
    return {
        **RESTORED,
        "gone_at": func.coalesce(File.gone_at, moment),
        "missed_at": case((File.suspected, None), else_=moment),
    }


def ended(state: FileState, now: object) -> dict[str, Any]:
    """A file has come to its end."""
    return {
        "state": state,
        "previous_state": None,
        "suspected": False,
        "error_kind": None,
        "error": None,
        "ignored_by": None,
        "finished_at": now,
        **NO_LEASE,
    }


def failed(kind: str, message: str, now: float) -> dict[str, Any]:
    """A file has failed, for this reason. One that vanished is processed when it comes back."""
    reason = {**ended(FileState.FAILED, now), "error_kind": kind, "error": message}
    return {**reason, **({"gone_at": now} if kind == VANISHED_KIND else {})}


def ignored(kind: str) -> dict[str, Any]:
    """A file is no image, for this reason."""
    return {**RESET, "state": FileState.IGNORED, "ignored_by": kind}


def queue_files(
    connection: Connection, ids: Sequence[int], condition: ColumnElement[bool], values: dict[str, Any]
) -> list[QueuedFile]:
    """Queue these files where the condition (still) holds. Returns those that are queued now, in this order."""
    companion = aliased(File)
    of_others = select(func.coalesce(func.sum(companion.size), 0)).where(companion.companion_of == File.id)
    statement = (
        update(File)
        .where(File.id.in_(ids), condition)
        .values(values)
        .returning(File.id, File.size + of_others.scalar_subquery(), File.attempts, File.urgent)
    )
    queued = {row.id: QueuedFile(*row) for row in connection.execute(statement)}
    return [queued[file_id] for file_id in ids if file_id in queued]


def update_files(
    connection: Connection, ids: Sequence[int], condition: ColumnElement[bool], values: dict[str, Any]
) -> list[int]:
    """Change these files where the condition (still) holds. Returns those that were."""
    statement = update(File).where(File.id.in_(ids), condition).values(values).returning(File.id)
    return list(connection.scalars(statement))


def expire_leases(connection: Connection, owners: Sequence[str]) -> None:
    """Let the leases of these workers run out now; the next sweep takes up their files."""
    theirs = update(File).where(File.state == FileState.RUNNING, File.lease_owner.in_(owners))
    connection.execute(theirs.values(lease_expires_at=0.0))
