"""Files of some names in a folder, kept from scan to scan: only what changed is looked at."""

from collections.abc import Callable

from nuqleus.file_stat import FileStat
from scheduler.file_stats import FileStats


class NamedFiles:
    """The files whose paths fit, with their stats.

    Args:
        fits: says of a path whether it does.
    """

    def __init__(self, fits: Callable[[str], bool]) -> None:
        self._fits = fits
        self._last = FileStats()
        self._found: dict[str, FileStat] = {}

    def among(self, files: FileStats) -> dict[str, FileStat]:
        """Those among the files of a scan."""
        for path in self._last.missing_from(files):
            self._found.pop(path, None)
        for path in files.differing_from(self._last):
            if self._fits(path):
                self._found[path] = files[path]
        self._last = files
        return dict(self._found)
