"""Hiccups: trouble that has nothing to do with the file, and passes."""

import logging
import time
from collections.abc import Callable
from dataclasses import dataclass
from typing import ParamSpec, TypeVar

from nuqleus.errors import RetryableError

log = logging.getLogger(__name__)

Arguments = ParamSpec("Arguments")
Result = TypeVar("Result")

WAITS = (1.0, 2.0, 4.0, 8.0, 16.0, 32.0)
"""Seconds before each further try: together long enough for a database or a network drive to restart."""

_LASTING = (FileNotFoundError, PermissionError, IsADirectoryError, NotADirectoryError)


def is_hiccup(error: BaseException) -> bool:
    """Say whether the same call may work in a while: a database, a drive or a network that is away for a moment."""
    if isinstance(error, OSError):
        return not isinstance(error, _LASTING)
    return isinstance(error, RetryableError)


@dataclass(frozen=True)
class Patience:
    """Repeats a call through hiccups, with growing waits.

    Attributes:
        waits: seconds before each further try.
        sleep: how to wait.
    """

    waits: tuple[float, ...] = WAITS
    sleep: Callable[[float], None] = time.sleep

    def __call__(
        self, action: Callable[Arguments, Result], *args: Arguments.args, **options: Arguments.kwargs
    ) -> Result:
        """Return what `action` returns.

        Raises:
            Exception: whatever `action` raises, if it is no hiccup, or one that outlasts all waits.
        """
        for wait in self.waits:
            try:
                return action(*args, **options)
            except Exception as error:
                if not is_hiccup(error):
                    raise
                log.warning("%s: %s. Trying again in %g s.", type(error).__name__, error, wait)
            self.sleep(wait)
        return action(*args, **options)
