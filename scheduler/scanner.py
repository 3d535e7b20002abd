"""Scanner: one look at the whole watched folder, which is only ever read."""

import errno
import logging
import os
import time
from collections import defaultdict
from collections.abc import Callable, Iterable, Sequence
from contextlib import suppress
from dataclasses import dataclass, field
from pathlib import Path, PurePosixPath

from nuqleus.folder_stat import stat_folder
from nuqleus.mount_check import MountCheck, device_of, inbox_away
from nuqleus.paths import escape_path
from scheduler.candidates import is_candidate, is_searched
from scheduler.file_stats import FileStats, Folder, pack, pack_seen
from scheduler.image_folders import data_folder_names, is_data_folder, is_image_folder

log = logging.getLogger(__name__)

_GONE = (errno.ENOENT, errno.ENOTDIR)

EMPTY_SECONDS = 60.0
"""A watched folder in which nothing lies any more is believed after this long: network drives that are just being
connected again look like that."""


@dataclass
class Scan:
    """What a scan found.

    Attributes:
        files: by path, relative to the watched folder and with `/`; folders that are one image, too.
        data_folders: those of the paths that are folders in which a file beside them keeps its pixels.
        unseen: paths that didn't answer, or may not be looked into: what is missing below them proves nothing. The
            watched folder itself is an empty path.
        device: number of the device that the watched folder lies on; None while it is empty.
    """

    files: FileStats = field(default_factory=FileStats)
    data_folders: set[str] = field(default_factory=set)
    unseen: set[str] = field(default_factory=set)
    device: int | None = None

    def is_gone(self, path: str) -> bool:
        """Say whether a path that was there is not there any more."""
        return path not in self.files and not self._is_unseen(path)

    def _is_unseen(self, path: str) -> bool:
        if not self.unseen:
            return False
        above = (parent.as_posix() for parent in PurePosixPath(path).parents)
        return not self.unseen.isdisjoint(("", path, *above))


class Scanner:
    """Scanner of a folder: looks for candidates in it and all below it.

    Args:
        root: the watched folder.
        excluded: files and folders of our own that may lie in it.
        links_may_leave: whether links to files elsewhere count.
        device: number of the device that the folder's files lay on when an earlier process saw them.
        clock: seconds from any origin.
    """

    def __init__(
        self,
        root: Path,
        excluded: Sequence[Path] = (),
        *,
        links_may_leave: bool = False,
        device: int | None = None,
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        self.root = root.resolve()
        self._mount = MountCheck(root, device)
        self._clock = clock
        self._empty_since: float | None = None
        self._links_may_leave = links_may_leave
        self._excluded = frozenset(str(path.resolve()) for path in excluded)
        self._warned: set[str] = set()
        self._last = FileStats()

    def scan(self) -> Scan:
        """Look once.

        Raises:
            InboxAway: the watched folder itself can't be read: missing, exchanged, or a drive that is not there.
        """
        self._mount.ensure_mounted()
        found = Scan()
        base = f"{self.root}/".replace("//", "/")
        folders = self._list(found, base, base, self._entries_of_root(found))
        image_folders = defaultdict[str, Folder](dict)
        while folders:
            folder = folders.pop()
            entries = self._entries(found, base, folder)
            if is_image_folder(folder, entries):
                parent, _, name = folder[len(base) :].rpartition("/")
                image_folders[parent] |= self._stat_image_folder(found, base, folder, name)
            else:
                folders += self._list(found, base, folder, entries)
        for parent, files in image_folders.items():
            found.files.add(parent, files, self._last)
        self._last = found.files
        return found

    def _entries_of_root(self, found: Scan) -> list[os.DirEntry[str]]:
        try:
            entries = _list_folder(self.root)
            found.device = device_of(self.root) if entries else None
        except OSError as error:
            raise inbox_away(self.root, error) from error
        if entries:
            self._empty_since = None
        elif self._empty_since is None:
            self._empty_since = self._clock()
        if self._empty_since is not None and self._clock() - self._empty_since < EMPTY_SECONDS:
            found.unseen.add("")
        return entries

    def _entries(self, found: Scan, base: str, folder: str) -> list[os.DirEntry[str]]:
        try:
            return _list_folder(folder)
        except OSError as error:
            if error.errno not in _GONE:
                found.unseen.add(folder[len(base) :])
                self._warn_once(folder, f"is a folder that can't be read: {error.strerror}")
        return []

    def _list(self, found: Scan, base: str, folder: str, entries: Sequence[os.DirEntry[str]]) -> list[str]:
        """Note the files among the entries of a folder, and return the folders to look into."""
        path = folder[len(base) :]
        known, files, subfolders = self._last.names_in(path), Folder(), []
        for entry in entries:
            try:
                if entry.is_file(follow_symlinks=False):
                    if entry.name in known or self._is_candidate(entry):
                        files[entry.name] = pack_seen(entry.stat(follow_symlinks=False))
                elif entry.is_symlink():
                    files |= self._stat_link(base, entry)
                elif entry.is_dir() and is_searched(entry.name) and entry.path not in self._excluded:
                    subfolders.append(entry)
            except OSError as error:
                if error.errno not in _GONE:
                    found.unseen.add(entry.path[len(base) :])
        owned = data_folder_names(entries) if subfolders else frozenset()
        data_folders = {entry for entry in subfolders if is_data_folder(entry.name, owned)}
        found.data_folders.update(entry.path[len(base) :] for entry in data_folders)
        found.files.add(path, files | _stat_data_folders(data_folders), self._last)
        return [entry.path for entry in subfolders if entry not in data_folders]

    def _is_candidate(self, entry: os.DirEntry[str]) -> bool:
        return is_candidate(entry.name) and entry.path not in self._excluded

    def _stat_image_folder(self, found: Scan, base: str, folder: str, name: str) -> Folder:
        """A folder that is one image changes when a file in it does."""
        try:
            return {name: pack(stat_folder(folder))}
        except OSError as error:
            found.unseen.add(folder[len(base) :])
            self._warn_once(folder, f"is an image whose parts can't be read: {error.strerror}")
            return {}

    def _stat_link(self, base: str, entry: os.DirEntry[str]) -> Folder:
        """A link to a file in the folder is a file; any other could show us what nobody dropped."""
        if not is_candidate(entry.name):
            return {}
        target = os.path.realpath(entry.path)
        if not (target.startswith(base) or self._links_may_leave):
            self._warn_once(entry.path, "is a link that leads out of the watched folder")
        elif entry.is_file() and target not in self._excluded:
            return {entry.name: pack_seen(entry.stat())}
        return {}

    def _warn_once(self, path: str, what: str) -> None:
        """Say it once, not at every scan."""
        if path not in self._warned:
            self._warned.add(path)
            log.warning("Passing over %s: it %s.", escape_path(path), what)


def _list_folder(folder: str | Path) -> list[os.DirEntry[str]]:
    with os.scandir(str(folder)) as entries:
        return list(entries)


def _stat_data_folders(folders: Iterable[os.DirEntry[str]]) -> Folder:
    files = Folder()
    for folder in folders:
        with suppress(OSError):  # it has just gone
            files[folder.name] = pack_seen(folder.stat())
    return files
