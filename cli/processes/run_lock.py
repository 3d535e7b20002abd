"""Run lock: one `nuqleus run` to a state folder."""

import os
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from cli.processes.file_lock import open_lock_file, try_lock
from nuqleus.errors import SettingsError


@contextmanager
def hold_run_lock(folder: Path) -> Iterator[None]:
    """Hold the lock of a folder, created if need be, for the length of the block.

    Raises:
        SettingsError: another process holds it.
    """
    with open_lock_file(folder / "run.lock", 0o644) as file:
        if not try_lock(file):
            holder = os.read(file, 20).decode() or "unknown"
            raise SettingsError(
                f"Another `nuqleus run` (process {holder}) works with the state folder {folder}: stop it first, "
                "or give this one a state folder of its own with NUQLEUS_STATE_DIR."
            )
        os.ftruncate(file, 0)
        os.write(file, str(os.getpid()).encode())
        yield
