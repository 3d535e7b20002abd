"""What the scheduler's sweep finds: see `states.py`."""

from sqlalchemy import ColumnElement, Connection, select, update

from nuqleus.database.catalogue import Catalogue
from nuqleus.database.changes import UNOWNED, failed, queue_some
from nuqleus.database.conditions import dead, overdue, unanswered
from nuqleus.database.engine import writing
from nuqleus.database.records import QueuedFile
from nuqleus.database.tables import File, FileState


class Losses(Catalogue):
    """Files whose worker, or whose message, got lost."""

    def sweep(
        self, max_attempts: int, resend_seconds: float, limit: int = 1000, *, nothing_rings: bool = False
    ) -> list[QueuedFile]:
        """Find what got lost: files on dead leases, and messages that never arrived.

        A message counts as lost after `resend_seconds`, and if either the broker holds no message at all, or a file
        that was queued later has been taken (the queue is first in, first out). A queue thus isn't sent again however
        long it is, and however long nobody works: copies of it would fill the broker.

        Args:
            max_attempts: workers that a file may kill before it is failed.
            resend_seconds: how long a message may take.
            limit: how many messages may be sent again.
            nothing_rings: the broker is known to hold no message: each that took too long is lost.

        Returns:
            At most `limit` files, now `queued`, whose messages must be sent again.
        """
        now = self._clock()
        with writing(self._engine) as connection:
            _bury(connection, now, max_attempts)
            revived = _revive(connection, now, limit)
            before = now - resend_seconds
            is_lost = unanswered(before) if nothing_rings else overdue(connection, before)
            return revived + _resend(connection, is_lost, now, limit - len(revived))


def _bury(connection: Connection, now: float, max_attempts: int) -> None:
    message = (
        f"The worker was lost while it processed this file, {max_attempts} times. It may need more memory "
        "than there is, crash the reader, or never end. `nuqleus retry` tries again."
    )
    hopeless = update(File).where(dead(now), File.attempts >= max_attempts)
    connection.execute(hopeless.values(failed("worker-died", message, now)))


def _revive(connection: Connection, now: float, limit: int) -> list[QueuedFile]:
    # found first and named then: PostgreSQL may run a subquery with a limit once for each row of the table
    lost = select(File.id).where(dead(now)).order_by(File.lease_expires_at).limit(limit)
    values = {"state": FileState.QUEUED, "queued_at": now, **UNOWNED}
    return queue_some(connection, connection.scalars(lost).all(), dead(now), values)


def _resend(connection: Connection, is_lost: ColumnElement[bool], now: float, limit: int) -> list[QueuedFile]:
    lost = select(File.id).where(is_lost).order_by(File.queued_at, File.id).limit(limit)
    return queue_some(connection, connection.scalars(lost).all(), is_lost, {"queued_at": now})
