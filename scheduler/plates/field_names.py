"""Field names: which files are parts of fields, and of which, read from their paths alone.

A folder's names are judged together (`scheduler.plates.folder_names`). What was once recognised stays so, whatever else
lands beside it.
"""

import logging
import time
from collections import defaultdict
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from itertools import chain

from nuqleus.copy_names import original_of
from nuqleus.database.files.records import LONGEST_PATH
from nuqleus.database.plate_warnings import KnownWarning
from nuqleus.fields import FieldFile
from nuqleus.paths import escape_path
from nuqleus.rules import Plates, Rules
from scheduler.plates.conventions import parse_path
from scheduler.plates.folder_names import FolderNames
from scheduler.plates.patterns import PATTERN, PatternMisfits, place_by_pattern
from scheduler.plates.plate_habits import ACTIONS, PlateHabits, PlateName
from scheduler.scanner import Scan

log = logging.getLogger(__name__)

NO_RULES = Rules()

COPIES, FOLDER = "copies", "folder"
"""Kinds of warnings."""

RecognisedPlate = tuple[str, str]
"""A plate's folder, and the convention of the names in it."""


@dataclass(frozen=True)
class FolderWait:
    """How long files wait for the rest of their folder, before they are taken for images of their own.

    Attributes:
        quiet_seconds: nothing was added to the folder for so long.
        most_seconds: at most so long.
    """

    quiet_seconds: float = 0.0
    most_seconds: float = 0.0


@dataclass
class _Growth:
    """A folder that is no plate yet: its number of names, when that changed, and when the first file began to wait."""

    names: int
    changed: float
    began: float


