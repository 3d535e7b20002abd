"""Files beside images: each version is read once it has stood still."""

import pytest

from nuqleus.file_stat import FileStat
from scheduler.file_stats import FileStats
from scheduler.plates.settled_files import SettledFiles
from tests.conftest import Clock

SETTLE = 2.0


def stats(**sizes: int) -> FileStats:
    return FileStats((f"{name}.csv", FileStat(size, 1, 1, 1)) for name, size in sizes.items())


@pytest.fixture
def found(clock: Clock) -> SettledFiles:
    return SettledFiles(lambda path: path.startswith("map"), SETTLE, clock)


def test_one_that_has_stood_still_is_to_be_read(found: SettledFiles, clock: Clock):
    assert found.update(stats(map=1, other=1)) == {"map.csv"}
    assert found.unread() == {}

    clock.advance(SETTLE)
    assert found.update(stats(map=1, other=1)) == frozenset()
    assert list(found.unread()) == ["map.csv"]


def test_each_version_once(found: SettledFiles, clock: Clock):
    found.update(stats(map=1))
    clock.advance(SETTLE)
    found.update(stats(map=1))
    found.mark_read("map.csv")
    assert found.unread() == {}

    assert found.update(stats(map=2)) == {"map.csv"}
    assert found.unread() == {}
    clock.advance(SETTLE)
    found.update(stats(map=2))
    assert found.unread()["map.csv"].size == 2


def test_one_that_is_gone_is_to_be_read_again_when_it_comes_back(found: SettledFiles, clock: Clock):
    found.update(stats(map=1))
    clock.advance(SETTLE)
    found.update(stats(map=1))
    found.mark_read("map.csv")

    assert found.update(stats()) == {"map.csv"}
    assert found.unread() == {}
    found.update(stats(map=1))
    clock.advance(SETTLE)
    found.update(stats(map=1))
    assert list(found.unread()) == ["map.csv"]


def test_it_says_when_to_look_again_until_it_has_looked(found: SettledFiles, clock: Clock):
    assert found.seconds_to_next() is None
    found.update(stats(map=1))
    assert found.seconds_to_next() == SETTLE

    clock.advance(SETTLE)
    assert found.seconds_to_next() == 0.0
    found.update(stats(map=1))
    assert found.seconds_to_next() is None
