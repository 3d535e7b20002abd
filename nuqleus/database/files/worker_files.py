"""The worker's side of the files: claimed, kept by a lease, and brought to their end."""

import time
from collections.abc import Callable, Mapping, Sequence
from typing import Any

from sqlalchemy import (
    Connection,
    Engine,
    and_,
    delete,
    select,
    update,
)
from sqlalchemy.sql.dml import ReturningUpdate

from nuqleus.database.engine import reading, writing
from nuqleus.database.file_states import FileState
from nuqleus.database.files.claimed_changes import change_claimed, has_since_claim, restore_claimed
from nuqleus.database.files.claimed_fields import with_fields
from nuqleus.database.files.conditions import CLAIM_VALID, claim_parameters
from nuqleus.database.files.field_copies import FieldCopies
from nuqleus.database.files.fields import leave_failed_leads
from nuqleus.database.files.moves import find_moved_file, has_followed, move_here
from nuqleus.database.files.records import Claim
from nuqleus.database.files.result_transfer import (
    become_duplicate,
    clear_for_new_results,
    drop_or_transfer,
    hand_over,
    having_results,
)
from nuqleus.database.files.result_writer import insert_images
from nuqleus.database.files.results import FileResults
from nuqleus.database.files.updates import (
    NO_LEASE,
    RESTORED,
    VANISHED_KIND,
    ended,
    expire_leases,
    failed,
    missed,
)
from nuqleus.database.files.worker_statements import (
    CLAIM,
    CLAIM_FRESH,
    COMPLETE,
    LOCK,
    MOVED,
    ORIGINALS,
    RENEW,
    SET_SHA256,
)
from nuqleus.database.plate_warnings import add_ome_set
from nuqleus.database.tables import File
from nuqleus.errors import LeaseLost
from nuqleus.image_options import DEFAULT_OPTIONS, ImageOptions


