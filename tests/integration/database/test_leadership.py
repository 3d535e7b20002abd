"""Of several schedulers one leads; a database belongs to one folder."""

import threading
from concurrent.futures import ThreadPoolExecutor

import pytest
from sqlalchemy import Engine

from nuqleus import process_identity
from nuqleus.database.leadership import (
    SCAN_NOTED_SECONDS,
    Leadership,
    SchedulerIdentity,
    adopt_folder,
    bind_folder,
)
from nuqleus.database.queries.dashboard import get_dashboard
from nuqleus.errors import SettingsError
from tests.conftest import Clock
from tests.integration.database.conftest import LEASE


@pytest.fixture
def scheduler(engine: Engine, clock: Clock):
    bind_folder(engine, "/inbox")

    def scheduler(name: str, process: str = "") -> Leadership:
        return Leadership(engine, SchedulerIdentity(name, process or f"another boot/{name}/1"), LEASE, clock)

    return scheduler


def test_the_first_leads_and_the_second_is_told_who_does(scheduler):
    assert scheduler("first").try_acquire()
    second = scheduler("second")
    assert not second.try_acquire()
    assert second.leader == "first"


def test_asking_who_leads_takes_nothing(scheduler):
    first, second = scheduler("first"), scheduler("second")
    assert first.leader is None
    assert second.try_acquire()
    assert (first.leader, second.leader) == (None, "second")


def test_a_leader_that_goes_on_keeps_the_lead(scheduler, clock: Clock):
    first, second = scheduler("first"), scheduler("second")
    for _ in range(10):
        assert first.try_acquire()
        clock.advance(LEASE / 2)
        assert (second.try_acquire(), second.leader) == (False, "first")


def test_the_lead_of_one_that_fell_silent_is_taken_over_and_it_stands_by(scheduler, clock: Clock):
    first, second = scheduler("first"), scheduler("second")
    first.try_acquire()
    clock.advance(LEASE + 1)
    assert second.try_acquire()
    assert (first.try_acquire(), first.leader) == (False, "second")


def test_it_is_noted_when_the_folder_was_looked_at_once_in_a_few_seconds(scheduler, clock: Clock, engine):
    first, second = scheduler("first"), scheduler("second")
    first.try_acquire()
    noted = []
    for advance in (0.0, SCAN_NOTED_SECONDS - 1, 2.0):
        clock.advance(advance)
        first.note_scan()
        second.note_scan()
        noted.append(clock() - get_dashboard(engine, clock(), alive_within=LEASE).watched.scanned_at)
    assert noted == [0.0, SCAN_NOTED_SECONDS - 1, 0.0]


def test_one_that_ends_leaves_the_lead_to_the_next_at_once(scheduler):
    first, second = scheduler("first"), scheduler("second")
    first.try_acquire()
    second.resign()
    assert (second.try_acquire(), second.leader) == (False, "first")
    first.resign()
    assert second.try_acquire()


def test_the_lead_of_a_process_that_is_gone_is_free_at_once(scheduler):
    place, _, _ = process_identity.current_identity().rpartition("/")
    assert scheduler("killed", f"{place}/999999999").try_acquire()
    assert scheduler("second").try_acquire()


def test_a_container_that_was_made_anew_leads_at_once(scheduler):
    assert scheduler("scheduler:7", "boot/first/7").try_acquire()
    assert scheduler("scheduler:7", "boot/second/7").try_acquire()


def test_of_two_that_live_on_hosts_of_one_name_the_later_leads_and_the_other_stands_by(
    scheduler, clock: Clock
):
    first, second = scheduler("scheduler:7", "boot/first/7"), scheduler("scheduler:7", "boot/second/7")
    assert first.try_acquire()
    assert second.try_acquire()
    for _ in range(10):
        clock.advance(LEASE / 2)
        assert second.try_acquire()
        assert not first.try_acquire()


def test_another_process_of_the_same_machine_is_no_earlier_life_of_this_one(scheduler):
    place, _, pid = process_identity.current_identity().rpartition("/")
    assert scheduler(f"host:{pid}", process_identity.current_identity()).try_acquire()
    assert not scheduler("host:1", f"{place}/1").try_acquire()


def test_of_many_that_start_together_one_leads(scheduler):
    gate = threading.Barrier(6)

    def start(number: int) -> bool:
        leadership = scheduler(f"scheduler {number}")
        gate.wait()
        return leadership.try_acquire()

    with ThreadPoolExecutor(6) as pool:
        assert list(pool.map(start, range(6))).count(True) == 1


def test_a_database_belongs_to_the_folder_that_it_was_first_used_with(engine: Engine):
    bind_folder(engine, "/data/inbox")
    bind_folder(engine, "/data/inbox")
    with pytest.raises(SettingsError, match=r"holds the files of /data/inbox, not of /data/other"):
        bind_folder(engine, "/data/other")


def test_a_folder_that_was_moved_is_adopted(engine: Engine):
    bind_folder(engine, "/data/inbox\udcff")
    assert adopt_folder(engine, "/archive/inbox") == "/data/inbox\udcff"
    bind_folder(engine, "/archive/inbox")
