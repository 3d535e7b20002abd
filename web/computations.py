"""Computations: results that take longer than a page may, made in the background and kept for those who ask again."""

import logging
import time
from collections import OrderedDict
from collections.abc import Callable, Hashable
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from threading import Event, Lock
from typing import Generic, TypeVar

from nuqleus.errors import NuqleusError

log = logging.getLogger(__name__)

Result = TypeVar("Result")

KEPT_SECONDS, KEPT_RESULTS = 300.0, 100
"""Results are kept for so long at most, and so many of them."""

SHORTEST_SECONDS, MAX_BUSY_SHARE = 15.0, 0.05
"""They are made anew after so long, unless that would take more than this share of the time."""

TROUBLE_SECONDS = 5.0
"""Why there is no result is said for so long; then it is tried again."""

AT_A_TIME = 2

MOST_WAITING = 20
"""Of computations; who asks for more is told to come back."""


@dataclass
class Computation(Generic[Result]):
    """A result that is being made.

    Attributes:
        began: when it was asked for.
        as_of: the same, in seconds since 1970: what was measured since then isn't in the result.
        kept_until: after that it is made anew for who asks again.
        progress: which share is done, 0 to 1.
        result: None until it is there.
        trouble: why there is none, in words.
        ended: set when one of these is there.
    """

    began: float
    as_of: float = field(default_factory=time.time)
    kept_until: float = float("inf")
    progress: float = 0.0
    result: Result | None = None
    trouble: str | None = None
    ended: Event = field(default_factory=Event)


class Computations(Generic[Result]):
    """Makes results in the background.

    Args:
        clock: seconds from any origin.
    """

    def __init__(self, clock: Callable[[], float] = time.monotonic) -> None:
        self._clock = clock
        self._computations: OrderedDict[Hashable, Computation[Result]] = OrderedDict()
        self._lock = Lock()
        self._pool = ThreadPoolExecutor(AT_A_TIME, thread_name_prefix="computation")

    def ask(
        self, key: Hashable, make: Callable[[Callable[[float], None]], Result]
    ) -> Computation[Result] | None:
        """Return the computation of a key, begun now if there is none; None if too many wait.

        Args:
            key: the same for the same question.
            make: makes the result; is given what to tell its progress to.
        """
        with self._lock:
            self._forget()
            computation = self._computations.get(key)
            if computation is None:
                if (
                    sum(not computation.ended.is_set() for computation in self._computations.values())
                    >= MOST_WAITING
                ):
                    return None
                computation = self._computations[key] = Computation(self._clock())
                self._pool.submit(self._make, computation, make)
            return computation

    def close(self) -> None:
        """Begin with no further one."""
        self._pool.shutdown(wait=False, cancel_futures=True)

    def _make(
        self, computation: Computation[Result], make: Callable[[Callable[[float], None]], Result]
    ) -> None:
        try:
            computation.result = make(lambda share: setattr(computation, "progress", share))
        except NuqleusError as error:
            computation.trouble = str(error)
        except Exception:
            log.exception("A plot can't be made.")
            computation.trouble = "An error nobody expected; the log of the page says more."
        finally:
            computation.kept_until = self._clock() + self._kept_seconds(computation)
            computation.ended.set()

    def _kept_seconds(self, computation: Computation[Result]) -> float:
        if computation.trouble:
            return TROUBLE_SECONDS
        took = self._clock() - computation.began
        return min(KEPT_SECONDS, max(SHORTEST_SECONDS, took / MAX_BUSY_SHARE))

    def _forget(self) -> None:
        now = self._clock()
        ended = {key: done for key, done in self._computations.items() if done.ended.is_set()}
        old = [key for key, done in ended.items() if now > done.kept_until]
        recent = [key for key in ended if key not in old]
        for key in old + recent[: max(0, len(self._computations) - len(old) - KEPT_RESULTS)]:
            del self._computations[key]
