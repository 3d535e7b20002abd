"""Requests of several threads at the same time share a batch."""

from concurrent.futures import ThreadPoolExecutor
from threading import Barrier, Event

import pytest

from model.network.request_batcher import RequestBatcher

PATIENCE = 120.0


class Clerk:
    """Doubles numbers, the first time only when told to."""

    def __init__(self):
        self.together = []
        self.begun = Event()
        self.go_on = Event()

    def __call__(self, numbers):
        self.together.append(list(numbers))
        self.begun.set()
        assert self.go_on.wait(PATIENCE)
        if 13 in numbers:
            raise ValueError("13")
        return [2 * number for number in numbers]


@pytest.fixture
def clerk():
    return Clerk()


@pytest.fixture
def pool():
    with ThreadPoolExecutor(8) as pool:
        yield pool


def ask_while_busy(batcher, clerk, pool, numbers):
    """Ask one thing, then others while it is being answered."""
    first = pool.submit(batcher, 0)
    assert clerk.begun.wait(PATIENCE)
    others = [pool.submit(batcher, number) for number in numbers]
    while len(batcher._pending) < len(numbers):
        pass
    clerk.go_on.set()
    return [first, *others]


def test_one_thread_alone_is_answered_at_once(clerk):
    clerk.go_on.set()
    assert RequestBatcher(clerk, max_batch=8)(21) == 42
    assert clerk.together == [[21]]


def test_who_asks_meanwhile_is_answered_together_each_with_its_own(clerk, pool):
    asked = ask_while_busy(RequestBatcher(clerk, max_batch=8), clerk, pool, [1, 2, 3])
    assert [future.result() for future in asked] == [0, 2, 4, 6]
    assert [sorted(numbers) for numbers in clerk.together] == [[0], [1, 2, 3]]


def test_no_more_than_so_many_are_answered_together(clerk, pool):
    asked = ask_while_busy(RequestBatcher(clerk, max_batch=2), clerk, pool, [1, 2, 3, 4, 5])
    assert [future.result() for future in asked] == [0, 2, 4, 6, 8, 10]
    assert max(map(len, clerk.together)) == 2


def test_an_error_reaches_all_who_asked_and_nobody_else(clerk, pool):
    asked = ask_while_busy(RequestBatcher(clerk, max_batch=8), clerk, pool, [12, 13])
    assert asked[0].result() == 0
    for future in asked[1:]:
        with pytest.raises(ValueError, match="13"):
            future.result()


def test_as_many_are_answered_at_the_same_time_as_concurrency_allows(pool):
    meeting = Barrier(2, timeout=PATIENCE)

    def answer(numbers):
        meeting.wait()
        return numbers

    batcher = RequestBatcher(answer, max_batch=1, concurrency=2)
    asked = [pool.submit(batcher, number) for number in range(4)]
    assert [future.result() for future in asked] == [0, 1, 2, 3]


def test_no_more_are_answered_at_the_same_time_than_concurrency_allows(clerk, pool):
    batcher = RequestBatcher(clerk, max_batch=1, concurrency=2)
    asked = [pool.submit(batcher, number) for number in range(6)]
    while len(batcher._pending) + len(clerk.together) < 6:
        pass
    assert len(clerk.together) == 2
    clerk.go_on.set()
    assert [future.result() for future in asked] == [0, 2, 4, 6, 8, 10]
