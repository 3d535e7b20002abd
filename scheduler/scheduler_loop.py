"""The scheduler's loop: tick, then rest until something happens or the next look is due.

A look at a large folder costs a second, one for what got lost some milliseconds: they have times of their own.
"""

import logging
import threading
import time
from collections.abc import Callable, Collection
from contextlib import suppress

from nuqleus.database.leadership import Leadership
from nuqleus.errors import NuqleusError
from scheduler.completeness import Completeness
from scheduler.scheduler import Scheduler, Stopped

log = logging.getLogger(__name__)

SHORTEST_REST = 0.2
"""Seconds between two ticks, however much happens in the folder."""

LONGEST_REST = 60.0
"""Seconds between two ticks while things happen, however long one takes."""

LONGEST_IDLE_REST = 300.0
"""The same while nothing happens. What got lost is looked for more often, and an event ends the rest."""

BUSY_SHARE = 0.2
"""Of the time that ticks may take while things happen."""

IDLE_SHARE = 0.008
"""Of the time that ticks may take while nothing happens: together with everything else, less than 1 % of a core."""


class Daemon:
    """Runs a scheduler until told to stop, in the calling thread.

    Args:
        scheduler: its `tick` is called again and again; whatever it raises, the next one follows.
        completeness: knows when a file may be complete.
        scan_seconds: time between two ticks when nothing happens, if the folder is small; between two sweeps always.
        stopping: set when told to stop.
        leadership: says whether another scheduler looks after the folder instead.
        clock: seconds from any origin.

    Attributes:
        folder: paths of the files that the last tick found; None before the first.
    """

    def __init__(
        self,
        scheduler: Scheduler,
        completeness: Completeness,
        scan_seconds: float,
        stopping: threading.Event,
        leadership: Leadership,
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        self.folder: Collection[str] | None = None
        self._scheduler = scheduler
        self._completeness = completeness
        self._scan_seconds = scan_seconds
        self._leadership = leadership
        self._clock = clock
        self._stopping = stopping
        self._awake = threading.Event()
        self._trouble = ""
        self._leader: str | None = None

    def run(self) -> None:
        """Tick until `stop` is called."""
        while not self._stopping.is_set():
            began = self._clock()
            self._tick()
            self._rest(self._clock() - began)
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
        self._attempt(self._look)

    def _look(self) -> None:
        self.folder = self._scheduler.tick().files.keys()

    def _attempt(self, work: Callable[[], None]) -> None:
        """Do something if we lead; nothing that goes wrong ends the loop."""
        try:
            if self._leads():
                work()
            self._tell("")
        except Stopped:
            return
        except (OSError, NuqleusError) as error:
            self._tell(str(error))
        except Exception:
            log.exception("The scheduler stumbled; it goes on.")

    def _leads(self) -> bool:
        leader = self._leadership.other()
        if leader != self._leader:
            log.info(
                "Another scheduler, %s, leads: standing by." if leader else "Leading now.",
                *filter(None, [leader]),
            )
        self._leader = leader
        return leader is None

    def _tell(self, trouble: str) -> None:
        """Say what is wrong when it begins and when it ends, not at every tick."""
        if trouble and trouble != self._trouble:
            log.error("The scheduler can't work, and keeps trying: %s", trouble)
        elif self._trouble and not trouble:
            log.info("The scheduler works again.")
        self._trouble = trouble

    def _rest(self, took: float) -> None:
        short, long = rests(took, self._scan_seconds)
        self._stopping.wait(short)
        due = self._completeness.next_look()
        end = self._clock() + (long - short if due is None else min(due, long - short))
        while not self._awake.wait(min(max(0.0, end - self._clock()), self._scan_seconds)):
            if self._clock() >= end:
                return
            self._attempt(self._scheduler.sweep)


def rests(took: float, scan_seconds: float) -> tuple[float, float]:
    """How long to rest after a tick at least, and at most, in seconds.

    A folder of 100,000 files takes a second to look at, one on a slow drive much longer.
    """
    short = min(max(SHORTEST_REST, took * (1 / BUSY_SHARE - 1)), LONGEST_REST)
    long = max(scan_seconds, min(took * (1 / IDLE_SHARE - 1), LONGEST_IDLE_REST))
    return short, max(short, long)
