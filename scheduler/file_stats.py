"""File stats by path: those of a million files in little memory, and compared folder by folder."""

import os
import struct
from collections import defaultdict
from collections.abc import Collection, Iterable, Iterator, Mapping
from dataclasses import dataclass

from nuqleus.file_stat import FileStat

_KNOWN_INODE, _UNKNOWN_INODE = struct.Struct("4q"), struct.Struct("2q")

PackedStat = bytes
"""A stat in a third of the memory."""

Folder = dict[str, PackedStat]
"""Files of a folder, by name."""


@dataclass(frozen=True)
class StatSince:
    """Stat of a file, and since when it has been the same, in seconds from any origin."""

    stat: FileStat
    since: float


class FileStats(Mapping[str, FileStat]):
    """Stats of files by path, relative to the watched folder and with `/`.

    Args:
        stats: paths, each with a stat.
    """

    def __init__(self, stats: Iterable[tuple[str, FileStat]] = ()) -> None:
        self._folders: dict[str, Folder] = {}
        for path, stat in stats:
            folder, _, name = path.rpartition("/")
            self._folders.setdefault(folder, {})[name] = pack(stat)

    def __getitem__(self, path: str) -> FileStat:
        folder, _, name = path.rpartition("/")
        return _unpack(self._folders[folder][name])

    def __iter__(self) -> Iterator[str]:
        for folder, files in self._folders.items():
            yield from _join(folder, files)

    def __len__(self) -> int:
        return sum(map(len, self._folders.values()))

    def __or__(self, other: Mapping[str, FileStat]) -> "FileStats":
        """Those of both; where both have a path, the other's."""
        both, by_folder = FileStats(), defaultdict[str, Folder](dict)
        both._folders |= self._folders
        for path, stat in other.items():
            folder, _, name = path.rpartition("/")
            by_folder[folder][name] = pack(stat)
        for folder, files in by_folder.items():
            both.add(folder, files, self)
        return both

    def names_in(self, folder: str) -> Collection[str]:
        """Names of the files that lie in a folder itself."""
        return self._folders.get(folder, {}).keys()

    def paths_in(self, folder: str) -> Iterator[str]:
        """Paths of these files."""
        return _join(folder, self.names_in(folder))

    def add(self, folder: str, files: Folder, earlier: "FileStats") -> None:
        """Add files of a folder. If all of it is as it was earlier, the memory is shared."""
        files = self._folders.get(folder, {}) | files
        before = earlier._folders.get(folder)
        if files:
            self._folders[folder] = before if before == files else files

    def differing_from(self, other: "FileStats") -> Iterator[str]:
        """Paths that the other one lacks, or whose stat is another one there."""
        for folder, files in self._folders.items():
            others = other._folders.get(folder, {})
            if files is not others and files != others:
                yield from _join(folder, (name for name, stat in files.items() if others.get(name) != stat))

    def missing_from(self, other: "FileStats") -> Iterator[str]:
        """Paths that the other one lacks."""
        for folder, files in self._folders.items():
            others = other._folders.get(folder, {})
            if files is not others:
                yield from _join(folder, files.keys() - others.keys())


def _join(folder: str, names: Iterable[str]) -> Iterator[str]:
    return (f"{folder}/{name}" for name in names) if folder else iter(names)


def pack(stat: FileStat) -> PackedStat:
    """Pack a stat, whether its inode is known or not."""
    try:
        return _KNOWN_INODE.pack(*stat)
    except struct.error:
        return _UNKNOWN_INODE.pack(*stat[:2])


def pack_seen(seen: os.stat_result) -> PackedStat:
    """Pack the stat of a file that was looked at, as `FileStat.of` makes it, but fast."""
    try:
        return _KNOWN_INODE.pack(seen.st_size, seen.st_mtime_ns, seen.st_ino, seen.st_ctime_ns)
    except struct.error:  # more than 64 bits
        return pack(FileStat.of(seen))


def _unpack(packed: PackedStat) -> FileStat:
    layout = _KNOWN_INODE if len(packed) == _KNOWN_INODE.size else _UNKNOWN_INODE
    return FileStat(*layout.unpack(packed))
