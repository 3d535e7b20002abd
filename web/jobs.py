"""Jobs: answers that take longer than a page may, made in the background and kept for those who ask again."""

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

Answer = TypeVar("Answer")

KEPT_SECONDS, KEPT_JOBS = 300.0, 100
"""Answers are kept for so long, and so many of them."""

AT_A_TIME = 2

MOST_WAITING = 20
"""Jobs that wait; who asks for more is told to come back."""


@dataclass
class Job(Generic[Answer]):
    """An answer that is being made.

    Attributes:
        began: when it was asked for.
        progress: which share is done, 0 to 1.
        answer: None until it is there.
        trouble: why there is none, in words.
        ended: set when one of these is there.
    """

    began: float
    progress: float = 0.0
    answer: Answer | None = None
    trouble: str | None = None
    ended: Event = field(default_factory=Event)


class Jobs(Generic[Answer]):
    """Makes answers in the background.

    Args:
        clock: seconds from any origin.
    """

    def __init__(self, clock: Callable[[], float] = time.monotonic) -> None:
        self._clock = clock
        self._jobs: OrderedDict[Hashable, Job[Answer]] = OrderedDict()
        self._lock = Lock()
        self._pool = ThreadPoolExecutor(AT_A_TIME, thread_name_prefix="job")

    def ask(self, key: Hashable, make: Callable[[Callable[[float], None]], Answer]) -> Job[Answer] | None:
        """Return the job of a key, begun now if there is none; None if too many wait.

        Args:
            key: the same for the same question.
            make: makes the answer; is given what to tell its progress to.
        """
        with self._lock:
            self._forget()
            job = self._jobs.get(key)
            if job is None:
                if sum(not job.ended.is_set() for job in self._jobs.values()) >= MOST_WAITING:
                    return None
                job = self._jobs[key] = Job(self._clock())
                self._pool.submit(self._make, job, make)
            return job

    def close(self) -> None:
        """Begin with no further one."""
        self._pool.shutdown(wait=False, cancel_futures=True)

    def _make(self, job: Job[Answer], make: Callable[[Callable[[float], None]], Answer]) -> None:
        try:
            job.answer = make(lambda share: setattr(job, "progress", share))
        except NuqleusError as error:
            job.trouble = str(error)
        except Exception:
            log.exception("A plot can't be made.")
            job.trouble = "An error nobody expected; the log of the page says more."
        finally:
            job.ended.set()

    def _forget(self) -> None:
        now = self._clock()
        old = [
            key
            for key, job in self._jobs.items()
            if job.ended.is_set() and (job.trouble or now - job.began > KEPT_SECONDS)
        ]
        ended = [key for key, job in self._jobs.items() if job.ended.is_set() and key not in old]
        for key in old + ended[: max(0, len(self._jobs) - len(old) - KEPT_JOBS)]:
            del self._jobs[key]
