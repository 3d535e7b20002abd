"""Sandboxed paths: files of a folder whose opening can't lead out of it."""

import os
import stat
from pathlib import Path, PosixPath
from typing import IO, Any

from nuqleus.errors import UnsafePath
from nuqleus.paths import escape_path


class SandboxedPath(PosixPath):
    """A path whose `open` checks, in the act of opening, that it opens a file of its folder.

    The scheduler has looked at links already, but what a name stands for can be exchanged at any moment.
    """

    def within(self, folder: Path) -> "SandboxedPath":
        """Set the folder that the file must lie in."""
        self._folder = folder
        return self

    def __truediv__(self, name: str | os.PathLike[str]) -> "SandboxedPath":
        """Return the path of what lies in this folder, in the same sandbox."""
        return SandboxedPath(super().__truediv__(name)).within(self._folder)

    def ensure_inside(self) -> tuple[str, str]:
        """Follow links; return the sandbox's folder, with `/` at its end, and the path relative to it.

        Raises:
            UnsafePath: the path leads out of it.
        """
        folder, target = (os.path.realpath(path) for path in (self._folder, self))
        base = f"{folder}/".replace("//", "/")
        if not target.startswith(base):
            raise UnsafePath(f"The path is a link that leads out of the watched folder: {escape_path(self)}")
        return base, target[len(base) :]

    def open(self, mode: str = "rb", **options: Any) -> IO[Any]:  # type: ignore[override]
        """Open the file, as `Path.open` does.

        Raises:
            UnsafePath: it lies elsewhere, or is no file.
        """
        return open(self, mode, **options, opener=self._open)

    def _open(self, _path: str, _flags: int) -> int:
        """Follow links first; then open folder by folder, and refuse what has become a link since."""
        folder, inside = self.ensure_inside()
        at = os.open(folder, os.O_RDONLY | os.O_DIRECTORY | os.O_CLOEXEC)
        for part in inside.split("/"):
            at = _open_in(at, part)
        if not stat.S_ISREG(os.fstat(at).st_mode):
            os.close(at)
            raise UnsafePath(f"The path is no file, but a folder, a pipe or a device: {escape_path(self)}")
        return at


def _open_in(folder: int, name: str) -> int:
    """Open a file or folder that is no link, without waiting for a pipe's other end; closes `folder`."""
    try:
        return os.open(name, os.O_RDONLY | os.O_NOFOLLOW | os.O_NONBLOCK | os.O_CLOEXEC, dir_fd=folder)
    finally:
        os.close(folder)
