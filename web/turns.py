"""Turns: so many may wait for a slow thing at a time, so that threads are left for those who don't wait for it."""

from asyncio import Semaphore
from collections.abc import Awaitable, Callable
from dataclasses import dataclass, field
from functools import partial, wraps

from starlette.concurrency import run_in_threadpool
from starlette.requests import Request
from starlette.responses import Response

DRAWING, WRITING = 16, 4
"""Turns at a time, of Starlette's 40 threads."""


@dataclass(frozen=True)
class Turns:
    """Turns of pages that may have to wait.

    Attributes:
        drawing: for the processes that draw, and for the drive that they read.
        writing: for a database that somebody else writes to.
    """

    drawing: Semaphore = field(default_factory=partial(Semaphore, DRAWING))
    writing: Semaphore = field(default_factory=partial(Semaphore, WRITING))


def in_turn(make: Callable[[Request], Response]) -> Callable[[Request], Awaitable[Response]]:
    """Let a picture be drawn in its turn."""

    @wraps(make)
    async def answer(request: Request) -> Response:
        async with request.app.state.site.turns.drawing:
            return await run_in_threadpool(make, request)

    return answer
