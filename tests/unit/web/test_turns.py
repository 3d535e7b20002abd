"""Whoever waits for a slow thing keeps nobody else waiting."""

import asyncio
import threading
from dataclasses import dataclass, field

import pytest
from anyio.from_thread import start_blocking_portal
from httpx2 import ASGITransport, AsyncClient, Response

from tests.examples import image_result
from web.pages import files
from web.turns import DRAWING, WRITING

THREADS = 40
"""Of Starlette."""

PATIENCE = 120.0
"""Seconds that a busy machine may take."""


@dataclass
class Slow:
    """Something that many wait for, and what it gives them in the end."""

    given: object = b""
    waiting: list[int] = field(default_factory=list)
    goes_on: threading.Event = field(default_factory=threading.Event)

    def __call__(self, *_: object, **__: object) -> object:
        self.waiting.append(1)
        self.goes_on.wait(PATIENCE)
        return self.given


@pytest.fixture
def slow():
    slow = Slow()
    yield slow
    slow.goes_on.set()


def ask_meanwhile(page, slow: Slow, waited_for: int, others: tuple, path: str) -> Response:
    """Ask for a page while as many wait as may, and as many more for their turn."""

    async def ask() -> Response:
        transport = ASGITransport(page.app, client=("127.0.0.1", 50000))
        async with AsyncClient(transport=transport, base_url="http://localhost:8600") as client:
            waiting = [asyncio.ensure_future(client.request(*others)) for _ in range(2 * THREADS)]
            while len(slow.waiting) < waited_for:
                await asyncio.sleep(0.01)
            answer = await asyncio.wait_for(client.get(path), PATIENCE)
            assert len(slow.waiting) == waited_for
            slow.goes_on.set()
            await asyncio.gather(*waiting)
            return answer

    with start_blocking_portal() as portal:  # a browser may have left a loop in this thread
        return portal.call(asyncio.wait_for, ask(), 4 * PATIENCE)


def test_a_page_is_there_while_hundreds_of_tiles_of_a_slow_image_are_waited_for(
    visit, archive, slow, monkeypatch
):
    archive.done("a.png", images=[image_result(1)])
    page = visit()
    monkeypatch.setattr(page.app.state.site.painter, "draw", slow)
    answer = ask_meanwhile(page, slow, DRAWING, ("GET", "/images/1/tiles/1/0/0"), "/files")
    assert "a.png" in answer.text


def test_a_page_is_there_while_many_try_again_and_the_database_is_locked(visit, archive, slow, monkeypatch):
    archive.failed("a.png")
    monkeypatch.setattr(files, "retry_matching", slow)
    answer = ask_meanwhile(visit(), slow, WRITING, ("POST", "/api/files/retry"), "/files")
    assert "a.png" in answer.text


def test_how_things_stand_is_told_while_the_database_lets_every_other_page_wait(visit, slow, monkeypatch):
    page = visit()
    page.app.state.site.dashboard.latest(PATIENCE)
    slow.given = None
    monkeypatch.setattr(files, "get_listed", slow)
    answer = ask_meanwhile(page, slow, THREADS, ("GET", "/files/1"), "/overview")
    assert "No file has been seen yet." in answer.text
