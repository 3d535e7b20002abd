"""One `nuqleus run` to a state folder."""

import fcntl
import os
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from nuqleus.errors import SettingsError


@contextmanager
def holding(folder: Path) -> Iterator[None]:
    """Hold a folder, created if need be, for the length of the block; the system lets it go if we are killed.

    Raises:
        SettingsError: another process holds it.
    """
    folder.mkdir(parents=True, exist_ok=True)
    file = os.open(folder / "run.lock", os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o644)
    try:
        _lock(folder, file)
        yield
    finally:
        os.close(file)


def _lock(folder: Path, file: int) -> None:
    try:
        fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        holder = os.read(file, 20).decode() or "unknown"
        raise SettingsError(
            f"Another `nuqleus run` (process {holder}) works with the state folder {folder}: stop it first, "
            "or give this one a state folder of its own with NUQLEUS_STATE_DIR."
        ) from None
    os.ftruncate(file, 0)
    os.write(file, str(os.getpid()).encode())
