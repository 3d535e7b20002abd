"""Refreshed answer: one of the database that is made in the background and shown until there is a newer one."""

import asyncio
import logging
import threading
import time
from collections.abc import Callable
from dataclasses import dataclass, replace
from typing import Generic, TypeVar

from nuqleus.errors import NuqleusError

log = logging.getLogger(__name__)

Answer = TypeVar("Answer")

REFRESH_SECONDS = 5.0
"""Answers are made no more often than this."""

MAX_BUSY_SHARE = 0.05
"""Of the time that making answers may take."""

LONGEST_SECONDS = 300.0
"""Nothing newer is asked for in so long at most, however long the last answer took: the database may have been away."""

FIRST_SECONDS = 0.1
"""How long a person waits for an answer where there is none, or only an old one: the page looks again by itself."""

PROGRAM_SECONDS = 10.0
"""How long a program waits, which takes what it is given for what is now."""

POLL_SECONDS = 0.02

OLD_SECONDS = 3 * REFRESH_SECONDS
"""An answer that old is of a time when nobody looked."""


@dataclass(frozen=True)
class Dated(Generic[Answer]):
    """An answer, and when it was made.

    Attributes:
        answer: None before the first one.
        as_of: seconds since 1970.
        trouble: why there is no newer one, in words.
    """

    answer: Answer | None = None
    as_of: float = 0.0
    trouble: str | None = None


class RefreshedAnswer(Generic[Answer]):
    """Asks in the background while somebody looks; nobody waits for it.

    Args:
        make: asks the database.
        clock: seconds since 1970.
        stopwatch: seconds from any origin; says what an answer took.
    """

    def __init__(
        self,
        make: Callable[[], Answer],
        clock: Callable[[], float] = time.time,
        stopwatch: Callable[[], float] = time.monotonic,
    ) -> None:
        self._make = make
        self._clock = clock
        self._stopwatch = stopwatch
        self._asking = threading.Lock()
        self._is_there = threading.Event()
        self._latest: Dated[Answer] = Dated()
        self._asked = self._due = float("-inf")
        self._began = float("inf")

    def latest(self, patience: float = FIRST_SECONDS) -> Dated[Answer]:
        """The newest answer; a newer one is asked for if it is time.

        Args:
            patience: seconds to wait where there is none, or only an old one.
        """
        if self._is_due() and self._asking.acquire(blocking=False):
            if abs(self._clock() - self._latest.as_of) > OLD_SECONDS:
                self._is_there.clear()
            self._began = self._clock()
            threading.Thread(target=self._renew, name="refresh", daemon=True).start()
        self._is_there.wait(patience)
        return self._known()

    async def look(self, patience: float = FIRST_SECONDS) -> Dated[Answer]:
        """The same for who may not keep a thread waiting."""
        self.latest(patience=0.0)
        end = self._stopwatch() + patience
        while not self._is_there.is_set() and self._stopwatch() < end:
            await asyncio.sleep(POLL_SECONDS)
        return self._known()

    def _known(self) -> Dated[Answer]:
        """The newest answer; if the next one doesn't come, with the reason."""
        silent = self._clock() - self._began if self._asking.locked() else 0.0
        if silent <= OLD_SECONDS:
            return self._latest
        return replace(self._latest, trouble=f"The database has not answered for {silent:.0f} seconds.")

    def _is_due(self) -> bool:
        """Whether it is time for a newer answer; so it is after a clock was set back, which may not be waited for."""
        return not self._asked <= self._clock() < self._due

    def _renew(self) -> None:
        began = self._stopwatch()
        try:
            as_of = self._clock()
            self._latest = Dated(self._make(), as_of)
        except NuqleusError as error:
            self._latest = Dated(self._latest.answer, self._latest.as_of, str(error))
        except Exception:
            log.exception("The answer can't be made.")
            self._latest = Dated(
                self._latest.answer, self._latest.as_of, "An error nobody expected; see the log."
            )
        finally:
            took = self._stopwatch() - began
            pause = REFRESH_SECONDS if self._latest.trouble else took / MAX_BUSY_SHARE
            self._asked = self._clock()
            self._due = self._asked + min(LONGEST_SECONDS, max(REFRESH_SECONDS, pause))
            self._began = float("inf")
            self._is_there.set()
            self._asking.release()
