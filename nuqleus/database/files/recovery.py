"""Recovery of what got lost: files of workers that died, and messages that never arrived."""

from sqlalchemy import ColumnElement, Connection, select, update

from nuqleus.database.file_states import FileState
from nuqleus.database.files.conditions import lease_expired, overdue, queued_before
from nuqleus.database.files.records import QueuedFile
from nuqleus.database.files.updates import NO_LEASE, failed, queue_files
from nuqleus.database.tables import File


def recover_lost(
    connection: Connection,
    now: float,
    lost_before: float,
    max_attempts: int,
    limit: int,
    *,
    queue_is_empty: bool,
) -> list[QueuedFile]:
    """Fail or queue again what is on an expired lease, and queue again what was queued but lost.

    Args:
        connection: a transaction.
        now: seconds since 1970.
        lost_before: messages that were sent before this moment may count as lost.
        max_attempts: workers that a file may kill before it is failed.
        limit: how many files are queued again at most.
        queue_is_empty: the broker is known to hold no message.

    Returns:
        Files, now `queued`, whose messages must be sent again.
    """
    _fail_exhausted(connection, now, max_attempts)
    requeued = _requeue_expired(connection, now, limit)
    is_lost = queued_before(lost_before) if queue_is_empty else overdue(connection, lost_before)
    return requeued + _requeue_unsent(connection, is_lost, now, limit - len(requeued))


def _fail_exhausted(connection: Connection, now: float, max_attempts: int) -> None:
    message = (
        f"The worker was lost while it processed this file, {max_attempts} times. It may need more memory "
        "than there is, crash the reader, or never end. `nuqleus retry` tries again."
    )
    exhausted = update(File).where(lease_expired(now), File.attempts >= max_attempts)
    connection.execute(exhausted.values(failed("worker-died", message, now)))


def _requeue_expired(connection: Connection, now: float, limit: int) -> list[QueuedFile]:
    # found first and named then: PostgreSQL may run a subquery with a limit once for each row of the table
    expired = select(File.id).where(lease_expired(now)).order_by(File.lease_expires_at, File.id).limit(limit)
    values = {"state": FileState.QUEUED, "queued_at": now, **NO_LEASE}
    return queue_files(connection, connection.scalars(expired).all(), lease_expired(now), values)


def _requeue_unsent(
    connection: Connection, is_lost: ColumnElement[bool], now: float, limit: int
) -> list[QueuedFile]:
    lost = select(File.id).where(is_lost).order_by(File.queued_at, File.id).limit(limit)
    return queue_files(connection, connection.scalars(lost).all(), is_lost, {"queued_at": now})
