"""Is a file complete, or is somebody still writing it?

Nothing tells for sure, least of all the time of change: `cp -p` and rsync set it to a time long past. So a file is
complete when two looks, `settle_seconds` or more apart by our own clock, found the same size and time of change,
and no process of this machine has it open for writing. What looks unfinished is waited for a while longer, but not
for ever: network drives can't always say who writes, and an empty file may be all there will ever be. Should a file
grow after all, it is a changed file, and is processed again.
"""

import time
from collections.abc import Callable, Collection
from dataclasses import dataclass
from pathlib import Path

from scheduler.scanner import Stamp
from scheduler.writers import is_being_written

EMPTY = 3
"""An empty file must stand still for so many times `settle_seconds`."""

OPEN = 15
"""A file that seems to be open for writing must stand still for so many times `settle_seconds`."""


@dataclass(frozen=True)
class _Look:
    stamp: Stamp
    since: float


class Completeness:
    """Remembers how long each unfinished file has stood still.

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
        self._settle = settle_seconds
        self._clock = clock
        self._is_open = is_open
        self._looks: dict[str, _Look] = {}

    def is_complete(self, path: str, stamp: Stamp) -> bool:
        """Look at a file.

        Args:
            path: relative to the watched folder.
            stamp: what a scan has just found.
        """
        look = self._looks.get(path)
        if look is None or look.stamp != stamp:
            self._looks[path] = _Look(stamp, self._clock())
            return False
        still = self._clock() - look.since
        if still < self._needed(stamp):
            return False
        if still < OPEN * self._settle and self._is_open(self._root / path):
            return False
        del self._looks[path]
        return True

    def keep(self, paths: Collection[str]) -> None:
        """Forget all files but these."""
        self._looks = {path: look for path, look in self._looks.items() if path in paths}

    def next_look(self) -> float | None:
        """Seconds until a file may be complete; None when there is none to wait for."""
        if not self._looks:
            return None
        due = min(look.since + self._needed(look.stamp) for look in self._looks.values())
        # a file past its time is open for writing: look again after another such time
        return max(due - self._clock(), 0.0) or self._settle

    def _needed(self, stamp: Stamp) -> float:
        return self._settle * (EMPTY if stamp.size == 0 else 1)
