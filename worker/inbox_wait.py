"""Wait for a watched folder that is away, before a file of it is claimed: no file may pay for a drive."""

import logging
from collections.abc import Callable
from dataclasses import dataclass, field

from nuqleus.errors import InboxAway
from worker.inbox_reader import InboxReader

log = logging.getLogger(__name__)

LOOK_SECONDS = 2.0
"""Time between two looks."""


@dataclass
class InboxWait:
    """Waits for the watched folder where it is away; says so once, and when it is over.

    Attributes:
        inbox: the folder.
        sleep: how to wait.
    """

    inbox: InboxReader
    sleep: Callable[[float], None]
    _told: str = field(init=False, default="")

    def is_over(self, seconds: float, is_ending: Callable[[], bool]) -> bool:
        """Wait until the folder is there.

        Args:
            seconds: how long to wait at most.
            is_ending: says that there is no time to wait.

        Returns:
            Whether it is there.
        """
        while trouble := self._trouble():
            if trouble != self._told:
                log.warning("This worker waits, however long: %s.", trouble)
                self._told = trouble
            if seconds <= 0 or is_ending():
                return False
            self.sleep(LOOK_SECONDS)
            seconds -= LOOK_SECONDS
        if self._told:
            log.info("The watched folder is there again.")
            self._told = ""
        return True

    def _trouble(self) -> str:
        try:
            self.inbox.ensure_there()
        except InboxAway as error:
            return str(error)
        return ""
