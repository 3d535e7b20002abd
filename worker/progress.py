"""Progress of large images, as lines in the log."""

import logging
import time
from collections.abc import Callable

log = logging.getLogger(__name__)

INTERVAL_SECONDS = 15.0
"""Seconds between two lines; what is done sooner has none."""


class Progress:
    """Progress logger: called after every block, logs a line now and then.

    Args:
        name: of the file.
        clock: seconds that only grow.
    """

    def __init__(self, name: str, clock: Callable[[], float] = time.monotonic) -> None:
        self._name = name
        self._clock = clock
        self._logged_at = clock()

    def __call__(self, done: int, blocks: int) -> None:
        """Note that this many of an image's blocks are done."""
        if self._clock() - self._logged_at >= INTERVAL_SECONDS and done < blocks:
            log.info("%s: %d of %d blocks", self._name, done, blocks)
            self._logged_at = self._clock()
