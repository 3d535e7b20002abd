"""Of several schedulers one leads; a database belongs to one folder."""

import threading
from concurrent.futures import ThreadPoolExecutor

import pytest
from sqlalchemy import Engine

from nuqleus.database.leadership import Candidate, Leadership, adopt_folder, require_folder
from nuqleus.errors import SettingsError
from nuqleus.process_identity import own_name
from tests.conftest import Clock
from tests.integration.database.conftest import LEASE

ELSEWHERE = "another boot/1/1"


@pytest.fixture
def candidate(engine: Engine, clock: Clock):
    require_folder(engine, "/inbox")

    def candidate(title: str, process: str = ELSEWHERE) -> Leadership:
        return Leadership(engine, Candidate(title, process), LEASE, clock)

    return candidate


def test_the_first_leads_and_the_second_is_told_who_does(candidate):
    assert candidate("first").other() is None
    assert candidate("second").other() == "first"


def test_a_leader_that_goes_on_keeps_the_lead(candidate, clock: Clock):
    first, second = candidate("first"), candidate("second")
    for _ in range(10):
        assert first.other() is None
        clock.advance(LEASE / 2)
        assert second.other() == "first"


def test_the_lead_of_one_that_fell_silent_is_taken_over_and_it_stands_by(candidate, clock: Clock):
    first, second = candidate("first"), candidate("second")
    first.other()
    clock.advance(LEASE + 1)
    assert second.other() is None
    assert first.other() == "second"


def test_one_that_ends_leaves_the_lead_to_the_next_at_once(candidate):
    first, second = candidate("first"), candidate("second")
    first.other()
    second.resign()
    assert second.other() == "first"
    first.resign()
    assert second.other() is None


def test_the_lead_of_a_process_that_is_gone_is_free_at_once(candidate):
    place, _, _ = own_name().rpartition("/")
    assert candidate("killed", f"{place}/999999999").other() is None
    assert candidate("second").other() is None


def test_of_many_that_start_together_one_leads(candidate):
    gate = threading.Barrier(6)

    def start(number: int) -> str | None:
        leadership = candidate(f"scheduler {number}")
        gate.wait()
        return leadership.other()

    with ThreadPoolExecutor(6) as pool:
        assert list(pool.map(start, range(6))).count(None) == 1


def test_a_database_belongs_to_the_folder_that_it_was_first_used_with(engine: Engine):
    require_folder(engine, "/data/inbox")
    require_folder(engine, "/data/inbox")
    with pytest.raises(SettingsError, match=r"holds the files of /data/inbox, not of /data/other"):
        require_folder(engine, "/data/other")


def test_a_folder_that_was_moved_is_adopted(engine: Engine):
    require_folder(engine, "/data/inbox\udcff")
    assert adopt_folder(engine, "/archive/inbox") == "/data/inbox\udcff"
    require_folder(engine, "/archive/inbox")
