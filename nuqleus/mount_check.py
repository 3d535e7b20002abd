"""Mount check: is the watched folder there, and still the same? An unmounted drive leaves an empty folder behind."""

import errno
import os
from contextlib import suppress
from pathlib import Path

from nuqleus.errors import InboxAway
from nuqleus.file_errors import describe_file_error
from nuqleus.file_stat import wrap64
from nuqleus.paths import escape_path


class MountCheck:
    """Tells a folder that is away, or was exchanged, from one whose files were deleted.

    Args:
        folder: the watched folder; it may be away now, and may be a link.
        device: number of the device that its files lay on when an earlier process saw them; None: not known.
    """

    def __init__(self, folder: Path, device: int | None = None) -> None:
        self._folder = folder
        self._target: str | None = None
        self._device = device
        with suppress(InboxAway):
            self.ensure_mounted()

    def ensure_mounted(self) -> None:
        """Make sure that it is there; a drive that was mounted again may have another number.

        Raises:
            InboxAway: it is missing, can't be entered, doesn't answer, is empty and on another device than before, or
                is a link that leads elsewhere by now.
        """
        self._ensure_same_target()
        try:
            device = device_of(self._folder)
            if device != self._device and self._device is not None and is_empty(self._folder):
                raise FileNotFoundError
            # opening a file in it takes this right alone
            if not os.access(self._folder, os.X_OK):
                raise PermissionError(errno.EACCES, os.strerror(errno.EACCES))
        except OSError as error:
            raise inbox_away(self._folder, error) from error
        self._device = device

    def _ensure_same_target(self) -> None:
        if not os.path.lexists(self._folder):
            return
        target = os.path.realpath(self._folder)
        if self._target not in (None, target):
            raise InboxAway(_EXCHANGED.format(folder=self._folder, before=self._target, now=target))
        self._target = target


def device_of(folder: Path) -> int:
    """Number of the device that a folder lies on, in 64 bits.

    Raises:
        OSError: it can't be looked at.
    """
    return wrap64(folder.stat().st_dev)


def is_empty(folder: Path) -> bool:
    """Say whether nothing at all lies in a folder.

    Raises:
        OSError: it can't be read.
    """
    with os.scandir(folder) as entries:
        return next(entries, None) is None


def inbox_away(folder: Path, error: OSError) -> InboxAway:
    """The error that says why the watched folder can't be looked into."""
    match error:
        case FileNotFoundError() | NotADirectoryError():
            return InboxAway(f"the watched folder {escape_path(folder)} is not there: is its drive mounted?")
        case PermissionError():
            told = describe_file_error(PermissionError(error.errno, error.strerror, str(folder)))
            return InboxAway(f"the watched folder can't be looked into: {told}")
    return InboxAway(f"the watched folder {escape_path(folder)} doesn't answer: {error.strerror}")


_EXCHANGED = (
    "the watched folder {folder} is another one: it led to {before}, and leads to {now} now. Point it back; or, if the "
    "files were moved there, stop nuqleus, run `nuqleus db adopt --input {folder}`, and start it again"
)
