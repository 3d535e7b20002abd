"""Settled files: files beside images that have stood still, each version of which is read once."""

import time
from collections.abc import Callable

from nuqleus.file_stat import FileStat
from scheduler.file_stats import FileStats, StatSince


class SettledFiles:
    """Files of some names, kept from scan to scan: only what changed is looked at.

    Args:
        fits: says of a path whether it is one of them.
        settle_seconds: how long one must stand still.
        clock: seconds from any origin; must not jump when the computer's time is set.
    """

    def __init__(
        self,
        fits: Callable[[str], bool],
        settle_seconds: float,
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        self._fits = fits
        self._settle_seconds = settle_seconds
        self._clock = clock
        self._last = FileStats()
        self._stats: dict[str, StatSince] = {}
        self._settled: set[str] = set()
        self._read: set[str] = set()

    def update(self, files: FileStats) -> frozenset[str]:
        """Look at the files of a scan.

        Returns:
            Paths that are gone or others than they were: what was read there holds no longer.
        """
        now = self._clock()
        gone = {path for path in self._last.missing_from(files) if path in self._stats}
        for path in gone:
            del self._stats[path]
        changed = {path for path in files.differing_from(self._last) if self._fits(path)}
        self._stats |= {path: StatSince(files[path], now) for path in changed}
        self._last = files
        self._read -= gone | changed
        self._settled = {
            path for path, known in self._stats.items() if now - known.since >= self._settle_seconds
        }
        return frozenset(gone | changed)

    def unread(self) -> dict[str, FileStat]:
        """Those that had settled at the last look, and are not marked as read."""
        return {path: self._stats[path].stat for path in sorted(self._settled - self._read)}

    def mark_read(self, path: str) -> None:
        """Note that this version of a file is read, whatever came of it."""
        self._read.add(path)

    def seconds_to_next(self) -> float | None:
        """Seconds until one may have settled; None when there is none to wait for."""
        unsettled = self._stats.keys() - self._settled
        due = min((self._stats[path].since for path in unsettled), default=None)
        return None if due is None else max(due + self._settle_seconds - self._clock(), 0.0)
