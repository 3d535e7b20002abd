"""Ignore list: which files are ignored, and why: a rule or a setting says so, or they are accessories of images."""

import logging
from collections.abc import Iterable, Sequence

from nuqleus.database.files.field_copies import COPY
from nuqleus.path_patterns import path_matcher
from nuqleus.rules import Rules
from scheduler.accessories import (
    ACCESSORY_KINDS,
    BESIDE_IMAGES,
    DATA_FOLDER,
    Siblings,
    accessory_folders,
    accessory_kind,
    folder_of,
    is_image_name,
    possible_accessories,
)
from scheduler.scanner import Scan

log = logging.getLogger(__name__)

RULE, SETTING = "rule", "setting"

REASONS = {
    RULE: "a rule for it says skip = true",
    SETTING: "it fits a pattern of NUQLEUS_IGNORE",
    DATA_FOLDER: "a folder in which a file beside it keeps its pixels; they are that file's",
    **{accessory.kind: accessory.what for accessory in ACCESSORY_KINDS},
    COPY: "a copy, byte for byte, of a file of a plate's field",
}
"""What each word in `files.ignored_by` means, for people."""


class IgnoreList:
    """Ignore list of a watched folder, by which what a scan found is judged.

    Args:
        rules: for files at some paths; `skip` decides before anything else.
        patterns: of paths whose files are ignored, too.
    """

    def __init__(self, rules: Rules, patterns: Sequence[str] = ()) -> None:
        self._rules = rules
        self._is_unwanted = path_matcher(patterns)
        self._siblings: dict[str, Siblings] = {}

    def forget_siblings(self) -> None:
        """Forget what lay beside files: folders have been scanned again."""
        self._siblings.clear()

    def ignored_by(self, path: str, scan: Scan) -> str | None:
        """Say why a file is ignored, in a word of REASONS; None for one to process."""
        if path in scan.data_folders:
            return DATA_FOLDER
        skip = self._rules.skip(path)
        if skip is not None:
            return RULE if skip else None
        if self._is_unwanted(path):
            return SETTING
        return accessory_kind(path, lambda folder: self._look_into(folder, scan))

    def overtaken(self, news: Iterable[str], scan: Scan) -> dict[str, str]:
        """Say which files are accessories of images that came only now, and were taken for images until then; and why.

        Looks at the names in the folders of the new files alone, and in folders of masks beside these.
        """
        by_folder: dict[str, list[str]] = {}
        for path in news:
            by_folder.setdefault(folder_of(path), []).append(path.rpartition("/")[2])
        new = {
            folder: Siblings(names) for folder, names in by_folder.items() if any(map(is_image_name, names))
        }
        places = (folder for home in new for folder in accessory_folders(home))
        folders = sorted({folder for folder in places if scan.files.names_in(folder)})
        paths = (
            f"{folder}/{name}" if folder else name
            for folder in folders
            for name in possible_accessories(folder, scan.files.names_in(folder))
        )
        nothing = Siblings(())
        kinds = ((path, accessory_kind(path, lambda folder: new.get(folder, nothing))) for path in paths)
        fitting = (path for path, kind in kinds if kind in BESIDE_IMAGES)
        judged = {path: self.ignored_by(path, scan) for path in fitting}
        return {path: kind for path, kind in judged.items() if kind in BESIDE_IMAGES}

    def warn_of_unused_rules(self, scan: Scan) -> None:
        """Name the rules that decide about no file: none fits them, or an earlier rule does."""
        if not scan.files:
            return
        for unused in self._rules.unused(scan.files):
            log.warning("%s", unused)

    def _look_into(self, folder: str, scan: Scan) -> Siblings:
        if folder not in self._siblings:
            self._siblings[folder] = Siblings(scan.files.names_in(folder))
        return self._siblings[folder]
