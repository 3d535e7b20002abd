"""The queue, as the scheduler sees it."""

import logging
from collections.abc import Callable, Sequence

from nuqleus.errors import BrokerUnavailable

log = logging.getLogger(__name__)

RINGS = 200
"""Files enqueued before their messages are sent: a crash between the two costs at most so many second rings."""


class Bell:
    """Sends messages, and keeps those that can't be sent now.

    Args:
        send: sends a message for each of these files; raises BrokerUnavailable.
        depth: counts the messages on the broker; raises BrokerUnavailable.
    """

    def __init__(self, send: Callable[[Sequence[int]], None], depth: Callable[[], int]) -> None:
        self._send = send
        self._depth = depth
        self._unsent: list[int] = []

    def ring(self, file_ids: Sequence[int]) -> None:
        """Send, together with what couldn't be sent before; what can't be sent now is kept for the next time."""
        self._unsent += file_ids
        while self._unsent:
            try:
                self._send(self._unsent[:RINGS])
            except BrokerUnavailable as error:
                log.warning("%s %d files wait to be sent.", error, len(self._unsent))
                return
            del self._unsent[:RINGS]

    def is_silent(self) -> bool:
        """Say whether the broker answers, and has no messages."""
        try:
            return self._depth() == 0
        except BrokerUnavailable:
            return False
