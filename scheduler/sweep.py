"""What got lost: files of workers that are gone, files whose message never arrived."""

import logging
import time
from collections.abc import Callable
from dataclasses import dataclass

from nuqleus.database.files.scheduler_files import SchedulerFiles
from nuqleus.database.workers import Workers
from nuqleus.settings import Settings
from scheduler.dispatcher import Bell

log = logging.getLogger(__name__)

LOST_SECONDS = 10.0
"""A queued file without a message is rung for again after so long, if the broker holds no messages at all."""


@dataclass(frozen=True)
class Limits:
    """When something counts as lost.

    Attributes:
        max_attempts: workers that a file may kill before it is failed.
        resend_seconds: a message counts as lost after so long.
        sweep_seconds: time between two sweeps.
    """

    max_attempts: int
    resend_seconds: float
    sweep_seconds: float

    @classmethod
    def of(cls, settings: Settings) -> "Limits":
        """Those that the settings name; a sweep comes with each scan."""
        return cls(settings.max_attempts, settings.resend_seconds, settings.scan_seconds)


class Sweep:
    """Looks for what got lost, and rings for it again.

    Args:
        files: the database's files.
        workers: its workers.
        bell: the queue.
        limits: when something counts as lost.
        clock: seconds from any origin.
    """

    def __init__(
        self,
        files: SchedulerFiles,
        workers: Workers,
        bell: Bell,
        limits: Limits,
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        self._files = files
        self._workers = workers
        self._bell = bell
        self._limits = limits
        self._clock = clock
        self._due = clock()

    def run_if_due(self) -> None:
        """Look, if the last time is long enough ago.

        Raises:
            DatabaseUnavailable: the next sweep makes up for it.
        """
        if self._clock() < self._due:
            return
        self._take_note_of_the_dead()
        queue_is_empty = self._bell.is_silent()
        patience = self._limits.resend_seconds
        if queue_is_empty:
            patience = min(patience, LOST_SECONDS)
        lost = self._files.sweep(self._limits.max_attempts, patience, queue_is_empty=queue_is_empty)
        self._bell.ring(lost)
        self._due = self._clock() + self._limits.sweep_seconds

    def _take_note_of_the_dead(self) -> None:
        """Workers whose processes are known to be gone lose their leases now, not when they run out."""
        gone = self._workers.gone()
        if gone:
            log.warning(
                "Workers that were killed: %s. Others take their files.", ", ".join(w.owner for w in gone)
            )
            self._files.end_leases([worker.owner for worker in gone])
            self._workers.stop(*(worker.id for worker in gone))
