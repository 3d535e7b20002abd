"""Plate keeper: plates whose folder was renamed take the new one, and those without any file go."""

import logging
import time
from collections.abc import Callable

from sqlalchemy import Engine

from nuqleus.database.plate_moves import delete_empty_plates, merge_moved_plates
from nuqleus.paths import escape_path
from scheduler.scanner import Scan

log = logging.getLogger(__name__)

EMPTY_SECONDS = 300.0
"""How often plates without files are looked for."""


class PlateKeeper:
    """Keeps the plates of a database as those in the watched folder are.

    Args:
        engine: the database.
        clock: seconds from any origin; must not jump when the computer's time is set.
    """

    def __init__(self, engine: Engine, clock: Callable[[], float] = time.monotonic) -> None:
        self._engine = engine
        self._clock = clock
        self._due = clock()

    def update(self, scan: Scan) -> None:
        """Follow plates that were renamed; now and then, delete those that are empty.

        Raises:
            DatabaseUnavailable: the next tick makes up for it.
        """
        for plate in merge_moved_plates(self._engine):
            log.info("The plate %s is %s now.", escape_path(plate.old), escape_path(plate.new))
        if self._clock() < self._due:
            return
        self._due = self._clock() + EMPTY_SECONDS
        for path in delete_empty_plates(self._engine, lambda folder, _name: _holds_anything(scan, folder)):
            log.info(
                "No file of the plate %s is known any more: it is left out from now on.", escape_path(path)
            )


def _holds_anything(scan: Scan, folder: str) -> bool:
    """The sidecar of images that are still to come, perhaps."""
    return any(path.startswith(f"{folder}/" if folder else "") for path in scan.files)
