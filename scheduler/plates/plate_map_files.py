"""Plate map files: `platemap.csv` in a plate's folder says what is in its wells, and is read once per version."""

import logging
import time
from collections.abc import Callable
from pathlib import Path

from sqlalchemy import Engine

from nuqleus.database.plate_maps import NamedPlate, attach_plate_map, known_plates
from nuqleus.file_stat import FileStat
from nuqleus.paths import escape_path
from nuqleus.plate_map import PlateMapError, read_plate_map
from scheduler.plates.settled_files import SettledFiles
from scheduler.scanner import Scan

log = logging.getLogger(__name__)

NAME = "platemap.csv"


class PlateMapFiles:
    """Plate maps that lie in the folders of plates.

    A map that a person attached later (`nuqleus platemap`) stays until the file changes.

    Args:
        root: the watched folder.
        engine: the database.
        settle_seconds: how long a map must stand still.
        clock: seconds from any origin; must not jump when the computer's time is set.
    """

    def __init__(
        self,
        root: Path,
        engine: Engine,
        settle_seconds: float,
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        self._root = root
        self._engine = engine
        self._found = SettledFiles(_is_map, settle_seconds, clock)

    def look(self, scan: Scan) -> None:
        """Attach the maps that are new, or others than they were.

        Raises:
            DatabaseUnavailable: the next look makes up for it.
        """
        self._found.look(scan.files)
        settled = self._found.unread()
        if not settled:
            return
        plates = known_plates(self._engine)
        for path, stat in settled.items():
            of_folder = [plate for plate in plates if plate.folder == path.rpartition("/")[0]]
            if of_folder:
                self._attach(path, stat, of_folder)

    def seconds_to_next(self) -> float | None:
        """Seconds until one may be attached; None when there is none to wait for."""
        return self._found.seconds_to_next()

    def _attach(self, path: str, stat: FileStat, plates: list[NamedPlate]) -> None:
        self._found.mark_read(path)
        source = f"{path}, {stat.size} bytes, {stat.mtime_ns} ns"
        new = [plate for plate in plates if plate.plate_map != source]
        try:
            plate_map = read_plate_map(self._root / path) if new else {}
        except PlateMapError as error:
            log.error("%s", error)
            return
        for plate in new:
            attach_plate_map(self._engine, plate.id, plate_map, source)
            log.info(
                "%s says what is in %d wells of %s.",
                escape_path(path),
                len(plate_map),
                escape_path(plate.name),
            )


def _is_map(path: str) -> bool:
    return path == NAME or path.endswith(f"/{NAME}")
