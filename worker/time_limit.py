"""The soft time limit, raised as something that no decoder takes for an error of the file."""

import signal
from types import FrameType

from billiard.pool import SIG_SOFT_TIMEOUT


class TimeUp(BaseException):
    """The file at hand took too long.

    Not an `Exception`: libraries catch those around damaged files, and would call a slow one damaged.
    """


class Stuck(Exception):  # noqa: N818 - no error of a file
    """Files in company took too long. Threads can't be stopped: the process must end."""


def raise_time_up() -> None:
    """From now on this process, a child of Celery's, raises `TimeUp` where Celery's own error would be raised."""
    signal.signal(SIG_SOFT_TIMEOUT, _raise)


def _raise(number: int, frame: FrameType | None) -> None:  # noqa: ARG001 - signal's signature
    raise TimeUp
