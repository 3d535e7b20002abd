"""Trouble log: a trouble that lasts is logged when it begins or changes, and when it ends, not at every try."""

import logging


class TroubleLog:
    """Logs one trouble at a time, and counts it while it lasts: it is told again at the 10th, the 100th … try.

    Args:
        log: of the module whose trouble it is.
        on_trouble: what is logged of it, with a `%s` for the trouble.
        on_recovery: what is logged when it is over.

    Attributes:
        current: the trouble at hand; an empty text while there is none.
    """

    def __init__(self, log: logging.Logger, on_trouble: str, on_recovery: str) -> None:
        self.current = ""
        self._log = log
        self._on_trouble = on_trouble
        self._on_recovery = on_recovery
        self._tries = 0

    def note(self, trouble: str, unexpected: Exception | None = None) -> None:
        """Take note of how the last try went.

        Args:
            trouble: what was wrong; an empty text if it went well.
            unexpected: an error that nobody expected: it is logged with its traceback, once.
        """
        self._tries = self._tries + 1 if trouble == self.current else 1
        if trouble and trouble != self.current:
            self._log.error(self._on_trouble, trouble, exc_info=unexpected)
        elif trouble and str(self._tries).strip("0") == "1":
            self._log.error(f"{self._on_trouble} (%d tries so far)", trouble, self._tries)
        elif self.current and not trouble:
            self._log.info(self._on_recovery)
        self.current = trouble
