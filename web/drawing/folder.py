"""Folder: where files lie that are drawn, whether they are still what was measured, and why one can't be read."""

import hashlib
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from model.errors import ImageError
from nuqleus.errors import InboxAway
from nuqleus.file_stat import FileStat
from nuqleus.folder_stat import stat_folder
from nuqleus.mount_check import MountCheck, inbox_away, is_empty
from nuqleus.paths import safe_join
from nuqleus.sandboxed_path import SandboxedPath

CHANGED = "The file has changed since it was measured. The new content is shown once it is measured."


class Folder:
    """The watched folder, as the drawing process reads it.

    Args:
        path: where it is.
        links_may_leave: whether links may lead out of it.
    """

    def __init__(self, path: Path, links_may_leave: bool) -> None:
        self._path = path
        self._links_may_leave = links_may_leave
        self._mount = MountCheck(path)

    def locate(self, name: str) -> Path:
        """Return where a file lies; opening it can't lead out of the folder.

        Raises:
            UnsafePath: the path leads out of it.
        """
        path = Path(safe_join(self._path, name))
        if self._links_may_leave:
            return path
        sandboxed = SandboxedPath(path).within(self._path)
        if sandboxed.is_dir():
            sandboxed.ensure_inside()
        return sandboxed

    def explain(self, error: OSError) -> str:
        """Say why a file can't be read: mostly for itself, else as the whole folder is away."""
        try:
            self._mount.ensure_mounted()
            if isinstance(error, FileNotFoundError) and is_empty(self._path):
                raise inbox_away(self._path, error)
        except InboxAway as away:
            reason = str(away)
            return f"{reason[0].upper()}{reason[1:]} The picture comes back with it."
        except OSError:
            pass  # of the folder, in the moment after it was there: that of the file will do
        if isinstance(error, FileNotFoundError):
            return "The file is no longer where it was. The picture comes back if the file does."
        return f"The file can't be read: {error.strerror}. The picture comes when it can."


def stamp(path: Path) -> FileStat:
    """Return what tells one content of a file, or of an image that is a folder, from another."""
    return stat_folder(path) if path.is_dir() else FileStat.of(path.stat())


def ensure_measured(path: Path, part: Mapping[str, Any], image: Mapping[str, Any]) -> None:
    """Make sure that a file holds what was measured: outlines must never lie on another picture.

    A file whose stamp is the one that was recorded is what it was, unless the recorded stamp is of a content that waits
    to be measured. Else the content of a file on its own tells.

    Raises:
        ImageError: it holds something else, or nobody knows.
        OSError: it can't be looked at.
    """
    stat = stamp(path)
    if stat[:2] != tuple(part["stat"][:2]):
        raise ImageError("changed", CHANGED)
    is_alone = not (image["field"] or path.is_dir())
    if is_alone and (image["is_pending"] or list(stat) != part["stat"]):
        with path.open("rb") as file:
            if hashlib.file_digest(file, "sha256").hexdigest() != image["sha256"]:
                raise ImageError("changed", CHANGED)
    elif image["is_pending"]:
        raise ImageError(
            "changed",
            "The image is to be measured again, and may have changed. It is shown once that is done.",
        )
