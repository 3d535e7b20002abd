"""Threads that share what there is of something, memory say."""

from collections.abc import Iterator
from contextlib import contextmanager
from threading import Condition


class Room:
    """Shares out what there is of something. Who wants more than that waits until nobody else has any."""

    def __init__(self, size: int) -> None:
        self._size = size
        self._taken = 0
        self._change = Condition()
        self.waiting = 0

    @contextmanager
    def of(self, amount: int) -> Iterator[None]:
        """Have so much for the length of the block."""
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
