"""What workers do with files: see `states.py`.

A worker goes through these for every file: what they say to the database is put together once, when this is imported.
"""

from collections.abc import Iterable, Sequence
from typing import Any, Literal

from sqlalchemy import (
    ColumnElement,
    Connection,
    and_,
    bindparam,
    exists,
    func,
    select,
    update,
)
from sqlalchemy.sql.dml import ReturningUpdate

from nuqleus.database.catalogue import Catalogue
from nuqleus.database.changes import UNOWNED, ended, failed
from nuqleus.database.conditions import HELD, fence
from nuqleus.database.engine import reading, writing
from nuqleus.database.heirs import in_the_way, join_twin, leave_results, make_way
from nuqleus.database.records import Claim, Finished
from nuqleus.database.results import ImageResult, insert_images
from nuqleus.database.tables import File, FileState, Image
from nuqleus.errors import LeaseLost
from nuqleus.rules import USUAL, Choice


def _claiming(which: ColumnElement[bool]) -> ReturningUpdate[int, str, int, int, int]:
    return (
        update(File)
        .where(which, File.state == FileState.QUEUED)
        .values(
            state=FileState.RUNNING,
            attempts=File.attempts + 1,
            lease_owner=bindparam("owner"),
            lease_expires_at=bindparam("until"),
            started_at=bindparam("now"),
        )
        .returning(File.id, File.path, File.size, File.mtime_ns, File.attempts)
    )


_CLAIM = _claiming(File.id == bindparam("file_id"))
_CLAIM_FRESH = _claiming(and_(File.id.in_(bindparam("ids", expanding=True)), File.attempts == 0))
_RENEW = update(File).where(HELD).values(lease_expires_at=bindparam("until"))
_COMPLETE = (
    update(File)
    .where(HELD)
    .values(
        **ended(FileState.DONE, bindparam("now")), sha256=bindparam("content"), choice=bindparam("looked_at")
    )
)
_TWINS = (
    select(File.sha256, File.choice, func.min(File.id))
    .where(File.sha256.in_(bindparam("contents", expanding=True)), File.state == FileState.DONE)
    .where(exists().where(Image.file_id == File.id, Image.model_id == bindparam("model_id")))
    .group_by(File.sha256, File.choice)
)


class Claims(Catalogue):
    """Files in the hands of workers. Every method is one transaction, unless it says otherwise."""

    def claim(self, file_id: int, owner: str, lease_seconds: float) -> Claim | None:
        """`queued` → `running`. None if the file isn't queued: done, or somebody else's."""
        claims = self._claim(_CLAIM, {"file_id": file_id}, owner, lease_seconds)
        return claims[0] if claims else None

    def claim_fresh(self, ids: Sequence[int], owner: str, lease_seconds: float) -> list[Claim]:
        """The same for several files, in this order; one that a worker has begun with before stays `queued`.

        Such a file may be what killed that worker: it is for `claim`, alone.
        """
        claims = self._claim(_CLAIM_FRESH, {"ids": list(ids)}, owner, lease_seconds)
        return sorted(claims, key=lambda claim: ids.index(claim.file_id))

    def renew(self, claims: Sequence[Claim], lease_seconds: float) -> list[Claim]:
        """Go on owning files. Returns those whose lease is lost: stop, nothing that is written will count."""
        until = self._clock() + lease_seconds
        with writing(self._engine) as connection:
            return [
                claim
                for claim in sorted(claims, key=_place)
                if not connection.execute(_RENEW, {**fence(claim), "until": until}).rowcount
            ]

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
        """The same for several files, in one transaction; in one each where a lease is lost.

        Returns:
            What each lost; nothing was written for those.
        """
        if self._complete(finished):
            return [None] * len(finished)
        return [
            None if len(finished) > 1 and self._complete([file]) else _lost(file.claim) for file in finished
        ]

    def find_twins(self, contents: Sequence[str], model_id: int) -> dict[tuple[str, str], int]:
        """Files with these contents that this model is done with, by their SHA-256 and the choice as text."""
        given = {"contents": list(contents), "model_id": model_id}
        with reading(self._engine) as connection:
            return {
                (str(sha256), str(choice)): file_id
                for sha256, choice, file_id in connection.execute(_TWINS, given)
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
            values = {**ended(FileState.DUPLICATE, self._clock()), "duplicate_of": of, **content}
            if not _change(connection, claim, values):
                raise _lost(claim)
            join_twin(connection, claim.file_id, of)
            return True

    def fail(self, claim: Claim, kind: str, message: str) -> bool:
        """`running` → `failed`, with the reason. False if the lease is lost: nothing was written."""
        with writing(self._engine) as connection:
            changed = _change(connection, claim, failed(kind, message, self._clock()))
            if changed and kind == "vanished":
                leave_results(connection, claim.file_id)
            return changed

    def release(
        self, claim: Claim, *, to: Literal[FileState.QUEUED, FileState.WAITING], counts: bool = False
    ) -> bool:
        """Give a file back unprocessed; `counts` says whether as an attempt. False if the lease is lost.

        To `queued` when a worker is told to stop; to `waiting` when the file is incomplete, or not there.
        """
        queued_at = self._clock() if to is FileState.QUEUED else None
        attempts = File.attempts if counts else File.attempts - 1
        values = {"state": to, "queued_at": queued_at, "attempts": attempts, **UNOWNED}
        with writing(self._engine) as connection:
            return _change(connection, claim, values)

    def end_leases(self, owners: Sequence[str]) -> None:
        """Let the leases of workers that are known to be gone run out now; the next sweep takes up their files."""
        theirs = update(File).where(File.state == FileState.RUNNING, File.lease_owner.in_(owners))
        with writing(self._engine) as connection:
            connection.execute(theirs.values(lease_expires_at=0.0))

    def _claim(
        self,
        statement: ReturningUpdate[int, str, int, int, int],
        which: dict[str, object],
        owner: str,
        lease_seconds: float,
    ) -> list[Claim]:
        now = self._clock()
        given = {**which, "owner": owner, "now": now, "until": now + lease_seconds}
        with writing(self._engine) as connection:
            return [Claim(*row, owner=owner) for row in connection.execute(statement, given)]

    def _complete(self, finished: Sequence[Finished]) -> bool:
        """Write all of these, or none of them if one's lease is lost."""
        now = self._clock()
        # in order of their ids, as a heartbeat renews them: neither waits for the other in a circle
        rows = [_completed(file, now) for file in sorted(finished, key=lambda file: _place(file.claim))]
        with writing(self._engine) as connection:
            if connection.execute(_COMPLETE, rows).rowcount < len(rows):
                connection.rollback()
                return False
            for file_id in in_the_way(connection, [file.claim.file_id for file in finished]):
                make_way(connection, file_id)
            insert_images(connection, finished)
        return True


def _completed(file: Finished, now: float) -> dict[str, object]:
    return {**fence(file.claim), "now": now, "content": file.sha256, "looked_at": str(file.choice)}


def _place(claim: Claim) -> int:
    return claim.file_id


def _lost(claim: Claim) -> LeaseLost:
    return LeaseLost(f"another owner has {claim.path!r} now; nothing was written")


def _change(connection: Connection, claim: Claim, values: dict[str, Any]) -> bool:
    """Change a running file if the claim still holds."""
    return connection.execute(update(File).where(HELD).values(values), fence(claim)).rowcount == 1
