"""Sweep: recovers files of workers that died, and files whose message never arrived."""

import logging
import time
from collections.abc import Callable
from dataclasses import dataclass

from nuqleus.database.files.scheduler_files import SchedulerFiles
from nuqleus.database.workers import Workers
from nuqleus.settings import Settings
from scheduler.dispatcher import Dispatcher

log = logging.getLogger(__name__)

EMPTY_QUEUE_RESEND_SECONDS = 10.0
"""A queued file's message is sent again after this long, if the broker holds no messages at all."""


@dataclass(frozen=True)
class SweepLimits:
    """Limits of the sweep: when something counts as lost.

    Attributes:
        max_attempts: workers that a file may kill before it is failed.
        resend_seconds: a message counts as lost after this long.
        sweep_seconds: time between two sweeps.
    """

    max_attempts: int
    resend_seconds: float
    sweep_seconds: float

    @classmethod
    def of(cls, settings: Settings) -> "SweepLimits":
        """Those that the settings name; a sweep comes with each scan."""
        return cls(settings.max_attempts, settings.resend_seconds, settings.scan_seconds)


class Sweep:
    """Sweep for what got lost, whose messages it sends again.

    Args:
        files: the database's files.
        workers: its workers.
        dispatcher: the queue.
        limits: when something counts as lost.
        clock: seconds from any origin.
    """

    def __init__(
        self,
        files: SchedulerFiles,
        workers: Workers,
        dispatcher: Dispatcher,
        limits: SweepLimits,
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        self._files = files
        self._workers = workers
        self._dispatcher = dispatcher
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
        self._files.checkpoint()
        self._release_dead_workers()
        queue_is_empty = self._dispatcher.queue_is_empty()
        resend_seconds = self._limits.resend_seconds
        if queue_is_empty:
            resend_seconds = min(resend_seconds, EMPTY_QUEUE_RESEND_SECONDS)
        lost = self._files.sweep(self._limits.max_attempts, resend_seconds, queue_is_empty=queue_is_empty)
        self._dispatcher.dispatch(lost)
        self._due = self._clock() + self._limits.sweep_seconds

    def _release_dead_workers(self) -> None:
        """Workers whose processes are known to be dead lose their leases now, not when they run out."""
        dead = self._workers.dead()
        if dead:
            owners = [worker.owner for worker in dead]
            log.warning("Workers that were killed: %s. Others take their files.", ", ".join(owners))
            self._files.end_leases(owners)
            self._workers.stop(*(worker.id for worker in dead))
