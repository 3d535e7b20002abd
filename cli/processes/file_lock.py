"""Advisory file lock (flock): held by whoever has the descriptor open, and released by the system when that dies."""

import fcntl
import os
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path


@contextmanager
def open_lock_file(path: Path, mode: int) -> Iterator[int]:
    """Open a lock file, created with these permissions if need be, in a folder that is created as well.

    Yields:
        Its descriptor, which a child process gets only where it is passed on.
    """
    path.parent.mkdir(parents=True, exist_ok=True)
    file = os.open(path, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, mode)
    try:
        yield file
    finally:
        os.close(file)


def try_lock(file: int) -> bool:
    """Take the lock, unless somebody else has it."""
    try:
        fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        return False
    return True
