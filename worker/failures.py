"""Failure reasons: errors of a file as a short kind, and a message for the person who dropped it."""

import logging
from dataclasses import dataclass

from model.errors import ImageError
from nuqleus.database.files.updates import VANISHED
from nuqleus.errors import UnsafePath
from nuqleus.file_errors import describe_user
from worker.time_limit import TimeLimitExceeded

log = logging.getLogger(__name__)


@dataclass(frozen=True)
class FailureReason:
    """Why a file failed.

    Attributes:
        kind: short name, stored as `files.error_kind`.
        message: what was wrong and what to do, stored as `files.error`.
    """

    kind: str
    message: str


def describe_failure(
    error: Exception | TimeLimitExceeded, time_limit: float, file: str = "The file"
) -> FailureReason:
    """Turn an error into a reason; one that nobody expected is also logged with its traceback.

    Args:
        error: what was raised while the file was processed.
        time_limit: the seconds that a file may take.
        file: which one can't be read, where it is one of several.
    """
    match error:
        case ImageError():
            return FailureReason(error.kind, str(error))
        case UnsafePath():
            return FailureReason(
                "unsafe-path",
                f"{error}. Copy the file itself, or set NUQLEUS_OUTSIDE_LINKS to allow such links.",
            )
        case FileNotFoundError():
            return FailureReason("vanished", VANISHED)
        case PermissionError():
            return FailureReason("unreadable", _NOT_PERMITTED.format(file=file, user=describe_user()))
        case OSError():
            return FailureReason(
                "unreadable", f"{file} can't be read: {error.strerror or error}. Check the drive it is on."
            )
        case TimeLimitExceeded():
            return FailureReason("time-limit", _TOO_SLOW.format(seconds=time_limit))
        case MemoryError():
            return FailureReason("out-of-memory", _TOO_LARGE)
    log.error("An error nobody expected:", exc_info=error)
    return FailureReason("unexpected", f"{type(error).__name__}: {error}. The worker's log has the details.")


_NOT_PERMITTED = (
    "{file} can't be read: permission denied to {user}. Give that user the right to read it, and queue it again with "
    "`nuqleus retry`."
)
_TOO_SLOW = (
    "The file took longer than {seconds:g} s. Split it into smaller ones, or raise NUQLEUS_SOFT_TIME_LIMIT and "
    "NUQLEUS_TIME_LIMIT, and queue it again with `nuqleus retry`."
)
_TOO_LARGE = (
    "The image needs more memory than the worker has. Split it into smaller ones, or give the worker more memory "
    "and queue it again with `nuqleus retry`."
)
