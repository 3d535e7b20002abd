"""Ignore list: which files are ignored, and why: a rule or a setting says so, or they are companions of images."""

import logging
from collections.abc import Sequence
from pathlib import Path, PurePosixPath

from nuqleus.path_patterns import path_matcher
from nuqleus.rules import Rules
from scheduler.companions import COMPANIONS, DATA_FOLDER, Siblings, companion_kind
from scheduler.scanner import Scan

log = logging.getLogger(__name__)

RULE, SETTING = "rule", "setting"

REASONS = {
    RULE: "a rule for it says skip = true",
    SETTING: "it fits a pattern of NUQLEUS_IGNORE",
    DATA_FOLDER: "a folder in which a file beside it keeps its pixels; they are that file's",
    **{companion.kind: companion.what for companion in COMPANIONS},
}
"""What each word in `files.ignored_by` means, for people."""


class IgnoreList:
    """Ignore list of a watched folder, by which what a scan found is judged.

    Args:
        root: the watched folder.
        rules: for files at some paths; `skip` decides before anything else.
        patterns: of paths whose files are ignored, too.
    """

    def __init__(self, root: Path, rules: Rules, patterns: Sequence[str] = ()) -> None:
        self._root = root
        self._rules = rules
        self._is_unwanted = path_matcher(patterns)
        self._siblings: dict[str, Siblings] = {}

    def look_anew(self) -> None:
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
        return companion_kind(path, lambda: self._beside(str(PurePosixPath(path).parent)))

    def warn_of_unused_rules(self, scan: Scan) -> None:
        """Name the rules that decide about no file: none fits them, or an earlier rule does."""
        if not scan.files:
            return
        for rule in self._rules.unused(scan.files):
            log.warning(
                "The rule for path = %r decides about none of the %d files in the folder. * stands for anything, ? for "
                "one character, everything else for itself, and the first rule that fits a path decides.",
                rule.path,
                len(scan.files),
            )

    def _beside(self, folder: str) -> Siblings:
        if folder not in self._siblings:
            self._siblings[folder] = Siblings(_list_names(self._root / folder))
        return self._siblings[folder]


def _list_names(folder: Path) -> list[str]:
    try:
        return [entry.name for entry in folder.iterdir()]
    except OSError:  # gone, or away: nothing is known to lie beside
        return []
