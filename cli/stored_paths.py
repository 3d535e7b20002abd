"""Stored paths: what a path on the command line may be called in the database."""

import os
from pathlib import Path

from nuqleus.paths import unescape_path


def stored_paths(path: str, folder: Path) -> list[str] | None:
    """Names in the database that a person may mean; None for the whole watched folder.

    Args:
        path: of the file system, or as `nuqleus status` shows it, relative to the watched folder.
        folder: the watched folder.
    """
    inside = os.path.relpath(path, folder)
    if inside == ".":
        return None
    meant = [unescape_path(os.path.normpath(path))]
    return meant if inside.startswith("..") else [Path(inside).as_posix(), *meant]
