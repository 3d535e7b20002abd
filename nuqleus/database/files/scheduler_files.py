"""The scheduler's side of the files: what a scan found is recorded, complete files are queued, lost ones recovered."""

import time
from collections.abc import Callable, Mapping, Sequence

from sqlalchemy import ColumnElement, Connection, Engine, and_, exists, or_, select, update

from nuqleus.database.batches import batched
from nuqleus.database.engine import writing
from nuqleus.database.files.records import QueuedFile, SeenFile, storable
from nuqleus.database.files.recovery import recover_lost
from nuqleus.database.files.result_transfer import (
    drop_or_transfer,
    having_results,
    transfer_to_duplicate,
)
from nuqleus.database.files.updates import (
    FILES_PER_STATEMENT,
    RESET,
    VANISHED,
    expire_leases,
    failed,
    ignored,
    queue_files,
    update_files,
)
from nuqleus.database.queries.file_queries import FileQueries
from nuqleus.database.sqlite import checkpoint
from nuqleus.database.tables import File, FileState, Image
from nuqleus.database.upserts import insert_missing


class SchedulerFiles(FileQueries):
    """The files of a database, as the scheduler moves them.

    Every method is one transaction (one for each few hundred files where it takes many) and raises
    `DatabaseUnavailable` when the database can't be reached.

    Args:
        engine: the database.
        clock: seconds since 1970.
    """

    def __init__(self, engine: Engine, clock: Callable[[], float] = time.time) -> None:
        super().__init__(engine)
        self._clock = clock

    def observe(self, seen: Sequence[SeenFile]) -> None:
        """Record what a scan found: new and changed files become `waiting` or `ignored`, others stay as they are.

        A changed file loses its results, and its lease if it is running. A path that is too long to be indexed is
        left out, and logged.
        """
        for chunk in batched(storable(seen), FILES_PER_STATEMENT):
            with writing(self._engine) as connection:
                _observe(connection, chunk, self._clock())

    def checkpoint(self) -> None:
        """Have an embedded database that rests in its file alone: see `sqlite.checkpoint`."""
        checkpoint(self._engine)

    def enqueue(self, ids: Sequence[int], *, urgent: bool = False) -> list[QueuedFile]:
        """`waiting` → `queued`. Returns those that were; send their messages after this has returned."""
        values = {"state": FileState.QUEUED, "queued_at": self._clock(), "urgent": urgent}
        queued: list[QueuedFile] = []
        for chunk in batched(ids, FILES_PER_STATEMENT):
            with writing(self._engine) as connection:
                queued += queue_files(connection, chunk, File.state == FileState.WAITING, values)
        return queued

    def ignore(self, reasons: Mapping[int, str]) -> None:
        """`waiting` → `ignored`, for these reasons by id. Results that a file has from before don't count any more."""
        self._ignore(reasons, File.state == FileState.WAITING)

    def ignore_failed(self, reasons: Mapping[int, str]) -> None:
        """`failed` → `ignored`, for these reasons by id, unless the file still has results."""
        self._ignore(reasons, and_(File.state == FileState.FAILED, ~exists().where(Image.file_id == File.id)))

    def reconsider(self, ids: Sequence[int]) -> None:
        """`ignored` → `waiting`: files that are to be processed after all."""
        for chunk in batched(ids, FILES_PER_STATEMENT):
            with writing(self._engine) as connection:
                update_files(connection, chunk, File.state == FileState.IGNORED, RESET)

    def forget(self, ids: Sequence[int]) -> list[int]:
        """`waiting` → `failed`: files that vanished before their turn; also if another scheduler has just queued them.

        Returns:
            Those that were `waiting` or `queued`.
        """
        unclaimed = File.state.in_([FileState.WAITING, FileState.QUEUED])
        values = failed("vanished", VANISHED, self._clock())
        forgotten: list[int] = []
        for chunk in batched(ids, FILES_PER_STATEMENT):
            with writing(self._engine) as connection:
                vanished = update_files(connection, chunk, unclaimed, values)
                for file_id in vanished:
                    transfer_to_duplicate(connection, file_id)
            forgotten += vanished
        return forgotten

    def sweep(
        self, max_attempts: int, resend_seconds: float, limit: int = 1000, *, queue_is_empty: bool = False
    ) -> list[QueuedFile]:
        """Recover what got lost: files on expired leases, and messages that never arrived.

        A message counts as lost after `resend_seconds`, and if either the broker holds no message at all, or a file
        that was queued later has been taken (the queue is first in, first out). A queue thus isn't sent again however
        long it is, and however long nobody works: copies of it would fill the broker.

        Args:
            max_attempts: workers that a file may kill before it is failed.
            resend_seconds: how long a message may take.
            limit: how many messages may be sent again.
            queue_is_empty: the broker is known to hold no message: each that took too long is lost.

        Returns:
            At most `limit` files, now `queued`, whose messages must be sent again.
        """
        now = self._clock()
        with writing(self._engine) as connection:
            return recover_lost(
                connection, now, now - resend_seconds, max_attempts, limit, queue_is_empty=queue_is_empty
            )

    def end_leases(self, owners: Sequence[str]) -> None:
        """Let the leases of workers that are known to be dead run out now; the next sweep takes up their files."""
        with writing(self._engine) as connection:
            expire_leases(connection, owners)

    def _ignore(self, reasons: Mapping[int, str], condition: ColumnElement[bool]) -> None:
        for kind in sorted(set(reasons.values())):
            ids = [file_id for file_id, reason in reasons.items() if reason == kind]
            for chunk in batched(ids, FILES_PER_STATEMENT):
                with writing(self._engine) as connection:
                    changed = update_files(connection, chunk, condition, ignored(kind))
                    for file_id in having_results(connection, changed):
                        drop_or_transfer(connection, file_id)


def _observe(connection: Connection, seen: Sequence[SeenFile], now: float) -> None:
    paths = [file.path for file in seen]
    query = select(File.path, File.id, File.size, File.mtime_ns).where(File.path.in_(paths))
    known = {row.path: row for row in connection.execute(query)}
    _insert_new(connection, [file for file in seen if file.path not in known], now)
    for file in seen:
        row = known.get(file.path)
        if row and (row.size, row.mtime_ns) != (file.size, file.mtime_ns):
            _reset_changed(connection, row.id, file)


def _insert_new(connection: Connection, new: Sequence[SeenFile], now: float) -> None:
    rows = [
        {
            "path": file.path,
            "size": file.size,
            "mtime_ns": file.mtime_ns,
            "state": FileState.IGNORED if file.ignored_by else FileState.WAITING,
            "ignored_by": file.ignored_by,
            "discovered_at": now,
        }
        for file in new
    ]
    insert_missing(connection, File, rows, key="path")


def _reset_changed(connection: Connection, file_id: int, file: SeenFile) -> None:
    now = ignored(file.ignored_by) if file.ignored_by else RESET
    statement = (
        update(File)
        .where(File.id == file_id, or_(File.size != file.size, File.mtime_ns != file.mtime_ns))
        .values(size=file.size, mtime_ns=file.mtime_ns, **now)
    )
    if connection.execute(statement).rowcount:
        drop_or_transfer(connection, file_id)
