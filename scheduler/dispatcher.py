"""Dispatcher: sends the messages of queued files, in chunks."""

import logging
from collections.abc import Callable, Sequence

from nuqleus.database.files.records import QueuedFile
from nuqleus.errors import BrokerUnavailable
from nuqleus.messages import Job
from scheduler.chunks import chunk_size, cut_chunks
from scheduler.trouble_log import TroubleLog

log = logging.getLogger(__name__)

DISPATCH_BATCH = 500
"""Files enqueued before their messages are sent: a crash in between costs at most this many second messages."""


class Dispatcher:
    """Dispatcher of messages; it keeps those that can't be sent now.

    Args:
        send: sends a message for each of these jobs; raises BrokerUnavailable.
        depth: counts the messages on the broker; raises BrokerUnavailable.
        workers: counts the live workers.
        max_chunk: files that may share a message.
    """

    def __init__(
        self,
        send: Callable[[Sequence[Job]], None],
        depth: Callable[[], int],
        workers: Callable[[], int],
        max_chunk: int,
    ) -> None:
        self._send = send
        self._depth = depth
        self._workers = workers
        self._max_chunk = max_chunk
        self._unsent: list[QueuedFile] = []
        self._trouble = TroubleLog(log, "%s Files wait until it works.", "The broker works again.")

    def dispatch(self, files: Sequence[QueuedFile]) -> None:
        """Send, together with what couldn't be sent before; what can't be sent now is kept for the next time.

        Raises:
            DatabaseUnavailable: nobody knows how many workers there are; everything is kept.
        """
        self._unsent += files
        while self._unsent:
            try:
                self._send(list(cut_chunks(self._unsent[:DISPATCH_BATCH], self._chunk_size())))
            except BrokerUnavailable as error:
                self._trouble.note(str(error))
                return
            del self._unsent[:DISPATCH_BATCH]

    def queue_is_empty(self) -> bool:
        """Say whether the broker answers, and has no messages."""
        try:
            depth = self._depth()
        except BrokerUnavailable as error:
            self._trouble.note(str(error))
            return False
        self._trouble.note("")
        return depth == 0

    def _chunk_size(self) -> int:
        if self._max_chunk == 1:
            return 1
        return chunk_size(self._depth() + len(self._unsent), self._workers(), self._max_chunk)
