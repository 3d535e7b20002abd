"""Sidecars: what microscopes wrote beside images is read once per version, and kept with the plates.

A sidecar lists the files that a field is to have, names the channels, and knows the size of a pixel. One that is
damaged counts as none.
"""

import logging
import subprocess
import time
from collections import defaultdict
from collections.abc import Callable, Collection, Iterable
from pathlib import Path, PurePosixPath

from sqlalchemy import Engine

from nuqleus.database.engine import reading
from nuqleus.database.plate_descriptions import PlateDescription, choose_again, describe_plate
from nuqleus.database.plates import plate_channels
from nuqleus.fields import FieldFile, FieldPlace
from nuqleus.paths import escape_path
from scheduler.plates.conventions import parse_path
from scheduler.plates.field_completeness import Part
from scheduler.plates.folder_names import is_copy
from scheduler.plates.nuclear_channel_finder import find_nuclear_channel
from scheduler.plates.plate_habits import PlateName, with_habits
from scheduler.plates.settled_files import SettledFiles
from scheduler.plates.sidecar_process import SidecarProcess
from scheduler.plates.sidecar_reader import Description
from scheduler.plates.sidecar_xml import SidecarError
from scheduler.scanner import Scan

log = logging.getLogger(__name__)

ENDINGS = (".HTD", ".htd", ".mlf", ".mrf", ".mes", ".xdce", ".XDCE")
INDEXES = frozenset({"index.xml", "index.idx.xml"})
WAIT_SECONDS = 5.0
"""How long the scheduler waits for one at a time; what takes longer is fetched at a later look."""

LATE = (
    "The sidecar of the plate %s came late, and says that another channel shows the nuclei: %d fields are processed "
    "again."
)

UNREADABLE = (
    "%s can't be read, and counts as none: %s. Without it channels are called as the microscope does; once it is "
    "copied again, they have their names."
)


class Sidecars:
    """Sidecars of the plates in a watched folder.

    Args:
        root: the watched folder.
        engine: the database.
        settle_seconds: how long a sidecar must stand still.
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
        self._found = SettledFiles(_is_sidecar, settle_seconds, clock)
        self._at_work: dict[str, SidecarProcess] = {}
        self._unplaced: dict[str, Description] = {}
        self._n_files = 0
        self._files: dict[str, dict[str, frozenset[Part]]] = {}
        self._channels: dict[PlateName, frozenset[Part]] = {}

    def update(self, scan: Scan) -> None:
        """Read the sidecars that are new, or others than they were.

        Raises:
            DatabaseUnavailable: what was read is stored at the next tick.
        """
        for path in self._found.update(scan.files):
            self._unplaced.pop(path, None)
            self._files.pop(path, None)
        for path in self._found.unread():
            self._found.mark_read(path)
            self._start(path)
        for path in list(self._at_work):
            self._fetch(path)
        for path, description in list(self._unplaced.items()):
            # without files of its own, it waits for images to come
            if description.files or len(scan.files) != self._n_files:
                self._place(path, scan)
        self._n_files = len(scan.files)

    def listed(self, place: FieldPlace) -> Collection[Part] | None:
        """Channels and steps of z of the files that a field is to have; None if no sidecar says it."""
        key = str(place)
        for files in self._files.values():
            if key in files:
                return files[key]
        return self._channels.get((place.plate_folder, place.plate))

    def seconds_to_next(self) -> float | None:
        """Seconds until one may be read, or fetched; None when there is none to wait for."""
        if self._at_work:
            return WAIT_SECONDS
        return self._found.seconds_to_next()

    def _start(self, path: str) -> None:
        try:
            self._at_work[path] = SidecarProcess(self._root / path)
        except SidecarError as error:
            _refuse(path, error)

    def _fetch(self, path: str) -> None:
        try:
            description = self._at_work[path].poll(WAIT_SECONDS)
        except SidecarError as error:
            del self._at_work[path]
            _refuse(path, error)
            return
        if description is not None:
            del self._at_work[path]
            if description != Description():  # some other program's index
                self._unplaced[path] = description
                self._n_files = -1

    def _place(self, path: str, scan: Scan) -> None:
        """Store what a sidecar says, once it is known of which plate; an HTD doesn't name the files of its plate."""
        description = self._unplaced[path]
        folder = path.rpartition("/")[0]
        listed = (parse_path(f"{folder}/{name}".lstrip("/")) for name in description.files)
        files = with_habits(filter(None, listed))
        plates = _plates_of(files) or _plates_beside(path, scan)
        if not plates:
            return
        names_channels = not files and path.lower().endswith(".htd")
        keys = description.channels if names_channels else {file.channel for file in files}
        for plate, convention in plates.items():
            self._describe(_described(plate, convention, keys, description))
        del self._unplaced[path]
        self._files[path] = _parts(files)
        if names_channels and not description.has_steps:
            self._channels |= dict.fromkeys(plates, frozenset((key, None) for key in keys))
        log.info("%s describes the plate %s.", escape_path(path), escape_path(next(iter(plates))[1]))

    def _describe(self, description: PlateDescription) -> None:
        plate_id = describe_plate(self._engine, description)
        if plate_id is None:
            return
        with reading(self._engine) as connection:
            channels = plate_channels(connection, plate_id)
        try:
            nuclear_channel = find_nuclear_channel(channels)
        except (OSError, subprocess.SubprocessError) as error:
            log.warning("Which channel of the plate shows the nuclei can't be found out: %s", error)
            return
        count = 0 if nuclear_channel is None else choose_again(self._engine, plate_id, nuclear_channel)
        if count:
            log.warning(LATE, escape_path(description.name), count)


def _is_sidecar(path: str) -> bool:
    return path.endswith(ENDINGS) or (path.endswith(".xml") and path.rpartition("/")[2].lower() in INDEXES)


def _refuse(path: str, error: SidecarError) -> None:
    log.warning(UNREADABLE, escape_path(path), str(error).rstrip("."))


def _parts(files: Collection[FieldFile]) -> dict[str, frozenset[Part]]:
    parts = defaultdict(set)
    for file in files:
        parts[file.field_key].add((file.channel, file.z))
    return {key: frozenset(of_field) for key, of_field in parts.items()}


def _plates_of(files: Iterable[FieldFile]) -> dict[PlateName, str]:
    return {(file.place.plate_folder, file.place.plate): file.convention for file in files}


def _plates_beside(path: str, scan: Scan) -> dict[PlateName, str]:
    """The plates of which images lie in a sidecar's folder, or below it; the one of its own name, if there is one."""
    folder, _, name = path.rpartition("/")
    inside = (other for other in scan.files if other.startswith(f"{folder}/" if folder else ""))
    originals = (other for other in inside if not is_copy(other, scan.files))
    plates = _plates_of(file for other in originals if (file := parse_path(other)))
    stem = PurePosixPath(name).stem.casefold()
    named = {plate: convention for plate, convention in plates.items() if plate[1].casefold() == stem}
    return named or {plate: convention for plate, convention in plates.items() if plate[0] == folder}


def _described(
    plate: PlateName, convention: str, keys: Collection[str], description: Description
) -> PlateDescription:
    return PlateDescription(
        *plate,
        convention,
        keys,
        {key: (_flat(channel.name), channel.wavelength) for key, channel in description.channels.items()},
        description.rows,
        description.cols,
        description.pixel_size_um,
    )


def _flat(name: str) -> str:
    """A name in one line, without tabs."""
    return " ".join(name.split())
