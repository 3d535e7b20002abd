"""When a file is complete, judged by looks at its size and time of change and an injected clock."""

from pathlib import Path

import pytest

from nuqleus.file_stat import FileStat
from scheduler.completeness import EMPTY_FACTOR, OPEN_FACTOR, Completeness

SETTLE = 2.0
A = FileStat(size=100, mtime_ns=1)
ANCIENT = FileStat(size=100, mtime_ns=0)
NOTHING = FileStat(size=0, mtime_ns=1)


@pytest.fixture
def written():
    """Paths that a process has open for writing."""
    return set()


@pytest.fixture
def completeness(clock, written):
    return Completeness(Path("inbox"), SETTLE, clock, is_open=lambda path: path.name in written)


@pytest.mark.parametrize("stamp", [A, ANCIENT], ids=["new", "old, as cp -p leaves it"])
def test_one_look_is_never_enough(completeness, clock, stamp):
    assert not completeness.is_complete("a.tif", stamp)
    clock.advance(SETTLE)
    assert completeness.is_complete("a.tif", stamp)


def test_a_file_must_stand_still_for_the_whole_time(completeness, clock):
    completeness.is_complete("a.tif", A)
    clock.advance(SETTLE - 0.01)
    assert not completeness.is_complete("a.tif", A)


@pytest.mark.parametrize(
    "change", [FileStat(200, 1), FileStat(100, 2), FileStat(50, 0)], ids=["size", "time", "shorter"]
)
def test_every_change_begins_the_wait_anew(completeness, clock, change):
    completeness.is_complete("a.tif", A)
    clock.advance(SETTLE)
    assert not completeness.is_complete("a.tif", change)
    clock.advance(SETTLE / 2)
    assert not completeness.is_complete("a.tif", change)
    clock.advance(SETTLE / 2)
    assert completeness.is_complete("a.tif", change)


def test_a_slow_copy_is_waited_for_however_long_it_takes(completeness, clock):
    for size in range(1, 1000):
        assert not completeness.is_complete("a.tif", FileStat(size, size))
        clock.advance(SETTLE * 5)
    assert completeness.is_complete("a.tif", FileStat(999, 999))


def test_files_settle_independently(completeness, clock):
    completeness.is_complete("a.tif", A)
    clock.advance(SETTLE)
    assert not completeness.is_complete("b.tif", A)
    assert completeness.is_complete("a.tif", A)


def test_an_empty_file_gets_more_time_but_ends_too(completeness, clock):
    completeness.is_complete("a.tif", NOTHING)
    clock.advance(SETTLE * EMPTY_FACTOR - 0.01)
    assert not completeness.is_complete("a.tif", NOTHING)
    clock.advance(0.01)
    assert completeness.is_complete("a.tif", NOTHING)


def test_a_file_that_is_open_for_writing_is_waited_for(completeness, clock, written):
    written.add("a.tif")
    completeness.is_complete("a.tif", A)
    clock.advance(SETTLE * 5)
    assert not completeness.is_complete("a.tif", A)
    written.clear()
    assert completeness.is_complete("a.tif", A)


def test_but_not_for_ever_since_network_drives_may_always_say_so(completeness, clock, written):
    written.add("a.tif")
    completeness.is_complete("a.tif", A)
    clock.advance(SETTLE * OPEN_FACTOR)
    assert completeness.is_complete("a.tif", A)


def test_the_seconds_to_next_is_due_when_the_first_file_may_have_settled(completeness, clock):
    assert completeness.seconds_to_next() is None
    completeness.is_complete("a.tif", A)
    clock.advance(0.5)
    completeness.is_complete("b.tif", NOTHING)
    assert completeness.seconds_to_next() == pytest.approx(SETTLE - 0.5)


def test_nobody_looks_all_the_time_at_a_file_that_stays_open(completeness, clock, written):
    written.add("a.tif")
    completeness.is_complete("a.tif", A)
    clock.advance(SETTLE * 3)
    completeness.is_complete("a.tif", A)
    assert completeness.seconds_to_next() == SETTLE


def test_files_that_are_no_longer_waited_for_are_forgotten(completeness, clock):
    completeness.is_complete("a.tif", A)
    completeness.is_complete("b.tif", A)
    completeness.keep({"b.tif"})
    clock.advance(SETTLE)
    assert not completeness.is_complete("a.tif", A), "remembered"
    assert completeness.is_complete("b.tif", A)