class WorkerFiles:
    """The files of a database, as workers move them.

    Every method is one transaction, unless it says otherwise, and raises `DatabaseUnavailable` when the database can't
    be reached.

    Args:
        engine: the database.
        clock: seconds since 1970.

    Attributes:
        copies: those of files of fields.
    """

    def __init__(self, engine: Engine, clock: Callable[[], float] = time.time) -> None:
        self._engine = engine
        self._clock = clock
        self.copies = FieldCopies(engine)

    def note_ome_set(self, path: str, message: str) -> None:
        """Keep a warning of a file of a set of OME-TIFFs, for `nuqleus status`."""
        add_ome_set(self._engine, path, message)

    def claim(self, file_id: int, owner: str, lease_seconds: float) -> Claim | None:
        """`queued` → `running`. None if the file isn't queued: done, or somebody else's."""
        claims = self._claim(CLAIM, {"file_id": file_id}, owner, lease_seconds)
        return claims[0] if claims else None

    def claim_fresh(self, ids: Sequence[int], owner: str, lease_seconds: float) -> list[Claim]:
        """The same for several files, in this order; one that a worker has begun with before stays `queued`.

        Such a file may be what killed that worker: it is for `claim`, alone.
        """
        claims = self._claim(CLAIM_FRESH, {"ids": list(ids)}, owner, lease_seconds)
        return sorted(claims, key=lambda claim: ids.index(claim.file_id))

    def renew(self, claims: Sequence[Claim], lease_seconds: float) -> list[Claim]:
        """Go on owning files. Returns those whose lease is lost: stop, nothing that is written will count."""
        until = self._clock() + lease_seconds
        with writing(self._engine) as connection:
            return [
                claim
                for claim in sorted(claims, key=_file_id)
                if not connection.execute(RENEW, {**claim_parameters(claim), "until": until}).rowcount
            ]

    def complete_all(self, finished: Sequence[FileResults]) -> list[LeaseLost | None]:
        """`running` → `done`, with all results, in one transaction; in one each where a lease is lost.

        Returns:
            None for each file that was written, else why it wasn't: nothing was written for those.
        """
        if self._complete(finished):
            return [None] * len(finished)
        return [None if self._complete_alone(file) else _lost(file.claim) for file in finished]

    def find_originals(self, contents: Sequence[str], model_id: int) -> dict[tuple[str, str], int]:
        """Files with these contents that this model is done with, by their SHA-256 and image options as text."""
        given = {"contents": list(contents), "model_id": model_id}
        with reading(self._engine) as connection:
            return {
                (str(sha256), str(options)): file_id
                for sha256, options, file_id in connection.execute(ORIGINALS, given)
            }

    def find_moved(self, contents: Sequence[str]) -> set[tuple[str, str]]:
        """Contents of files whose paths are gone, among these: their SHA-256 and image options as text."""
        with reading(self._engine) as connection:
            rows = connection.execute(MOVED, {"contents": list(contents)})
            return {(str(sha256), str(options)) for sha256, options in rows}

    def follow_move(self, claim: Claim, sha256: str, image_options: ImageOptions = DEFAULT_OPTIONS) -> bool:
        """Give the path of a running file to one of the same content whose path is gone; the running one's row goes.

        So the file that was moved or renamed keeps its results, whatever model found them. Of a field, all files move.

        Returns:
            False if there is no such file any more: process this one after all.

        Raises:
            LeaseLost: nothing was written.
        """
        content = {"sha256": sha256, "image_options": str(image_options)}
        with writing(self._engine) as connection:
            file_id = find_moved_file(connection, claim, content)
            if (
                file_id is None
                or not connection.execute(delete(File).where(CLAIM_VALID), claim_parameters(claim)).rowcount
            ):
                if has_followed(connection, claim, content):  # in an earlier try
                    return True
                if file_id is None:
                    return False
                raise _lost(claim)
            move_here(connection, file_id, claim)
            return True

    def mark_duplicate(
        self, claim: Claim, sha256: str, of: int, image_options: ImageOptions = DEFAULT_OPTIONS
    ) -> bool:
        """`running` → `duplicate`: the results of file `of` count for this one too.

        Returns:
            False if `of` isn't done with this content, in this way, any more: process the file after all.

        Raises:
            LeaseLost: nothing was written.
        """
        content = {"sha256": sha256, "image_options": str(image_options)}
        original = select(File.id).filter_by(id=of, state=FileState.DONE, gone_at=None, **content)
        with writing(self._engine) as connection:
            # the lock makes whoever takes the original's results away wait, and then see this duplicate
            if connection.scalar(original.with_for_update()) is None:
                return False
            values = {**ended(FileState.DUPLICATE, self._clock()), "duplicate_of": of, **content}
            if not change_claimed(connection, claim, values):
                raise _lost(claim)
            become_duplicate(connection, claim.file_id, of)
            return True

    def fail(self, claim: Claim, kind: str, message: str) -> bool:
        """`running` → `failed`, with the reason. False if the lease is lost: nothing was written.

        A file that vanished and was to be processed again is what it was before, and keeps its results.
        """
        now = self._clock()
        with writing(self._engine) as connection:
            if kind != VANISHED_KIND:
                return change_claimed(connection, claim, failed(kind, message, now))
            if restore_claimed(connection, claim, CLAIM_VALID, missed(now)):
                hand_over(connection, claim.file_id)
            elif not change_claimed(connection, claim, failed(kind, message, now)):
                return False
            leave_failed_leads(connection, [claim.file_id])
            return True

    def confirm(self, claim: Claim) -> bool:
        """`running` → the state before: the file was suspected, but its content is the one that its results belong to.

        Returns:
            False if the lease is lost: nothing was written.
        """
        with writing(self._engine) as connection:
            same_content = and_(CLAIM_VALID, File.sha256 == claim.sha256)
            return restore_claimed(connection, claim, same_content, RESTORED)

    def drop_results(self, claim: Claim) -> bool:
        """Take away the results of a running file, whose content is no longer the one that they belong to.

        Returns:
            False if the lease is lost: nothing was written.
        """
        of_old_content = {"sha256": None, "image_options": None, "duplicate_of": None}
        nothing = {
            **of_old_content,
            "previous_state": None,
            "suspected": False,
            "error_kind": None,
            "error": None,
        }
        with writing(self._engine) as connection:
            changed = bool(
                connection.execute(
                    update(File).where(CLAIM_VALID).values(nothing), claim_parameters(claim)
                ).rowcount
            )
            if changed:
                drop_or_transfer(connection, claim.file_id)
            return changed

    def release(self, claim: Claim, *, count_attempt: bool = False) -> bool:
        """`running` → `waiting`: give a file back unprocessed. False if the lease is lost: nothing was written.

        Args:
            claim: of a file that is incomplete or not there, or whose worker ends.
            count_attempt: whether it counts as an attempt.
        """
        attempts = claim.attempt if count_attempt else claim.attempt - 1
        values = {"state": FileState.WAITING, "queued_at": None, "attempts": attempts, **NO_LEASE}
        with writing(self._engine) as connection:
            return change_claimed(connection, claim, values)

    def end_leases(self, owners: Sequence[str]) -> None:
        """Let the leases of workers run out now; the next sweep takes up their files."""
        with writing(self._engine) as connection:
            expire_leases(connection, owners)

    def _claim(
        self,
        statement: ReturningUpdate[*tuple[Any, ...]],
        which: dict[str, object],
        owner: str,
        lease_seconds: float,
    ) -> list[Claim]:
        now = self._clock()
        given = {**which, "owner": owner, "now": now, "until": now + lease_seconds}
        with writing(self._engine) as connection:
            rows = connection.execute(statement, given).mappings().all()
            return with_fields(connection, [Claim(**row, owner=owner) for row in rows])

    def _complete_alone(self, file: FileResults) -> bool:
        if self._complete([file]):
            return True
        written = {
            "state": FileState.DONE,
            "sha256": file.sha256,
            "image_options": str(file.image_options),
            **NO_LEASE,
        }
        with reading(self._engine) as connection:
            return has_since_claim(connection, file.claim, written)

    def _complete(self, finished: Sequence[FileResults]) -> bool:
        """Write all of these, or none of them if one's lease is lost."""
        now = self._clock()
        # in order of their ids, as a heartbeat renews them: neither waits for the other in a circle
        rows = [_completed(file, now) for file in sorted(finished, key=lambda file: file.claim.file_id)]
        companions = [file_id for file in finished for file_id in file.companions]
        with writing(self._engine) as connection:
            if companions:
                ids = [*companions, *(file.claim.file_id for file in finished)]
                connection.execute(LOCK, {"ids": ids}).all()
            if connection.execute(COMPLETE, rows).rowcount < len(rows):
                connection.rollback()
                return False
            for file in finished:
                _note_contents(connection, file.companions)
            for file_id in having_results(connection, [file.claim.file_id for file in finished]):
                clear_for_new_results(connection, file_id)
            insert_images(connection, finished)
        return True


def _completed(file: FileResults, now: float) -> dict[str, object]:
    return {
        **claim_parameters(file.claim),
        "now": now,
        "content": file.sha256,
        "options": str(file.image_options),
    }


def _note_contents(connection: Connection, companions: Mapping[int, str]) -> None:
    if companions:
        rows = [{"member_id": file_id, "content": sha256} for file_id, sha256 in companions.items()]
        connection.execute(SET_SHA256, rows)


def _file_id(claim: Claim) -> int:
    return claim.file_id


def _lost(claim: Claim) -> LeaseLost:
    return LeaseLost(f"another owner has {claim.path!r} now; nothing was written")
