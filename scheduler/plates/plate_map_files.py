"""Plate map files: `platemap.csv` in a plate's folder says what is in its wells, and is read once per version."""

import logging
import time
from collections.abc import Callable, Sequence
from pathlib import Path

from sqlalchemy import Engine

from nuqleus.database.named_plates import NamedPlate, known_plates
from nuqleus.database.plate_maps import attach_plate_map
from nuqleus.database.plate_warnings import KnownWarning
from nuqleus.file_stat import FileStat
from nuqleus.paths import escape_path
from nuqleus.plate_map import PlateMapError, read_plate_map
from scheduler.plates.settled_files import SettledFiles
from scheduler.scanner import Scan

log = logging.getLogger(__name__)

NAME = "platemap.csv"
"""Whatever its case."""

KIND = "plate-map"
"""Of warnings."""

GONE = "{path} is gone. What it said of the wells of {plate} stays; `nuqleus platemap` puts another map in its place."


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
        self._found = SettledFiles(is_plate_map, settle_seconds, clock)
        self._problems: dict[str, str] = {}
        self._attached: dict[str, str] | None = None

    def update(self, scan: Scan) -> None:
        """Attach the maps that are new, or others than they were.

        Raises:
            DatabaseUnavailable: the next tick makes up for it.
        """
        for path in self._found.update(scan.files):
            self._problems.pop(path, None)
        settled = self._found.unread()
        if not settled:
            return
        plates = known_plates(self._engine)
        for path, stat in settled.items():
            of_folder = [plate for plate in plates if plate.folder == path.rpartition("/")[0]]
            if of_folder:
                self._found.mark_read(path)
                self._read(path, stat, of_folder, scan)

    def seconds_to_next(self) -> float | None:
        """Seconds until one may be attached; None when there is none to wait for."""
        return self._found.seconds_to_next()

    def recall(self, warnings: Sequence[KnownWarning], scan: Scan) -> None:
        """Maps that were wrong are so until they are read again."""
        self._problems |= {
            one.path: one.message for one in warnings if one.kind == KIND and one.path in scan.files
        }

    def warnings(self, scan: Scan) -> list[KnownWarning]:
        """Maps that make no sense, and those that are gone."""
        if self._attached is None:
            self._attached = dict(_attached(plate) for plate in known_plates(self._engine) if plate.plate_map)
        gone = {path: name for path, name in self._attached.items() if path not in scan.files}
        problems = self._problems | {
            path: GONE.format(path=escape_path(path), plate=escape_path(name))
            for path, name in gone.items()
            if _is_there(path, scan)
        }
        return [KnownWarning(KIND, path, message) for path, message in sorted(problems.items())]

    def _read(self, path: str, stat: FileStat, plates: list[NamedPlate], scan: Scan) -> None:
        self._problems.pop(path, None)
        source = f"{path}, {stat.size} bytes, {stat.mtime_ns} ns"
        new = [plate for plate in plates if plate.plate_map != source]
        try:
            _raise_if_several(path, scan)
            plate_map = read_plate_map(self._root / path) if new else {}
        except PlateMapError as error:
            self._problems[path] = f"{error}. What was said of the plate's wells before stays."
            return
        for plate in new:
            attach_plate_map(self._engine, plate.id, plate_map, source)
            self._attached = None
            log.info(
                "%s says what is in %d wells of %s.",
                escape_path(path),
                len(plate_map),
                escape_path(plate.name),
            )


def is_plate_map(path: str) -> bool:
    """Say whether a file is called like a plate map."""
    return path.rpartition("/")[2].lower() == NAME


def _raise_if_several(path: str, scan: Scan) -> None:
    maps = sorted(other for other in scan.files.paths_in(path.rpartition("/")[0]) if is_plate_map(other))
    if len(maps) > 1:
        raise PlateMapError(f"there are several plate maps, {', '.join(map(escape_path, maps))}: leave one")


def _attached(plate: NamedPlate) -> tuple[str, str]:
    """The path of the map that a plate's annotations came from, and the plate's name."""
    return str(plate.plate_map).rsplit(", ", 2)[0], plate.name


def _is_there(path: str, scan: Scan) -> bool:
    """Whether anything lies in a map's folder, or below: a plate that was archived takes its map along."""
    folder, slash, _ = path.rpartition("/")
    return any(other.startswith(folder + slash) for other in scan.files)
