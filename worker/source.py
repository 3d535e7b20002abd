"""The file that a claim is about: where it is, whether it is still the one that was claimed, and what is in it."""

import errno
import hashlib
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from nuqleus.database.records import Claim
from nuqleus.paths import inside


class FileChanged(Exception):  # noqa: N818 - not an error: the new content will be processed
    """The file is no longer the one that was claimed."""


def locate(folder: Path, claim: Claim) -> Path:
    """Return where a claimed file lies.

    Raises:
        OSError: the whole folder is away, so that nothing can be said about the file.
    """
    if not folder.is_dir():
        raise OSError(errno.ENODEV, f"the watched folder {folder} is not there: is its drive mounted?")
    return Path(inside(folder, claim.path))


@contextmanager
def unchanged(path: Path, claim: Claim) -> Iterator[None]:
    """Compare size and time of change with what the scheduler saw, after a block that read the file.

    A change explains whatever else went wrong in the block.

    Raises:
        FileChanged: they differ.
        OSError: the file can't be looked at; FileNotFoundError if it is gone.
    """
    try:
        yield
    finally:
        now = path.stat()
        if (now.st_size, now.st_mtime_ns) != (claim.size, claim.mtime_ns):
            raise FileChanged(f"{claim.path} changed: {claim.size} bytes when queued, {now.st_size} now")


def hash_content(path: Path) -> str:
    """Return the SHA-256 of a file's content in hexadecimal."""
    with path.open("rb") as stream:
        return hashlib.file_digest(stream, "sha256").hexdigest()
