"""Keeper of well statistics: makes those anew, in the background, that are out of date."""

import time
from collections.abc import Callable

from nuqleus.database.well_statistics import WellStatistics

SHARE = 0.1
"""Of the time that it may take."""

MAX_SECONDS = 1.0
"""How long it works at a time: files come first."""


class WellStatisticsKeeper:
    """Keeps the statistics of wells up to date, for a share of the time.

    Args:
        statistics: of the wells.
        clock: seconds from any origin.
    """

    def __init__(self, statistics: WellStatistics, clock: Callable[[], float] = time.monotonic) -> None:
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
        try:
            self._refresh_until(began + MAX_SECONDS)
        finally:
            now = self._clock()
            self._due = now + (now - began) * (1 / SHARE - 1)

    def _refresh_until(self, end: float) -> None:
        for well_id in self._statistics.outdated():
            self._statistics.refresh(well_id)
            if self._clock() >= end:
                return
