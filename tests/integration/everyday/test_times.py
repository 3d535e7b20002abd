"""Any time that a file system gives is stored, and no file keeps others from being seen."""

import os

import pytest

from nuqleus.database.files import observation
from tests.integration.everyday.conftest import Lab

YEAR = 366 * 86_400
DATES = {
    "the epoch": 0,
    "a nanosecond before": -1,
    "1900": -70 * YEAR,
    "2106": 2**32,
    "2300": 330 * YEAR,
    "2262, the last 64-bit nanosecond": (2**63 - 1) / 1e9,
    "far": 400 * YEAR,
}


def set_date(path, seconds):
    try:
        os.utime(path, ns=(int(seconds * 10**9), int(seconds * 10**9)))
    except OSError as error:
        pytest.skip(f"this file system has no such dates: {error}")


@pytest.mark.parametrize("seconds", DATES.values(), ids=DATES.keys())
def test_a_file_of_any_date_is_processed_once(lab: Lab, seconds):
    path = lab.drop("odd.png")
    lab.drop("other.png", nuclei=2)
    set_date(path, seconds)

    lab.settle()
    lab.restart()
    lab.settle()

    assert lab.states() == {"odd.png": "done", "other.png": "done"}
    assert lab.segmenter.segmented == 2


def test_a_file_dated_1970_that_went_away_before_its_turn_is_processed_when_it_comes_back(lab: Lab):
    path = lab.drop("a.png")
    os.utime(path, ns=(0, 0))
    lab.tick()
    path.rename(lab.inbox.parent / "away.png")
    lab.drop("other.png", 2)
    lab.tick(1)
    assert lab.row("a.png").error_kind == "vanished"
    assert lab.row("a.png").gone_at == lab.clock()

    (lab.inbox.parent / "away.png").rename(path)
    lab.settle()

    assert lab.there() == {"a.png": "done", "other.png": "done"}


def test_a_row_that_the_database_refuses_keeps_no_other_out(lab: Lab, caplog, monkeypatch):
    """Nothing is known that it would refuse; what isn't known must not stop every scan."""
    insert = observation.insert_missing

    def refuse(connection, table, rows, *, key):
        if any(row["path"] == "odd.png" for row in rows):
            raise ValueError("a number that nobody can store")
        insert(connection, table, rows, key=key)

    monkeypatch.setattr(observation, "insert_missing", refuse)
    for nuclei, name in enumerate(("a.png", "odd.png", "z.png"), start=1):
        lab.drop(name, nuclei)

    lab.settle()

    assert lab.states() == {"a.png": "done", "z.png": "done"}
    told = [record.getMessage() for record in caplog.records if record.levelname == "ERROR"]
    assert told == ["The database refuses this file, which is passed over: odd.png"]
