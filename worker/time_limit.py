"""Soft time limit, raised as an exception that no decoder takes for an error of the file."""

import signal
from types import FrameType

from billiard.pool import SIG_SOFT_TIMEOUT


class TimeLimitExceeded(BaseException):
    """The soft time limit of a task is over.

    Not an `Exception`: libraries catch those around damaged files, and would call a slow one damaged.
    """


class ChunkTimedOut(Exception):  # noqa: N818 - no error of a file
    """A chunk of files took too long. Threads can't be stopped: the process must end."""


def install_soft_time_limit() -> None:
    """Signal handler: this process, a child of Celery's, raises `TimeLimitExceeded` instead of Celery's own error."""
    signal.signal(SIG_SOFT_TIMEOUT, _raise)


def _raise(number: int, frame: FrameType | None) -> None:  # noqa: ARG001 - signal's signature
    raise TimeLimitExceeded
