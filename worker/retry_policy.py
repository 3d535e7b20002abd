"""Retry policy for transient errors, which have nothing to do with the file: exponential backoff."""

import logging
import time
from collections.abc import Callable
from dataclasses import dataclass
from typing import ParamSpec, TypeVar

from nuqleus.errors import DatabaseDamaged, DatabaseUnavailable, RetryableError

log = logging.getLogger(__name__)

Arguments = ParamSpec("Arguments")
Result = TypeVar("Result")

BACKOFF_SECONDS = (1.0, 2.0, 4.0, 8.0, 16.0, 32.0)
"""Seconds before each further try: together long enough for a database or a network drive to restart."""

NO_DATABASE = (DatabaseUnavailable, DatabaseDamaged)
"""Errors that say nothing about a file: its row stays as it is, for the scheduler's sweep."""

_LASTING = (FileNotFoundError, PermissionError, IsADirectoryError, NotADirectoryError)


def is_transient(error: BaseException) -> bool:
    """Whether the same call may work in a while: a database, a drive or a network that is away for a moment."""
    if isinstance(error, OSError):
        return not isinstance(error, _LASTING)
    return isinstance(error, RetryableError)


@dataclass(frozen=True)
class RetryPolicy:
    """Repeats a call while it fails with transient errors, with growing waits.

    Attributes:
        backoff: seconds before each further try.
        sleep: how to wait.
    """

    backoff: tuple[float, ...] = BACKOFF_SECONDS
    sleep: Callable[[float], None] = time.sleep

    def __call__(
        self, action: Callable[Arguments, Result], *args: Arguments.args, **options: Arguments.kwargs
    ) -> Result:
        """Return what `action` returns.

        Raises:
            Exception: whatever `action` raises, if it isn't transient, or outlasts all waits.
        """
        trouble = ""
        for wait in self.backoff:
            try:
                return action(*args, **options)
            except Exception as error:
                if not is_transient(error):
                    raise
                if str(error) != trouble:
                    log.warning("%s. Trying again for up to %g s.", error, sum(self.backoff))
                trouble = str(error)
            self.sleep(wait)
        return action(*args, **options)
