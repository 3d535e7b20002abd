"""Keeper of statistics, of wells or of plates and folders: makes anew, in the background, what is out of date."""

import time
from collections.abc import Callable

from nuqleus.database.background_statistics import BackgroundStatistics, Subject

BUSY_SHARE = 0.1
"""Of the time that it may take while there is something to make."""

IDLE_SHARE = 0.01
"""Of the time that looking for it may take."""

MAX_SECONDS = 1.0
"""How long it works at a time: files come first."""


class StatisticsKeeper:
    """Keeps statistics up to date, for a share of the time.

    Args:
        statistics: which.
        clock: seconds from any origin.
    """

    def __init__(
        self, statistics: BackgroundStatistics[Subject], clock: Callable[[], float] = time.monotonic
    ) -> None:
        self._statistics = statistics
        self._clock = clock
        self._due = clock()

    def run_if_due(self) -> None:
        """Make some anew, if the last time is long enough ago.

        Raises:
            DatabaseUnavailable: the next time makes up for it.
        """
        began = self._clock()
        if began < self._due:
            return
        share = BUSY_SHARE
        try:
            share = BUSY_SHARE if self._refresh_until(began + MAX_SECONDS) else IDLE_SHARE
        finally:
            now = self._clock()
            self._due = now + (now - began) * (1 / share - 1)

    def _refresh_until(self, end: float) -> int:
        """Returns how many were out of date."""
        outdated = self._statistics.outdated()
        for part in outdated:
            self._statistics.refresh(part)
            if self._clock() >= end:
                break
        return len(outdated)
