"""Trouble log: a trouble that lasts is logged when it begins or changes, and when it ends, not at every try."""

import logging


class TroubleLog:
    """Logs one trouble at a time.

    Args:
        log: of the module whose trouble it is.
        on_trouble: what is logged of it, with a `%s` for the trouble.
        on_recovery: what is logged when it is over.
    """

    def __init__(self, log: logging.Logger, on_trouble: str, on_recovery: str) -> None:
        self._log = log
        self._on_trouble = on_trouble
        self._on_recovery = on_recovery
        self._last = ""

    def note(self, trouble: str) -> None:
        """Take note of how the last try went; an empty text if it went well."""
        if trouble and trouble != self._last:
            self._log.error(self._on_trouble, trouble)
        elif self._last and not trouble:
            self._log.info(self._on_recovery)
        self._last = trouble
