"""Access to a folder's files that follows no link: nothing that lies elsewhere can be read through it."""

import errno
import os
import stat
from pathlib import Path
from typing import Self

from model.errors import ImageError


class LinklessFolder:
    """A folder that is one image, opened once; what is exchanged on its path later doesn't matter.

    Attributes:
        path: for messages.
    """

    def __init__(self, path: Path) -> None:
        self.path = path
        self._descriptor = os.open(path, os.O_RDONLY | os.O_DIRECTORY | os.O_CLOEXEC)

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        os.close(self._descriptor)

    def read(self, name: str, start: int = 0, length: int | None = None) -> bytes | None:
        """Return the bytes of a file; None where there is none.

        Args:
            name: of the file, relative to the folder, with `/`.
            start: the first byte; counted from the end where it is negative.
            length: how many bytes; None for all that are left.

        Raises:
            ImageError: `unsupported-format`: the name leads out of the folder, or is that of a link.
        """
        try:
            descriptor = self._open(name)
        except (FileNotFoundError, NotADirectoryError):
            return None
        with os.fdopen(descriptor, "rb") as file:
            if not stat.S_ISREG(os.fstat(file.fileno()).st_mode):
                return None
            file.seek(start, os.SEEK_SET if start >= 0 else os.SEEK_END)
            return file.read() if length is None else file.read(length)

    def _open(self, name: str) -> int:
        """Open a file folder by folder: each name must be that of no link."""
        parts = name.split("/")
        if not all(parts) or {".", ".."} & set(parts):
            raise _refusal(self.path, name, "leads out of it")
        folder = os.dup(self._descriptor)
        for part in parts:
            try:
                inner = os.open(
                    part, os.O_RDONLY | os.O_NOFOLLOW | os.O_NONBLOCK | os.O_CLOEXEC, dir_fd=folder
                )
            except OSError as error:
                # a link to a folder is no folder to O_NOFOLLOW on some systems, and too many links on others
                if error.errno == errno.ELOOP:
                    raise link_refusal(self.path, name) from error
                raise
            finally:
                os.close(folder)
            folder = inner
        return folder


def link_refusal(path: Path, name: str) -> ImageError:
    """Return the error for a folder in which a file, or a folder on the way to it, is a link."""
    return _refusal(path, name, "is a link, or lies behind one")


def _refusal(path: Path, name: str, what: str) -> ImageError:
    return ImageError(
        "unsupported-format",
        f"{path} can't be read: {name!r} in it {what}, and only what lies in the folder itself is read. Copy the image "
        "with all that its links lead to into one folder (cp -L, rsync -L).",
    )
