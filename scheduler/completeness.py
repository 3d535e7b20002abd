"""Completeness: is a file complete, or is somebody still writing it?

Nothing tells for sure, least of all the time of change: `cp -p` and rsync set it to a time long past. So a file is
complete when two looks, `settle_seconds` or more apart by our own clock, found the same size and time of change,
and no process of this machine has it open for writing. What looks unfinished is waited for a while longer, but not
for ever: network drives can't always say who writes, and an empty file may be all there will ever be. Should a file
grow after all, it is a changed file, and is processed again.
"""

import time
from collections.abc import Callable, Collection
from pathlib import Path

from nuqleus.file_stat import FileStat
from scheduler.file_stats import StatSince
from scheduler.writers import is_being_written

EMPTY_FACTOR = 3
"""An empty file must stand still this many times as long as `settle_seconds`."""

OPEN_FACTOR = 15
"""A file that seems to be open for writing must stand still this many times as long as `settle_seconds`."""


class Completeness:
    """Completeness of files: remembers how long each unfinished one has stood still.

    Args:
        root: the watched folder.
        settle_seconds: how long a file must stand still.
        clock: seconds from any origin; must not jump when the computer's time is set.
        is_open: says whether a process has a file open for writing.
    """

    def __init__(
        self,
        root: Path,
        settle_seconds: float,
        clock: Callable[[], float] = time.monotonic,
        is_open: Callable[[Path], bool] = is_being_written,
    ) -> None:
        self._root = root
        self._settle_seconds = settle_seconds
        self._clock = clock
        self._is_open = is_open
        self._stats: dict[str, StatSince] = {}

    def is_complete(self, path: str, stat: FileStat) -> bool:
        """Look at a file.

        Args:
            path: relative to the watched folder.
            stat: what a scan has just found.
        """
        known = self._stats.get(path)
        if known is None or known.stat != stat:
            self._stats[path] = StatSince(stat, self._clock())
            return False
        still = self._clock() - known.since
        if still < self._needed(stat):
            return False
        if still < OPEN_FACTOR * self._settle_seconds and self._is_open(self._root / path):
            return False
        del self._stats[path]
        return True

    def keep(self, paths: Collection[str]) -> None:
        """Forget all files but these."""
        self._stats = {path: known for path, known in self._stats.items() if path in paths}

    def seconds_to_next(self) -> float | None:
        """Seconds until a file may be complete; None when there is none to wait for."""
        if not self._stats:
            return None
        due = min(known.since + self._needed(known.stat) for known in self._stats.values())
        # a file past its time is open for writing: look again after another such time
        return max(due - self._clock(), 0.0) or self._settle_seconds

    def _needed(self, stat: FileStat) -> float:
        return self._settle_seconds * (EMPTY_FACTOR if stat.size == 0 else 1)
