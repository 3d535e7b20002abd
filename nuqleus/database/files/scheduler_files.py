"""The scheduler's side of the files: what a scan found is recorded, complete files are queued, lost ones recovered."""

import logging
import time
from collections.abc import Callable, Mapping, Sequence

from sqlalchemy import ColumnElement, Connection, Engine, and_, exists, or_, select, update

from nuqleus.database.batches import batched
from nuqleus.database.engine import reading, writing
from nuqleus.database.file_states import FileState
from nuqleus.database.files.fields import (
    FieldMember,
    Placement,
    change_companions,
    leave_failed_leads,
    lose_companions,
    place_files,
    queue_fields,
    release_companions,
    waiting_members,
)
from nuqleus.database.files.observation import observe
from nuqleus.database.files.records import KnownFile, QueuedFile, SeenFile, storable
from nuqleus.database.files.recovery import recover_lost
from nuqleus.database.files.regrouping import (
    moved_alone,
    note_ungrouped_files,
    processed_alone,
    ungrouped_files,
)
from nuqleus.database.files.result_transfer import drop_or_transfer, hand_over, having_results
from nuqleus.database.files.updates import (
    FILES_PER_STATEMENT,
    RESET,
    VANISHED,
    VANISHED_KIND,
    expire_leases,
    failed,
    ignored,
    missed,
    queue_files,
    update_files,
)
from nuqleus.database.inbox_device import note_device
from nuqleus.database.late_channels import note_late_channels
from nuqleus.database.plates import record_fields
from nuqleus.database.queries.file_queries import FileQueries
from nuqleus.database.sqlite import checkpoint
from nuqleus.database.tables import WAITING_MEMBER, File, Image
from nuqleus.errors import NuqleusError
from nuqleus.fields import FieldFile
from nuqleus.paths import escape_path

