"""Field names: which files are parts of fields, and of which, read from their paths alone.

A folder's names are judged together: one file may happen to be called like a field's, nine in ten are no accident.
What was once recognised stays so, whatever else lands beside it.
"""

import logging
from collections.abc import Callable, Iterable

from nuqleus.database.files.records import LONGEST_PATH
from nuqleus.fields import FieldFile
from nuqleus.paths import escape_path
from nuqleus.rules import Plates, Rules
from scheduler.companions import IMAGE_ENDINGS
from scheduler.plates.conventions import parse_path
from scheduler.plates.patterns import place_by_pattern
from scheduler.scanner import Scan

log = logging.getLogger(__name__)

MIN_SHARE = 0.9
"""Of the image files of a folder that must be called as a convention has it."""

NO_RULES = Rules()

RecognisedPlate = tuple[str, str]
"""A plate's folder, and the convention of the names in it."""


class PlateNames:
    """Names of the files of plates.

    Args:
        is_ignored: says of a path that a scan found whether it is no image.
        recognised: the plates that the database knows.
        rules: patterns of names that none of the conventions has, and where files stand alone.
        plates: `off`: all files stand alone.
    """

    def __init__(
        self,
        is_ignored: Callable[[str, Scan], bool],
        recognised: Iterable[RecognisedPlate] = (),
        rules: Rules = NO_RULES,
        plates: Plates = "auto",
    ) -> None:
        self._rules = rules
        self._plates = plates
        self._is_ignored = is_ignored
        self._recognised = set(recognised)
        self._refused: set[tuple[str, str]] = set()
        self._scan: Scan | None = None

    def place(self, path: str, scan: Scan) -> FieldFile | None:
        """The place of a file that is no companion; None for one that stands alone.

        Ask again in a later scan: what stands alone may be part of a field once the rest of its folder has come.

        Args:
            path: relative to the watched folder, with `/`.
            scan: the last one, which found it.
        """
        file = self._place(path, scan)
        return file if file and len(escape_path(file.field_key).encode()) <= LONGEST_PATH else None

    def _place(self, path: str, scan: Scan) -> FieldFile | None:
        rule = self._rules.rule_for(path)
        if "off" in (self._plates, rule and rule.plates):
            return None
        if rule and rule.name_pattern:
            return place_by_pattern(rule.name_pattern, path)
        file = parse_path(path)
        return file if file and self._is_recognised(file, path, scan) else None

    def _is_recognised(self, file: FieldFile, path: str, scan: Scan) -> bool:
        plate = (file.place.plate_folder, file.convention)
        if plate in self._recognised:
            return True
        if self._scan is not scan:
            self._scan = scan
            self._refused.clear()
        folder = path.rpartition("/")[0]
        if (folder, file.convention) in self._refused:
            return False
        if not self._follows(folder, file.convention, scan):
            self._refused.add((folder, file.convention))
            return False
        self._recognised.add(plate)
        log.info(
            "%s: a plate, named as %s does.", escape_path(plate[0]) or "The watched folder", file.convention
        )
        return True

    def _follows(self, folder: str, convention: str, scan: Scan) -> bool:
        """Say whether nine in ten image files of a folder are called as a convention has it."""
        fitting = others = 0
        for path in scan.files.paths_in(folder):
            file = parse_path(path)
            if file is not None and file.convention == convention:
                fitting += 1
            elif path.lower().endswith(IMAGE_ENDINGS) and not self._is_ignored(path, scan):
                others += 1
        return fitting >= MIN_SHARE * (fitting + others)
