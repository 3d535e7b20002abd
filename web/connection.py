"""Connections of clients that take their time: each must send its request within seconds, or it is closed."""

from asyncio import TimerHandle, Transport
from typing import Any

import h11
from uvicorn.protocols.http.h11_impl import H11Protocol

REQUEST_SECONDS = 10.0
"""Seconds for a request, head and body."""


class RequestTimeoutProtocol(H11Protocol):
    """HTTP/1.1, for clients that send what they have to say at once."""

    _timer: TimerHandle | None = None

    def connection_made(self, transport: Transport) -> None:  # type: ignore[override]
        """Begin to wait for a request."""
        super().connection_made(transport)
        self._wait(None)

    def connection_lost(self, exc: Exception | None) -> None:
        """Wait no longer."""
        if self._timer:
            self._timer.cancel()
        super().connection_lost(exc)

    def _wait(self, waited_for: Any) -> None:
        self._timer = self.loop.call_later(REQUEST_SECONDS, self._check, waited_for)

    def _check(self, waited_for: Any) -> None:
        """Close the connection if it is in the middle of the same request as last time."""
        now = self._unfinished()
        if now is not None and now == waited_for:
            self.transport.close()
        else:
            self._wait(now)

    def _unfinished(self) -> Any:
        """Return what tells a request that hasn't come as a whole from others; None if there is none."""
        is_in_head = self.conn.their_state is h11.IDLE and (self.cycle is None or self.conn.trailing_data[0])
        if is_in_head or self.conn.their_state is h11.SEND_BODY:
            return id(self.cycle), self.conn.their_state
        return None