log = logging.getLogger(__name__)


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

        A file whose stamp changed loses its lease if it is running, but not its results: a worker looks whether the
        content is another one. A path that is too long to be indexed, and whatever else the database refuses, is left
        out, and logged.
        """
        for chunk in batched(storable(seen), FILES_PER_STATEMENT):
            self._observe(chunk)

    def checkpoint(self) -> None:
        """Have an embedded database that rests in its file alone: see `sqlite.checkpoint`."""
        checkpoint(self._engine)

    def note_device(self, device: int) -> None:
        """Note on which device the watched folder's files lie: see `nuqleus.database.inbox_device`."""
        note_device(self._engine, device)

    def enqueue(self, ids: Sequence[int], *, urgent: bool = False) -> list[QueuedFile]:
        """`waiting` → `queued`. Returns those that were; send their messages after this has returned."""
        values = {"state": FileState.QUEUED, "queued_at": self._clock(), "urgent": urgent}
        queued: list[QueuedFile] = []
        for chunk in batched(ids, FILES_PER_STATEMENT):
            with writing(self._engine) as connection:
                queued += queue_files(connection, chunk, File.state == FileState.WAITING, values)
        return queued

    def waiting_members(self) -> list[FieldMember]:
        """The files that are there of fields with a file that waits, field by field."""
        with reading(self._engine) as connection:
            return [FieldMember(*row) for row in connection.execute(waiting_members())]

    def place(self, placements: Sequence[Placement]) -> None:
        """Make waiting files parts of fields; the lead that a field has already is set back."""
        for chunk in batched(placements, FILES_PER_STATEMENT):
            with writing(self._engine) as connection:
                place_files(connection, chunk)

    def waiting_member_ids(self) -> frozenset[int]:
        """Ids of waiting files that are parts of fields."""
        with reading(self._engine) as connection:
            return frozenset(connection.scalars(select(File.id).where(WAITING_MEMBER)))

    def processed_among(self, ids: Sequence[int]) -> frozenset[int]:
        """Those of these waiting files that were processed before."""
        found: set[int] = set()
        for chunk in batched(ids, FILES_PER_STATEMENT):
            with reading(self._engine) as connection:
                known = select(File.id).where(File.id.in_(chunk), File.previous_state.is_not(None))
                found.update(connection.scalars(known))
        return frozenset(found)

    def processed_alone(self) -> list[tuple[int, str]]:
        """Ids and paths of files that have results and are parts of no field."""
        return processed_alone(self._engine)

    def moved_alone(self, files: Sequence[KnownFile]) -> frozenset[int]:
        """Ids of those of these files that seem to be such ones, in a folder that was renamed."""
        return moved_alone(self._engine, files) if self.ungrouped_files() else frozenset()

    def ungrouped_files(self) -> int | None:
        """How many of these are parts of fields; None: not counted."""
        return ungrouped_files(self._engine)

    def note_ungrouped_files(self, count: int | None) -> None:
        """Note how many they are; None: to be counted."""
        note_ungrouped_files(self._engine, count)

    def enqueue_fields(
        self, keys: Sequence[str], members: Sequence[FieldFile], *, urgent: bool = False
    ) -> list[QueuedFile]:
        """Queue the leads of fields, as `enqueue` does; their other files become companions.

        Args:
            keys: of the fields.
            members: the files of all of them; their plates, wells and channels are recorded.
            urgent: they go before others.
        """
        values = {"state": FileState.QUEUED, "queued_at": self._clock(), "urgent": urgent}
        with writing(self._engine) as connection:
            for plate_id, new in record_fields(connection, members).items():
                if new:
                    note_late_channels(connection, plate_id, new)
            return queue_fields(connection, keys, values)

    def ignore(self, reasons: Mapping[int, str]) -> None:
        """`waiting` → `ignored`, for these reasons by id. Results that a file has from before don't count any more."""
        self._ignore(reasons, File.state == FileState.WAITING)

    def ignore_failed(self, reasons: Mapping[int, str]) -> None:
        """`failed` → `ignored`, for these reasons by id, unless the file still has results; companions likewise."""
        failed = and_(File.state == FileState.FAILED, ~exists().where(Image.file_id == File.id))
        self._ignore(reasons, or_(failed, File.companion_of.is_not(None)))

    def ignore_overtaken(self, reasons: Mapping[str, str]) -> list[str]:
        """Any state → `ignored`, for these reasons by path: what came before the image that it belongs to.

        A worker that is at one loses its lease, and what was found in it is deleted, or given to its first duplicate.

        Returns:
            Paths of those that weren't ignored yet.
        """
        changed: list[str] = []
        for paths in batched(sorted(reasons), FILES_PER_STATEMENT):
            with reading(self._engine) as connection:
                query = select(File.id, File.path).where(
                    File.path.in_(paths), File.state != FileState.IGNORED
                )
                rows = connection.execute(query).all()
            self._ignore({row.id: reasons[row.path] for row in rows}, File.state != FileState.IGNORED)
            changed += [row.path for row in rows]
        return sorted(changed)

    def reconsider(self, ids: Sequence[int]) -> None:
        """`ignored` → `waiting`: files that are to be processed after all."""
        for chunk in batched(ids, FILES_PER_STATEMENT):
            with writing(self._engine) as connection:
                update_files(connection, chunk, File.state == FileState.IGNORED, RESET)

    def mark_gone(self, paths: Sequence[str]) -> None:
        """Note that paths are no longer there, of files but companions.

        Results are kept; a duplicate that is there has them from now on.
        """
        for chunk in batched(paths, FILES_PER_STATEMENT):
            with writing(self._engine) as connection:
                gone = self._mark_gone(connection, chunk, File.companion_of.is_(None))
                leave_failed_leads(connection, gone)
                for file_id in having_results(connection, gone):
                    hand_over(connection, file_id)

    def mark_companions_gone(self, paths: Sequence[str]) -> None:
        """The same for companions, after all others: where the lead is gone, too, nothing is tried again."""
        for chunk in batched(paths, FILES_PER_STATEMENT):
            with writing(self._engine) as connection:
                gone = self._mark_gone(connection, chunk, File.companion_of.is_not(None))
                lose_companions(connection, gone, {})

    def end_vanished(self, ids: Sequence[int]) -> tuple[int, int]:
        """Bring files to their end that vanished before their turn.

        Returns:
            How many of them failed, and how many that were to be processed again are what they were before.
        """
        unclaimed = File.state.in_([FileState.WAITING, FileState.QUEUED])
        is_new, now = File.previous_state.is_(None), self._clock()
        new = restored = 0
        for chunk in batched(ids, FILES_PER_STATEMENT):
            with writing(self._engine) as connection:
                lose_companions(connection, chunk, {"gone_at": now})
                restored += len(update_files(connection, chunk, and_(unclaimed, ~is_new), missed(now)))
                failing = failed(VANISHED_KIND, VANISHED, now)
                new += len(update_files(connection, chunk, and_(unclaimed, is_new), failing))
                leave_failed_leads(connection, chunk)
                for file_id in having_results(connection, chunk):
                    hand_over(connection, file_id)
        return new, restored

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

    def _observe(self, seen: Sequence[SeenFile]) -> None:
        """Record files in one transaction; if the database refuses one of them, all the others."""
        try:
            with writing(self._engine) as connection:
                observe(connection, seen, self._clock())
        except NuqleusError:
            raise
        except Exception:
            if len(seen) == 1:
                path = escape_path(seen[0].path)
                log.exception("The database refuses this file, which is passed over: %s", path)
                return
            half = len(seen) // 2
            self._observe(seen[:half])
            self._observe(seen[half:])

    def _mark_gone(
        self, connection: Connection, paths: Sequence[str], condition: ColumnElement[bool]
    ) -> Sequence[int]:
        there = and_(File.gone_at.is_(None), condition)
        marked = update(File).where(File.path.in_(paths), there).values(gone_at=self._clock())
        return connection.scalars(marked.returning(File.id)).all()

    def _ignore(self, reasons: Mapping[int, str], condition: ColumnElement[bool]) -> None:
        for kind in sorted(set(reasons.values())):
            ids = [file_id for file_id, reason in reasons.items() if reason == kind]
            for chunk in batched(ids, FILES_PER_STATEMENT):
                with writing(self._engine) as connection:
                    change_companions(connection, chunk)
                    changed = update_files(connection, chunk, condition, ignored(kind))
                    release_companions(connection, changed)
                    for file_id in having_results(connection, changed):
                        drop_or_transfer(connection, file_id)
