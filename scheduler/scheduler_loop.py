"""Scheduler loop: tick, then wait until something happens or the next tick is due.

A look at a large folder costs a second, one for what got lost some milliseconds: they have times of their own.
"""

import logging
import threading
import time
from collections.abc import Callable, Collection, Sequence
from contextlib import suppress
from typing import Protocol

from nuqleus.database.leadership import Leadership
from nuqleus.errors import NuqleusError
from scheduler.scheduler import Scheduler, Stopped
from scheduler.trouble_log import TroubleLog

log = logging.getLogger(__name__)

MIN_INTERVAL = 0.2
"""Seconds between two ticks, however much happens in the folder."""

MAX_INTERVAL = 60.0
"""Seconds between two ticks while things happen, however long one takes."""

MAX_IDLE_INTERVAL = 300.0
"""The same while nothing happens. What got lost is looked for more often, and an event ends the wait."""

BUSY_SHARE = 0.2
"""Of the time that ticks may take while things happen."""

IDLE_SHARE = 0.008
"""Of the time that ticks may take while nothing happens: together with everything else, less than 1 % of a core."""


class Wait(Protocol):
    """Something that is waited for."""

    def seconds_to_next(self) -> float | None:
        """Seconds until it may be there; None when nothing is waited for."""


class SchedulerLoop:
    """Runs a scheduler until told to stop, in the calling thread.

    Args:
        scheduler: its `tick` is called again and again; whatever it raises, the next one follows.
        waits: know when a file, or a field, may be complete.
        scan_seconds: time between two ticks when nothing happens, if the folder is small; between two sweeps always.
        stopping: set when told to stop.
        leadership: says whether another scheduler looks after the folder instead.
        clock: seconds from any origin.
        background: called now and then, for what is not urgent.

    Attributes:
        found_paths: paths of the files that the last tick found; None before the first.
        is_expecting: whether something was found that is to be looked at again, once it stands still.
    """

    def __init__(
        self,
        scheduler: Scheduler,
        waits: Sequence[Wait],
        scan_seconds: float,
        stopping: threading.Event,
        leadership: Leadership,
        clock: Callable[[], float] = time.monotonic,
        background: Callable[[], None] = lambda: None,
    ) -> None:
        self.found_paths: Collection[str] | None = None
        self.is_expecting = False
        self._scheduler = scheduler
        self._waits = waits
        self._scan_seconds = scan_seconds
        self._leadership = leadership
        self._background = background
        self._clock = clock
        self._stopping = stopping
        self._awake = threading.Event()
        self._trouble = TroubleLog(
            log, "The scheduler can't work, and keeps trying: %s", "The scheduler works again."
        )
        self._other: str | None = None

    def run(self) -> None:
        """Tick until `stop` is called."""
        while not self._stopping.is_set():
            began = self._clock()
            self._tick()
            self._wait(self._clock() - began)
        with suppress(NuqleusError):  # without a database it lasts as long as the lease
            self._leadership.resign()

    def wake(self) -> None:
        """Look soon: something happened in the folder."""
        self._awake.set()

    def stop(self) -> None:
        """Make `run` return, in the middle of a tick if need be."""
        self._stopping.set()
        self._awake.set()

    def _tick(self) -> None:
        self._awake.clear()
        self._attempt(self._look, ends_trouble=True)

    def _look(self) -> None:
        scan = self._scheduler.tick()
        self.is_expecting = any(wait.seconds_to_next() is not None for wait in self._waits)
        self.found_paths = scan.files.keys()
        self._leadership.note_scan()
        self._background()

    def _sweep(self) -> None:
        self._scheduler.sweep()
        self._background()

    def _attempt(self, work: Callable[[], None], *, ends_trouble: bool) -> None:
        """Do something if we lead; nothing that goes wrong ends the loop."""
        try:
            if self._leads():
                work()
            if ends_trouble:
                self._trouble.note("")
        except Stopped:
            return
        except (OSError, NuqleusError) as error:
            self._trouble.note(str(error))
        except Exception as error:
            self._trouble.note(f"{type(error).__name__}: {error}", unexpected=error)
        with suppress(NuqleusError):  # it can't be told a database that is away, whose clients know
            self._leadership.report_trouble(self._trouble.current or None)

    def _leads(self) -> bool:
        leads = self._leadership.try_acquire()
        other = None if leads else self._leadership.leader
        if other and other != self._other:
            log.info("Another scheduler, %s, leads: standing by.", other)
        elif self._other and leads:
            log.info("Leading now.")
        self._other = other
        return leads

    def _wait(self, took: float) -> None:
        short, long = poll_interval(took, self._scan_seconds)
        self._stopping.wait(short)
        dues = [due for wait in self._waits if (due := wait.seconds_to_next()) is not None]
        due = min(dues, default=None)
        end = self._clock() + (long - short if due is None else min(due, long - short))
        while not self._awake.wait(min(max(0.0, end - self._clock()), self._scan_seconds)):
            if self._clock() >= end:
                return
            self._attempt(self._sweep, ends_trouble=False)


def poll_interval(took: float, scan_seconds: float) -> tuple[float, float]:
    """The time between two ticks at least, and at most, in seconds.

    A folder of 100,000 files takes a second to look at, one on a slow drive much longer.
    """
    short = min(max(MIN_INTERVAL, took * (1 / BUSY_SHARE - 1)), MAX_INTERVAL)
    long = max(scan_seconds, min(took * (1 / IDLE_SHARE - 1), MAX_IDLE_INTERVAL))
    return short, max(short, long)
