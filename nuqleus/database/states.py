"""How files move from state to state. Nothing else in the project changes `files.state`.

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

from collections.abc import Callable, Iterable, Sequence
from typing import Any, Literal

from sqlalchemy import ColumnElement, Connection, and_, case, exists, func, or_, select, update

from nuqleus.database.batches import batched
from nuqleus.database.catalogue import Catalogue
from nuqleus.database.conditions import dead, held, made_by, named, overdue, unanswered
from nuqleus.database.engine import reading, writing
from nuqleus.database.heirs import in_the_way, join_twin, leave_results, make_way, take_results
from nuqleus.database.records import Claim, Finished, KnownFile, QueuedFile, SeenFile, storable
from nuqleus.database.results import ImageResult, insert_images
from nuqleus.database.tables import File, FileState, Image
from nuqleus.database.upserts import insert_missing
from nuqleus.errors import LeaseLost
from nuqleus.rules import USUAL, Choice

__all__ = ["Claim", "FileState", "Files", "KnownFile", "SeenFile"]

CHUNK = 500
"""Files that one statement names; databases limit the number of parameters."""

SPAN = 5_000
"""Images that one statement looks at: others get their turn to write between two of them."""

_UNOWNED: dict[str, Any] = {"lease_owner": None, "lease_expires_at": None}
_FRESH: dict[str, Any] = {
    "state": FileState.WAITING,
    "sha256": None,
    "choice": None,
    "attempts": 0,
    "error_kind": None,
    "error": None,
    "duplicate_of": None,
    "queued_at": None,
    "started_at": None,
    "finished_at": None,
    **_UNOWNED,
}


Then = Callable[[Connection, int], object]
"""What else happens to a file, in the same transaction."""


class Files(Catalogue):
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
                queued += _queue_some(connection, chunk, File.state == FileState.WAITING, values)
        return queued

    def forget(self, ids: Sequence[int]) -> list[int]:
        """Fail files that vanished before their turn. Returns those that were `waiting` or `queued`."""
        values = self._failed("vanished", "The file was deleted or moved away before it was processed.")
        return self._move(ids, [FileState.WAITING, FileState.QUEUED], values, then=leave_results)

    def claim(self, file_id: int, owner: str, lease_seconds: float) -> Claim | None:
        """`queued` → `running`. None if the file isn't queued: done, or somebody else's."""
        claims = self._claim(File.id == file_id, owner, lease_seconds)
        return claims[0] if claims else None

    def claim_fresh(self, ids: Sequence[int], owner: str, lease_seconds: float) -> list[Claim]:
        """The same for several files, in this order; one that a worker has begun with before stays `queued`.

        Such a file may be what killed that worker: it is for `claim`, alone.
        """
        claims = self._claim(and_(File.id.in_(ids), File.attempts == 0), owner, lease_seconds)
        return sorted(claims, key=lambda claim: ids.index(claim.file_id))

    def renew(self, claims: Sequence[Claim], lease_seconds: float) -> list[Claim]:
        """Go on owning files. Returns those whose lease is lost: stop, nothing that is written will count."""
        statement = (
            update(File)
            .where(or_(*map(held, claims)))
            .values(lease_expires_at=self._clock() + lease_seconds)
            .returning(File.id)
        )
        with writing(self._engine) as connection:
            renewed = set(connection.scalars(statement))
        return [claim for claim in claims if claim.file_id not in renewed]

    def complete(
        self,
        claim: Claim,
        sha256: str,
        model_id: int,
        images: Iterable[ImageResult],
        choice: Choice = USUAL,
    ) -> None:
        """`running` → `done`, with all results, in one transaction.

        `images` is drawn before the transaction begins: a slow pipeline never holds the write lock.

        Raises:
            LeaseLost: nothing was written.
        """
        (lost,) = self.complete_all([Finished(claim, sha256, model_id, list(images), choice)])
        if lost:
            raise lost

    def complete_all(self, finished: Sequence[Finished]) -> list[LeaseLost | None]:
        """The same for several files, in one transaction. Returns what each lost; nothing was written for those."""
        contents = {file.claim.file_id: file.sha256 for file in finished}
        choices = {file.claim.file_id: str(file.choice) for file in finished}
        values = {
            **self._ended(FileState.DONE),
            "sha256": case(contents, value=File.id),
            "choice": case(choices, value=File.id),
        }
        statement = update(File).where(or_(*(held(file.claim) for file in finished))).values(values)
        with writing(self._engine) as connection:
            done = set(connection.scalars(statement.returning(File.id)))
            for file_id in in_the_way(connection, done):
                make_way(connection, file_id)
            insert_images(connection, [file for file in finished if file.claim.file_id in done])
        return [None if file.claim.file_id in done else _lost(file.claim) for file in finished]

    def find_twins(self, contents: Sequence[str], model_id: int) -> dict[tuple[str, str], int]:
        """Files with these contents that this model is done with, by their SHA-256 and the choice as text."""
        query = (
            select(File.sha256, File.choice, func.min(File.id))
            .where(File.sha256.in_(contents), File.state == FileState.DONE)
            .where(exists().where(Image.file_id == File.id, Image.model_id == model_id))
            .group_by(File.sha256, File.choice)
        )
        with reading(self._engine) as connection:
            return {
                (str(sha256), str(choice)): file_id for sha256, choice, file_id in connection.execute(query)
            }

    def mark_duplicate(
        self,
        claim: Claim,
        sha256: str,
        of: int,
        choice: Choice = USUAL,
    ) -> bool:
        """`running` → `duplicate`: the results of file `of` count for this one too.

        Returns:
            False if `of` isn't done with this content, in this way, any more: process the file after all.

        Raises:
            LeaseLost: nothing was written.
        """
        content = {"sha256": sha256, "choice": str(choice)}
        twin = select(File.id).filter_by(id=of, state=FileState.DONE, **content)
        with writing(self._engine) as connection:
            # the lock makes whoever takes the twin's results away wait, and then see this duplicate
            if connection.scalar(twin.with_for_update()) is None:
                return False
            values = {**self._ended(FileState.DUPLICATE), "duplicate_of": of, **content}
            if not _change(connection, claim, values):
                raise _lost(claim)
            join_twin(connection, claim.file_id, of)
            return True

    def fail(self, claim: Claim, kind: str, message: str) -> bool:
        """`running` → `failed`, with the reason. False if the lease is lost: nothing was written."""
        with writing(self._engine) as connection:
            failed = _change(connection, claim, self._failed(kind, message))
            if failed and kind == "vanished":
                leave_results(connection, claim.file_id)
            return failed

    def release(
        self, claim: Claim, *, to: Literal[FileState.QUEUED, FileState.WAITING], counts: bool = False
    ) -> bool:
        """Give a file back unprocessed; `counts` says whether as an attempt. False if the lease is lost.

        To `queued` when a worker is told to stop; to `waiting` when the file is incomplete, or not there.
        """
        queued_at = self._clock() if to is FileState.QUEUED else None
        attempts = File.attempts if counts else File.attempts - 1
        values = {"state": to, "queued_at": queued_at, "attempts": attempts, **_UNOWNED}
        with writing(self._engine) as connection:
            return _change(connection, claim, values)

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
        return self._move(ids, ended, _FRESH)

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
                statement = update(File).where(made, named(paths)).values(_FRESH)
                moved += connection.execute(statement).rowcount
        return moved

    def end_leases(self, owners: Sequence[str]) -> None:
        """Let the leases of workers that are known to be gone run out now; the next sweep takes up their files."""
        theirs = update(File).where(File.state == FileState.RUNNING, File.lease_owner.in_(owners))
        with writing(self._engine) as connection:
            connection.execute(theirs.values(lease_expires_at=0.0))

    def sweep(
        self, max_attempts: int, resend_seconds: float, limit: int = 1000, *, nothing_rings: bool = False
    ) -> list[QueuedFile]:
        """Find what got lost: files on dead leases, and messages that never arrived.

        A message counts as lost after `resend_seconds`, and if either a file that was queued later has been taken
        (the queue is first in, first out), or nothing runs and nothing was sent meanwhile. A long queue thus
        isn't sent again.

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
            self._bury(connection, now, max_attempts)
            revived = self._revive(connection, now, limit)
            before = now - resend_seconds
            is_lost = unanswered(before) if nothing_rings else overdue(connection, before)
            return revived + self._resend(connection, is_lost, limit - len(revived))

    def _claim(self, which: ColumnElement[bool], owner: str, lease_seconds: float) -> list[Claim]:
        now = self._clock()
        statement = (
            update(File)
            .where(which, File.state == FileState.QUEUED)
            .values(
                state=FileState.RUNNING,
                attempts=File.attempts + 1,
                lease_owner=owner,
                lease_expires_at=now + lease_seconds,
                started_at=now,
            )
            .returning(File.id, File.path, File.size, File.mtime_ns, File.attempts)
        )
        with writing(self._engine) as connection:
            return [Claim(*row, owner=owner) for row in connection.execute(statement)]

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
            .values(size=file.size, mtime_ns=file.mtime_ns, **_FRESH)
        )
        if connection.execute(statement).rowcount:
            take_results(connection, file_id)

    def _failed(self, kind: str, message: str) -> dict[str, Any]:
        ended = {**self._ended(FileState.FAILED), "error_kind": kind, "error": message}
        # a file that vanished counts as changed when it comes back
        return {**ended, **({"mtime_ns": 0} if kind == "vanished" else {})}

    def _ended(self, state: FileState) -> dict[str, Any]:
        return {"state": state, "finished_at": self._clock(), **_UNOWNED}

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
                changed = _move_some(connection, chunk, File.state.in_(states), values)
                if then is not None:
                    for file_id in changed:
                        then(connection, file_id)
            moved += changed
        return moved

    def _bury(self, connection: Connection, now: float, max_attempts: int) -> None:
        message = (
            f"The worker was lost while it processed this file, {max_attempts} times. It may need more memory "
            "than there is, crash the reader, or never end. `nuqleus retry` tries again."
        )
        hopeless = update(File).where(dead(now), File.attempts >= max_attempts)
        connection.execute(hopeless.values(self._failed("worker-died", message)))

    def _revive(self, connection: Connection, now: float, limit: int) -> list[QueuedFile]:
        # found first and named then: PostgreSQL may run a subquery with a limit once for each row of the table
        lost = select(File.id).where(dead(now)).order_by(File.lease_expires_at).limit(limit)
        values = {"state": FileState.QUEUED, "queued_at": now, **_UNOWNED}
        return _queue_some(connection, connection.scalars(lost).all(), dead(now), values)

    def _resend(self, connection: Connection, is_lost: ColumnElement[bool], limit: int) -> list[QueuedFile]:
        lost = select(File.id).where(is_lost).order_by(File.queued_at, File.id).limit(limit)
        return _queue_some(connection, connection.scalars(lost).all(), is_lost, {"queued_at": self._clock()})


def _lost(claim: Claim) -> LeaseLost:
    return LeaseLost(f"another owner has {claim.path!r} now; nothing was written")


def _queue_some(
    connection: Connection, ids: Sequence[int], condition: ColumnElement[bool], values: dict[str, Any]
) -> list[QueuedFile]:
    """Queue these files where the condition (still) holds. Returns those that are queued now, in this order."""
    statement = (
        update(File)
        .where(File.id.in_(ids), condition)
        .values(values)
        .returning(File.id, File.size, File.attempts, File.urgent)
    )
    queued = {row.id: QueuedFile(*row) for row in connection.execute(statement)}
    return [queued[file_id] for file_id in ids if file_id in queued]


def _move_some(
    connection: Connection, ids: Sequence[int], condition: ColumnElement[bool], values: dict[str, Any]
) -> list[int]:
    """Change these files where the condition (still) holds. Returns those that were."""
    statement = update(File).where(File.id.in_(ids), condition).values(values).returning(File.id)
    return list(connection.scalars(statement))


def _change(connection: Connection, claim: Claim, values: dict[str, Any]) -> bool:
    """Change a running file if the claim still holds."""
    return connection.execute(update(File).where(held(claim)).values(values)).rowcount == 1
