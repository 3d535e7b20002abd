"""Files in company: each in a thread, so that one is read and another measured while the network looks at a third."""

from collections.abc import Callable, Hashable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor, wait
from contextlib import contextmanager
from threading import Lock
from weakref import WeakValueDictionary

THREADS = 6
"""Files at hand at the same time. Two threads a core keep the cores busy; beyond that, only batches grow."""


def work_together(actions: Sequence[Callable[[], None]], threads: int = THREADS) -> None:
    """Run every action in a thread, so many at a time, and wait until all have ended.

    Raises:
        Exception: what the first action that failed has raised, when all have ended.
        BaseException: what interrupted the waiting. Nobody can stop the threads then: end the process.
    """
    pool = ThreadPoolExecutor(threads, thread_name_prefix="company")
    try:
        futures = [pool.submit(action) for action in actions]
        wait(futures)
    finally:
        pool.shutdown(wait=False, cancel_futures=True)
    for future in futures:
        future.result()


class Turns:
    """Lets threads that want the same thing have it one after the other."""

    def __init__(self) -> None:
        self._locks: WeakValueDictionary[Hashable, Lock] = WeakValueDictionary()
        self._guard = Lock()

    @contextmanager
    def of(self, thing: Hashable) -> Iterator[None]:
        """Have a thing for the length of the block."""
        with self._guard:
            lock = self._locks.get(thing) or Lock()
            self._locks[thing] = lock
        with lock:
            yield
