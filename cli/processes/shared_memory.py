"""Shared memory: what a worker's two processes need to talk to each other."""

from billiard import Lock

from nuqleus.errors import SettingsError


def ensure_shared_memory() -> None:
    """Make sure that processes can share a lock, for which Linux has a file system in memory.

    Raises:
        SettingsError: they can't.
    """
    try:
        Lock()
    except OSError as error:
        raise SettingsError(
            f"Processes can't share memory here ({error.strerror}): /dev/shm is missing, or can't be written to. Mount "
            "a file system in memory there: mount -t tmpfs tmpfs /dev/shm; for a container, --tmpfs /dev/shm."
        ) from error
