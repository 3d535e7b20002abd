"""Memory budget that threads share."""

from collections.abc import Iterator
from contextlib import contextmanager
from threading import Condition


class MemoryBudget:
    """Budget of memory, in whatever unit. Who asks for more than there is waits until nobody else has any."""

    def __init__(self, size: int) -> None:
        self._size = size
        self._taken = 0
        self._change = Condition()
        self.waiting = 0

    @contextmanager
    def reserve(self, amount: int) -> Iterator[None]:
        """Wait until this amount is free, and have it for the length of the block."""
        with self._change:
            self.waiting += 1
            self._change.wait_for(lambda: not self._taken or self._taken + amount <= self._size)
            self.waiting -= 1
            self._taken += amount
        try:
            yield
        finally:
            with self._change:
                self._taken -= amount
                self._change.notify_all()