class PlateNames:
    """Names of the files of plates.

    Args:
        is_ignored: says of a path that a scan found whether it is no image.
        recognised: the plates that the database knows.
        rules: patterns of names that none of the conventions has, and where files stand alone.
        plates: `off`: all files stand alone.
        folder_wait: with folders that may become plates.
        clock: seconds from any origin.
    """

    def __init__(
        self,
        is_ignored: Callable[[str, Scan], bool],
        recognised: Iterable[RecognisedPlate] = (),
        rules: Rules = NO_RULES,
        plates: Plates = "auto",
        folder_wait: FolderWait | None = None,
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        self._rules = rules
        self._plates = plates
        self._is_ignored = is_ignored
        self._folder_wait = folder_wait or FolderWait()
        self._clock = clock
        self._recognised = set(recognised)
        self._misfits = PatternMisfits()
        self._habits = PlateHabits()
        self._doubted: set[str] = set()
        self._said: dict[str, list[KnownWarning]] = defaultdict(list)
        self._growing: dict[str, _Growth] = {}
        self._folders: dict[str, FolderNames] = {}
        self._scan: Scan | None = None

    @property
    def is_off(self) -> bool:
        """Whether all files stand alone."""
        return self._plates == "off"

    @property
    def has_rules(self) -> bool:
        """Whether rules have patterns, or leave files alone: what they say may have changed."""
        return any(rule.pattern or rule.plates for rule in self._rules.rules)

    def place(self, path: str, scan: Scan) -> FieldFile | None:
        """The place of a file that is no accessory; None for one that stands alone.

        Ask again in a later scan: what stands alone may be part of a field once the rest of its folder has come.

        Args:
            path: relative to the watched folder, with `/`.
            scan: the last one, which found it.
        """
        file = self._place(path, scan)
        return file if file and len(escape_path(file.field_key).encode()) <= LONGEST_PATH else None

    def may_belong(self, path: str, scan: Scan) -> bool:
        """Say whether a file that stands alone so far may turn out to be part of a field: its folder still grows."""
        folder, original = path.rpartition("/")[0], original_of(path)
        has_original = original is not None and original in scan.files
        if folder not in self._doubted or has_original or parse_path(original or path) is None:
            return False
        return self._still_grows(folder, len(scan.files.names_in(folder)))

    def seconds_to_next(self) -> float | None:
        """Seconds until a folder has grown no more for long enough; None when none is waited for."""
        now = self._clock()
        dues = [due for growth in self._growing.values() if (due := self._due(growth)) > now]
        return min(dues) - now if dues else None

    def recall(self, warnings: Iterable[KnownWarning], scan: Scan) -> None:
        """Look again at what people were warned of before this process started."""
        for warning in warnings:
            if warning.kind in {FOLDER, COPIES}:
                self._doubted.add(warning.path)
                self._said[warning.path].append(warning)
            elif warning.kind == ACTIONS:
                self._learn(warning.path.rpartition("/")[0], scan)
            elif warning.kind == PATTERN and warning.path in scan.files:
                self._by_pattern(warning.path)

    def warnings(self, scan: Scan) -> list[KnownWarning]:
        """What people should know: patterns that don't fit, folders that are nearly plates, copies."""
        self._look_at(scan)
        said = {folder: self._warnings_of(folder, scan) for folder in sorted(self._doubted)}
        self._doubted = {folder for folder in said if said[folder] or self._is_growing(folder)}
        self._said = defaultdict(list, said)
        actions = (one for one in self._habits.warnings() if scan.files.names_in(one.path.rpartition("/")[0]))
        return list(chain(self._misfits.warnings(scan.files), actions, *said.values()))

    def _warnings_of(self, folder: str, scan: Scan) -> list[KnownWarning]:
        """What there is to say of a folder; while it grows, what was said before."""
        if self._is_growing(folder):
            return self._said[folder]
        names = self._names_in(folder, scan)
        texts = {FOLDER: names.folder_warning(self._is_known), COPIES: self._copies_warning(names)}
        return [KnownWarning(kind, folder, text) for kind, text in texts.items() if text]

    def _place(self, path: str, scan: Scan) -> FieldFile | None:
        if self._is_off_for(path):
            return None
        self._look_at(scan)
        original = original_of(path)
        if original is not None and (original in scan.files or parse_path(original) is not None):
            self._doubted.add(path.rpartition("/")[0])
            return None
        by_pattern = self._by_pattern(path)
        if by_pattern is not None:
            return by_pattern
        file = parse_path(path)
        return self._with_habits(file, path, scan) if file and self._is_recognised(file, path, scan) else None

    def _with_habits(self, file: FieldFile, path: str, scan: Scan) -> FieldFile:
        self._learn(path.rpartition("/")[0], scan)
        self._habits.note(file)
        return self._habits.applied(file)

    def _learn(self, folder: str, scan: Scan) -> None:
        self._habits.learn(folder, lambda: filter(None, map(parse_path, scan.files.paths_in(folder))))

    def take_changed(self) -> frozenset[PlateName]:
        """Plates whose files may have other places than they were given: their names say more by now."""
        return self._habits.take_changed()

    def _is_off_for(self, path: str) -> bool:
        rule = self._rules.rule_for(path)
        return self.is_off or (rule is not None and rule.plates == "off")

    def _by_pattern(self, path: str) -> FieldFile | None:
        """The place by a rule's pattern; a file that it doesn't fit may still follow a convention."""
        rule = self._rules.rule_for(path)
        if rule is None or rule.name_pattern is None:
            return None
        file = place_by_pattern(rule.name_pattern, path)
        if file is None:
            self._misfits.note(rule, path, rule.name_pattern)
        return file

    def _look_at(self, scan: Scan) -> None:
        if self._scan is not scan:
            self._scan = scan
            self._folders.clear()

    def _is_known(self, file: FieldFile) -> bool:
        return (file.place.plate_folder, file.convention) in self._recognised

    def _is_recognised(self, file: FieldFile, path: str, scan: Scan) -> bool:
        if self._is_known(file):
            return True
        folder = path.rpartition("/")[0]
        names = self._names_in(folder, scan)
        if not names.follows(file):
            self._doubted.add(folder)
            return False
        plate = (file.place.plate_folder, file.convention)
        self._recognised.add(plate)
        self._growing.pop(folder, None)
        log.info(
            "%s: a plate, named as %s does.", escape_path(plate[0]) or "The watched folder", file.convention
        )
        return True

    def _names_in(self, folder: str, scan: Scan) -> FolderNames:
        if folder not in self._folders:
            self._folders[folder] = FolderNames.of(
                folder,
                scan.files.paths_in(folder),
                lambda path: not self._is_ignored(path, scan),
                self._is_decided,
            )
        return self._folders[folder]

    def _copies_warning(self, names: FolderNames) -> str | None:
        by_convention = any(self._is_known(one.first) for one in names.plates.values())
        by_pattern = any(self._is_decided(str(original_of(copy))) for copy in names.copies)
        return names.copies_warning() if by_convention or by_pattern else None

    def _is_decided(self, path: str) -> bool:
        """Whether a rule says what a name means, or that it means nothing."""
        rule = self._rules.rule_for(path)
        pattern = rule.name_pattern if rule else None
        return self._is_off_for(path) or bool(pattern and place_by_pattern(pattern, path))

    def _still_grows(self, folder: str, names: int) -> bool:
        """Whether names were added to a folder a short while ago; one that rested for long begins anew."""
        now = self._clock()
        growth = self._growing.get(folder)
        if growth is None or (
            growth.names != names and now - growth.changed > self._folder_wait.most_seconds
        ):
            growth = self._growing[folder] = _Growth(names, now, now)
        elif growth.names != names:
            growth.names, growth.changed = names, now
        return self._due(growth) > now

    def _is_growing(self, folder: str) -> bool:
        growth = self._growing.get(folder)
        return growth is not None and self._due(growth) > self._clock()

    def _due(self, growth: _Growth) -> float:
        quiet = growth.changed + self._folder_wait.quiet_seconds
        return min(quiet, growth.began + self._folder_wait.most_seconds)
