"""Mount check: is the watched folder's drive there? Where one is unmounted, an empty folder stays behind."""

import errno
from pathlib import Path


class MountCheck:
    """Tells a folder that is away from one whose files were deleted.

    Args:
        folder: the watched folder; it may be away now.
    """

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        self._device = folder.stat().st_dev if folder.is_dir() else None

    def ensure_mounted(self) -> None:
        """Make sure that it is there; a drive that was mounted again may have another number.

        Raises:
            OSError: it is away: the folder is missing, or empty and on another device than before.
        """
        device = self._folder.stat().st_dev if self._folder.is_dir() else None
        if device == self._device is not None:
            return
        if device is None or (self._device is not None and not any(self._folder.iterdir())):
            raise OSError(
                errno.ENODEV, f"the watched folder {self._folder} is not there: is its drive mounted?"
            )
        self._device = device
