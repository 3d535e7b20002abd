"""Size and time of change of a folder that is one image (OME-Zarr): of all files in it, as of one file."""

import os
from collections.abc import Iterator
from contextlib import suppress
from pathlib import Path

from nuqleus.file_stat import FileStat, wrap64


def stat_folder(folder: str | Path) -> FileStat:
    """Look at all files of a folder and below it: their bytes together, and the latest time of change.

    Links are not followed, and what vanishes meanwhile isn't counted.

    Raises:
        OSError: a part of it can't be read.
    """
    size, times = 0, [0]
    for entry in _walk(str(folder)):
        with suppress(FileNotFoundError):  # who writes into it renames temporary files
            seen = entry.stat(follow_symlinks=False)
            size += seen.st_size
            times.append(seen.st_mtime_ns)
    return FileStat(size, wrap64(max(times)))


def files_of(folder: str | Path) -> list[str]:
    """Names of all files of a folder, relative to it and with `/`, in order.

    Raises:
        OSError: a part of it can't be read.
    """
    start = len(f"{folder}/")
    return sorted(entry.path[start:].replace(os.sep, "/") for entry in _walk(str(folder)))


def _walk(folder: str) -> Iterator[os.DirEntry[str]]:
    folders = [folder]
    while folders:
        with os.scandir(folders.pop()) as entries:
            for entry in entries:
                if entry.is_dir(follow_symlinks=False):
                    folders.append(entry.path)
                else:
                    yield entry
