"""Scheduler: scan, record, enqueue, dispatch."""

import logging
import time
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, field

from nuqleus.database.batches import batched
from nuqleus.database.file_states import FileState
from nuqleus.database.files.records import KnownFile, SeenFile
from nuqleus.database.files.scheduler_files import SchedulerFiles
from nuqleus.file_stat import FileStat
from nuqleus.paths import escape_path
from scheduler.completeness import Completeness
from scheduler.dispatcher import DISPATCH_BATCH, Dispatcher
from scheduler.file_stats import FileStats
from scheduler.ignore_list import IgnoreList
from scheduler.plates.field_files import FieldFiles
from scheduler.scanner import Scan, Scanner
from scheduler.sweep import Sweep

log = logging.getLogger(__name__)

RECORD_BATCH = 2_000
"""Files recorded between two checks of whether to stop."""

REREAD_SECONDS = 300.0
"""How often the database is read whole, in case somebody else changed it."""


class Stopped(Exception):  # noqa: N818 - asked for, no error
    """The scheduler was told to stop in the middle of its work."""


@dataclass
class Scheduler:
    """Scheduler: turns files in a folder into rows and messages. Each `tick` is one look at everything.

    The database says which files wait; what is kept here is only the last scan, to see what is new, and how long
    each waiting file has stood still.

    Attributes:
        scanner: looks at the folder.
        files: the database's files.
        ignore_list: judges whether a file is an image at all.
        completeness: judges whether a waiting file is complete.
        dispatcher: the queue.
        sweeper: finds what got lost.
        field_files: puts files of plates together to fields.
        is_urgent: says of a path whether its file goes before others.
        clock: seconds from any origin.
        stopping: says whether to stop in the middle of a tick.
        before_enqueue: called in each tick before files are queued, for what lies beside images.
        after_enqueue: the same after they are queued.
    """

    scanner: Scanner
    files: SchedulerFiles
    ignore_list: IgnoreList
    completeness: Completeness
    dispatcher: Dispatcher
    sweeper: Sweep
    field_files: FieldFiles
    is_urgent: Callable[[str], bool] = field(default=lambda _path: False, kw_only=True)
    clock: Callable[[], float] = field(default=time.monotonic, kw_only=True)
    stopping: Callable[[], bool] = field(default=lambda: False, kw_only=True)
    before_enqueue: Callable[[Scan], None] = field(default=lambda _scan: None, kw_only=True)
    after_enqueue: Callable[[Scan], None] = field(default=lambda _scan: None, kw_only=True)
    _has_judged: bool = field(default=False, init=False)
    _recorded: FileStats = field(default_factory=FileStats, init=False)
    _device: int | None = field(default=None, init=False)
    _reread_due: float = field(init=False)

    def __post_init__(self) -> None:
        self._reread_due = self.clock()

    def tick(self) -> Scan:
        """Look once at the folder and at the database, and do all there is to do.

        Returns:
            What the folder holds.

        Raises:
            InboxAway: the folder can't be read, or is another one; nothing is said of its files.
            DatabaseUnavailable: the database can't be reached; the next tick makes up for it.
            Stopped: `stopping` said so.
        """
        self._reread()
        scan = self.scanner.scan()
        self.ignore_list.forget_siblings()
        self._note_device(scan)
        self._record(scan)
        self._judge_anew(scan)
        self.before_enqueue(scan)
        self._enqueue(self.field_files.place(self._find_complete(scan), scan))
        for queued in self.field_files.enqueue_complete(scan):
            self._raise_if_stopping()
            self.dispatcher.dispatch(queued)
        self.after_enqueue(scan)
        self.sweep()
        return scan

    def sweep(self) -> None:
        """Look for what got lost, if that is due.

        Raises:
            DatabaseUnavailable: the database can't be reached; the next sweep makes up for it.
        """
        self.sweeper.run_if_due()

    def _note_device(self, scan: Scan) -> None:
        if scan.device not in (None, self._device):
            self.files.note_device(scan.device)
            self._device = scan.device

    def _reread(self) -> None:
        if self.clock() >= self._reread_due:
            self._recorded = FileStats(self.files.stats())
            self._reread_due = self.clock() + REREAD_SECONDS

    def _record(self, scan: Scan) -> None:
        """New and changed files become rows that wait."""
        news = sorted(scan.files.differing_from(self._recorded))
        for paths in batched(news, RECORD_BATCH):
            self._raise_if_stopping()
            seen = [
                SeenFile.of(path, scan.files[path], self.ignore_list.ignored_by(path, scan)) for path in paths
            ]
            self.files.observe(seen)
        if self._recorded:
            self._ignore_overtaken(news, scan)
        self._mark_gone(scan)

    def _ignore_overtaken(self, news: Sequence[str], scan: Scan) -> None:
        """What was taken for an image, until the image came that it is a mask or a thumbnail of."""
        overtaken = self.ignore_list.overtaken(news, scan)
        changed = self.files.ignore_overtaken(overtaken)
        if changed:
            log.warning(
                "%d files are ignored now, being masks, thumbnails or the like of images that came after them; what "
                "was found in them is deleted. One of them: %s.",
                len(changed),
                escape_path(changed[0]),
            )

    def _mark_gone(self, scan: Scan) -> None:
        """Paths that were there and aren't."""
        missing = list(self._recorded.missing_from(scan.files))
        gone = sorted(filter(scan.is_gone, missing))
        for mark in (self.files.mark_gone, self.files.mark_companions_gone):
            for paths in batched(gone, RECORD_BATCH):
                self._raise_if_stopping()
                mark(paths)
        unseen = {path: self._recorded[path] for path in set(missing).difference(gone)}
        # a file that went away is new when it comes back
        self._recorded = scan.files | unseen if unseen else scan.files

    def _judge_anew(self, scan: Scan) -> None:
        """Once, after the start: what failed or was ignored is judged by the list, rules and settings of today."""
        if self._has_judged:
            return
        self.ignore_list.warn_of_unused_rules(scan)
        failed = self._judge([*self.files.known(FileState.FAILED), *self.files.companions_of_failed()], scan)
        self.files.ignore_failed({file.id: kind for file, kind in failed.items() if kind})
        ignored = self._judge(self.files.known(FileState.IGNORED), scan)
        self.files.reconsider([file.id for file, kind in ignored.items() if not kind])
        self._count_ungrouped(scan)
        self._has_judged = True

    def _count_ungrouped(self, scan: Scan) -> None:
        """Once, after the upgrade or NUQLEUS_PLATES=off, or if rules speak of plates: files that were left alone."""
        if self.field_files.is_off:
            self.files.note_ungrouped_files(None)
            return
        if self.files.ungrouped_files() is not None and not self.field_files.has_rules:
            return
        ungrouped = self.field_files.find_ungrouped(self.files.processed_alone(), scan)
        self.files.note_ungrouped_files(len(ungrouped))
        if ungrouped:
            log.warning(
                "%d files of plates were processed one by one, by an earlier version or because NUQLEUS_PLATES or a "
                "rule said so, and stay so. `nuqleus retry --regroup PATH` makes fields of them.",
                len(ungrouped),
            )

    def _judge(self, files: Iterable[KnownFile], scan: Scan) -> dict[KnownFile, str | None]:
        """Say why files are ignored, or None, of those that are there."""
        there = (file for file in files if file.path in scan.files)
        return {file: self.ignore_list.ignored_by(file.path, scan) for file in there}

    def _find_complete(self, scan: Scan) -> list[KnownFile]:
        """Waiting files that are complete; those that are not there any more come to their end."""
        waiting = {file.path: file for file in self.files.known(FileState.WAITING)}
        self.completeness.keep(waiting.keys())
        # workers don't take files that are queued while nothing at all is there
        unclaimed = waiting.values() if scan.files else self.files.known(FileState.WAITING, FileState.QUEUED)
        gone = [file.id for file in unclaimed if scan.is_gone(file.path)]
        if gone:
            self._end_vanished(gone)
        complete = [
            file
            for file in waiting.values()
            if not self.field_files.is_settled(file) and self._is_complete(file, scan.files.get(file.path))
        ]
        return self._without_ignored(complete, scan)

    def _end_vanished(self, file_ids: Sequence[int]) -> None:
        new, restored = self.files.end_vanished(file_ids)
        if new:
            log.warning("%d files are gone that waited to be processed: they failed as vanished.", new)
        if restored:
            log.warning(
                "%d files that were to be processed again are not there: they are what they were before, and keep the "
                "results they have.",
                restored,
            )

    def _without_ignored(self, complete: Sequence[KnownFile], scan: Scan) -> list[KnownFile]:
        """Ignore those that are no images after all: by now, what they belong to lies beside them."""
        judged = self._judge(complete, scan)
        self.files.ignore({file.id: kind for file, kind in judged.items() if kind})
        return [file for file, kind in judged.items() if not kind]

    def _is_complete(self, file: KnownFile, stat: FileStat | None) -> bool:
        # a row that another scheduler has changed since our scan has to wait for the next one
        return stat == file.stat and self.completeness.is_complete(file.path, stat)

    def _enqueue(self, complete: Sequence[KnownFile]) -> None:
        """Urgent files first. The rows are committed as queued, then the messages are sent."""
        for urgent in (True, False):
            ids = (file.id for file in complete if self.is_urgent(file.path) == urgent)
            for batch in batched(ids, DISPATCH_BATCH):
                self._raise_if_stopping()
                self.dispatcher.dispatch(self.files.enqueue(batch, urgent=urgent))

    def _raise_if_stopping(self) -> None:
        if self.stopping():
            raise Stopped
