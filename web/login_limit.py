"""Login limit: how often somebody may guess a token."""

import time
from collections import OrderedDict, deque
from collections.abc import Callable

PER_CLIENT, WINDOW_SECONDS = 5, 60.0
"""Wrong tokens that an address may send within so many seconds."""

IN_ALL = 50
"""Wrong tokens of all addresses together in that time: many machines guess no faster than a few."""

REMEMBERED = 10_000
"""Addresses that are remembered."""


class LoginLimit:
    """Counts wrong tokens.

    Args:
        clock: seconds from any origin.
    """

    def __init__(self, clock: Callable[[], float] = time.monotonic) -> None:
        self._clock = clock
        self._of_client: OrderedDict[str, deque[float]] = OrderedDict()
        self._of_all: deque[float] = deque(maxlen=IN_ALL)

    def wait_seconds(self, client: str) -> float:
        """Seconds until this address may try again; 0 if it may now."""
        mine = self._of_client.get(client, deque())
        return max(self._left(mine, PER_CLIENT), self._left(self._of_all, IN_ALL))

    def note_failure(self, client: str) -> None:
        """Note that this address sent a wrong token."""
        times = self._of_client.setdefault(client, deque(maxlen=PER_CLIENT))
        self._of_client.move_to_end(client)
        times.append(self._clock())
        self._of_all.append(self._clock())
        while len(self._of_client) > REMEMBERED:
            self._of_client.popitem(last=False)

    def _left(self, times: deque[float], most: int) -> float:
        if len(times) < most:
            return 0.0
        return max(0.0, times[0] + WINDOW_SECONDS - self._clock())
