"""Settled files: files beside images that have stood still, each version of which is read once."""

import time
from collections.abc import Callable
from dataclasses import dataclass

from nuqleus.file_stat import FileStat
from scheduler.file_stats import FileStats


@dataclass(frozen=True)
class _Sighting:
    stat: FileStat
    since: float


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
        self._sightings: dict[str, _Sighting] = {}
        self._settled: set[str] = set()
        self._read: set[str] = set()

    def look(self, files: FileStats) -> frozenset[str]:
        """Look at the files of a scan.

        Returns:
            Paths that are gone or others than they were: what was read there holds no longer.
        """
        now = self._clock()
        gone = {path for path in self._last.missing_from(files) if path in self._sightings}
        for path in gone:
            del self._sightings[path]
        changed = {path for path in files.differing_from(self._last) if self._fits(path)}
        self._sightings |= {path: _Sighting(files[path], now) for path in changed}
        self._last = files
        self._read -= gone | changed
        self._settled = {
            path for path, seen in self._sightings.items() if now - seen.since >= self._settle_seconds
        }
        return frozenset(gone | changed)

    def unread(self) -> dict[str, FileStat]:
        """Those that had settled at the last look, and are not marked as read."""
        return {path: self._sightings[path].stat for path in sorted(self._settled - self._read)}

    def mark_read(self, path: str) -> None:
        """Note that this version of a file is read, whatever came of it."""
        self._read.add(path)

    def seconds_to_next(self) -> float | None:
        """Seconds until one may have settled; None when there is none to wait for."""
        unsettled = self._sightings.keys() - self._settled
        due = min((self._sightings[path].since for path in unsettled), default=None)
        return None if due is None else max(due + self._settle_seconds - self._clock(), 0.0)
