"""How files move from state to state.

The scheduler moves them here, workers in `claims.py`, the sweep in `losses.py`; nothing else changes `files.state`.

    waiting ─ enqueue ─→ queued ─ claim ─→ running ─┬─ complete ───────→ done
       ↑                   ↑                 │      ├─ mark_duplicate ─→ duplicate
       │                   └─ sweep, release ┘      └─ fail, sweep ────→ failed
       └─ observe (the file changed), retry, release

Every arrow is one conditional UPDATE: it names the state that it starts from and, for a running file, the owner
of the lease. The database lets one of several contenders through, so no two workers ever own a file, and one that
lost its lease (it was silent too long, or the file changed) changes nothing any more.

A file that is `done` has results: all of them, written in the transaction that sets the state, by one model. They leave
in the one that records that the file changed. A file that is retried keeps them until new ones replace them, in one
transaction; if it fails this time, they stay. Where they leave, or the file has vanished, its first duplicate inherits.

Leases compare the clocks of the worker's and the scheduler's machine: keep them in step to within a few seconds.
"""

from collections.abc import Callable, Sequence
from typing import Any

from sqlalchemy import Connection, func, or_, select, update

from nuqleus.database.batches import batched
from nuqleus.database.changes import CHUNK, FRESH, failed, move_some, queue_some
from nuqleus.database.claims import Claims
from nuqleus.database.conditions import made_by, named
from nuqleus.database.engine import reading, writing
from nuqleus.database.heirs import leave_results, take_results
from nuqleus.database.losses import Losses
from nuqleus.database.records import Claim, KnownFile, QueuedFile, SeenFile, storable
from nuqleus.database.tables import File, FileState, Image
from nuqleus.database.upserts import insert_missing

__all__ = ["Claim", "FileState", "Files", "KnownFile", "SeenFile"]

SPAN = 5_000
"""Images that one statement looks at: others get their turn to write between two of them."""

Then = Callable[[Connection, int], object]
"""What else happens to a file, in the same transaction."""


class Files(Claims, Losses):
    """The files of a database, and how they move.

    Every method is one transaction (one for each few hundred files where it takes many) and raises
    `DatabaseUnavailable` when the database can't be reached.
    """

    def observe(self, seen: Sequence[SeenFile]) -> dict[str, int]:
        """Record what a scan found: new and changed files become `waiting`, others stay as they are.

        A changed file loses its results, and its lease if it is running. A path that is too long to be indexed is
        left out, and logged.

        Returns:
            The ids by path.
        """
        ids: dict[str, int] = {}
        for chunk in batched(storable(seen), CHUNK):
            with writing(self._engine) as connection:
                ids |= self._observe(connection, chunk)
        return ids

    def enqueue(self, ids: Sequence[int], *, urgent: bool = False) -> list[QueuedFile]:
        """`waiting` → `queued`. Returns those that were; send their messages after this has returned."""
        values = {"state": FileState.QUEUED, "queued_at": self._clock(), "urgent": urgent}
        queued: list[QueuedFile] = []
        for chunk in batched(ids, CHUNK):
            with writing(self._engine) as connection:
                queued += queue_some(connection, chunk, File.state == FileState.WAITING, values)
        return queued

    def forget(self, ids: Sequence[int]) -> list[int]:
        """Fail files that vanished before their turn. Returns those that were `waiting` or `queued`."""
        message = "The file was deleted or moved away before it was processed."
        values = failed("vanished", message, self._clock())
        return self._move(ids, [FileState.WAITING, FileState.QUEUED], values, then=leave_results)

    def retry(self, paths: Sequence[str] | None = None, *, only_failed: bool = True) -> list[int]:
        """Files that ended → `waiting`; the scheduler then queues them.

        Args:
            paths: files or folders, relative to the watched folder; None: all of it.
            only_failed: leave files alone that are done, or duplicates.

        Returns:
            The ids of the files that will be processed again.
        """
        ended = [FileState.FAILED] if only_failed else [FileState.FAILED, FileState.DONE, FileState.DUPLICATE]
        with reading(self._engine) as connection:
            ids = connection.scalars(select(File.id).where(File.state.in_(ended), named(paths))).all()
        return self._move(ids, ended, FRESH)

    def retry_made_by(self, model_id: int, paths: Sequence[str] | None = None) -> int:
        """Files that ended, with results that this model made → `waiting`. Duplicates will share the new results.

        Args:
            model_id: of a model.
            paths: files or folders, relative to the watched folder; None: all of it.

        Returns:
            How many files will be processed again.
        """
        with reading(self._engine) as connection:
            last = connection.scalar(select(func.max(Image.id)).where(Image.model_id == model_id)) or 0
        moved = 0
        for first in range(1, last + 1, SPAN):
            made = made_by(model_id, range(first, first + SPAN))
            with writing(self._engine) as connection:
                statement = update(File).where(made, named(paths)).values(FRESH)
                moved += connection.execute(statement).rowcount
        return moved

    def _observe(self, connection: Connection, seen: Sequence[SeenFile]) -> dict[str, int]:
        query = select(File.path, File.id, File.size, File.mtime_ns).where(
            File.path.in_([s.path for s in seen])
        )
        known = {row.path: row for row in connection.execute(query)}
        self._insert(connection, [file for file in seen if file.path not in known])
        for file in seen:
            row = known.get(file.path)
            if row and (row.size, row.mtime_ns) != (file.size, file.mtime_ns):
                self._renew_content(connection, row.id, file)
        return {row.path: row.id for row in connection.execute(query)}

    def _insert(self, connection: Connection, new: Sequence[SeenFile]) -> None:
        now = self._clock()
        rows = [
            {
                "path": f.path,
                "size": f.size,
                "mtime_ns": f.mtime_ns,
                "state": FileState.WAITING,
                "discovered_at": now,
            }
            for f in new
        ]
        insert_missing(connection, File, rows, key="path")

    def _renew_content(self, connection: Connection, file_id: int, file: SeenFile) -> None:
        statement = (
            update(File)
            .where(File.id == file_id, or_(File.size != file.size, File.mtime_ns != file.mtime_ns))
            .values(size=file.size, mtime_ns=file.mtime_ns, **FRESH)
        )
        if connection.execute(statement).rowcount:
            take_results(connection, file_id)

    def _move(
        self,
        ids: Sequence[int],
        states: Sequence[FileState],
        values: dict[str, Any],
        *,
        then: Then | None = None,
    ) -> list[int]:
        moved: list[int] = []
        for chunk in batched(ids, CHUNK):
            with writing(self._engine) as connection:
                changed = move_some(connection, chunk, File.state.in_(states), values)
                if then is not None:
                    for file_id in changed:
                        then(connection, file_id)
            moved += changed
        return moved
