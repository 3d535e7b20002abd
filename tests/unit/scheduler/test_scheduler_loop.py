"""The loop around the scheduler: it rests, it wakes, and nothing that goes wrong ends it."""

import logging
import threading

import pytest

from nuqleus.errors import DatabaseUnavailable
from nuqleus.file_stat import FileStat
from scheduler.completeness import Completeness
from scheduler.file_stats import FileStats
from scheduler.scanner import Scan
from scheduler.scheduler import Stopped
from scheduler.scheduler_loop import (
    MAX_IDLE_INTERVAL,
    MAX_INTERVAL,
    MIN_INTERVAL,
    SchedulerLoop,
    poll_interval,
)
from tests.conftest import Clock

LONG = 3600.0


class Sweeping:
    """A scheduler that has nothing to look for."""

    def sweep(self):
        pass


class Script(Sweeping):
    """A scheduler whose ticks end as a list says; after the last, the daemon is told to stop."""

    def __init__(self, *outcomes):
        self._outcomes = list(outcomes)
        self.daemon = None

    def tick(self):
        outcome = self._outcomes.pop(0)
        if not self._outcomes:
            self.daemon.stop()
        if isinstance(outcome, Exception):
            raise outcome
        return outcome


class Alone:
    """The lead is ours."""

    resigned = False
    leader = None
    scans_noted = 0

    def try_acquire(self):
        return True

    def resign(self):
        self.resigned = True

    def report_trouble(self, trouble):
        self.reported = trouble

    def note_scan(self):
        self.scans_noted += 1


class Second(Alone):
    """Another scheduler leads for a while."""

    def __init__(self, *leaders):
        self._leaders = list(leaders)

    def try_acquire(self):
        self.leader = self._leaders.pop(0)
        return self.leader is None


class ClockedEvent(threading.Event):
    """Waiting lets time pass, and nothing happens meanwhile."""

    def __init__(self, clock):
        super().__init__()
        self.clock = clock

    def wait(self, timeout=None):
        self.clock.advance(timeout)
        return self.is_set()


@pytest.fixture
def play(tmp_path, clock):
    """Runs a loop whose ticks take no time, so that none is followed by a sweep."""

    def play(*outcomes, leadership=None):
        leadership = leadership or Alone()
        script = Script(*outcomes)
        completeness = Completeness(tmp_path, settle_seconds=0)
        script.daemon = SchedulerLoop(script, [completeness], 0.001, ClockedEvent(clock), leadership, clock)
        script.daemon._awake = ClockedEvent(clock)
        script.daemon.run()
        return script.daemon

    return play


FOUND = Scan(FileStats([("a.tif", FileStat(1, 1))]))


def test_it_knows_what_the_folder_held_at_the_last_tick(play):
    assert set(play(Scan(), FOUND).found_paths) == {"a.tif"}


@pytest.mark.parametrize("due", [None, 1.5])
def test_it_says_whether_something_is_to_be_looked_at_again(tmp_path, due):
    class Wait:
        def seconds_to_next(self):
            return due

    script = Script(FOUND)
    script.daemon = SchedulerLoop(script, [Wait()], 0.001, threading.Event(), Alone())
    script.daemon.run()

    assert script.daemon.is_expecting == (due is not None)


def test_it_notes_each_look_at_the_folder_and_none_that_failed(play):
    leadership = Alone()
    play(FOUND, OSError("away"), FOUND, leadership=leadership)
    assert leadership.scans_noted == 2


def test_before_the_first_tick_has_succeeded_it_knows_nothing(play):
    assert play(OSError("away")).found_paths is None


@pytest.mark.parametrize(
    "error", [OSError("drive away"), DatabaseUnavailable("away"), KeyError("a bug"), Stopped()]
)
def test_it_goes_on_after_whatever_went_wrong(play, error, caplog):
    with caplog.at_level(logging.CRITICAL):
        assert play(error, FOUND).found_paths


def test_trouble_is_told_when_it_begins_and_when_it_ends(play, caplog):
    caplog.set_level(logging.INFO)
    trouble = [DatabaseUnavailable("no disk space") for _ in range(3)]
    play(*trouble, FOUND, FOUND)
    assert [record.getMessage() for record in caplog.records] == [
        "The scheduler can't work, and keeps trying: no disk space",
        "The scheduler works again.",
    ]


def test_trouble_that_nobody_expected_is_told_with_its_traceback_once_and_then_counted(play, caplog):
    caplog.set_level(logging.INFO)
    play(*[KeyError("a bug") for _ in range(25)], FOUND)
    assert [record.getMessage() for record in caplog.records] == [
        "The scheduler can't work, and keeps trying: KeyError: 'a bug'",
        "The scheduler can't work, and keeps trying: KeyError: 'a bug' (10 tries so far)",
        "The scheduler works again.",
    ]
    assert [bool(record.exc_info) for record in caplog.records] == [True, False, False]


def test_others_can_see_whether_it_can_work(play):
    alone = Alone()
    play(KeyError("a bug"), OSError("drive away"), leadership=alone)
    assert alone.reported == "drive away"
    play(OSError("drive away"), FOUND, leadership=alone)
    assert alone.reported is None


def test_looking_for_what_got_lost_does_not_end_the_trouble_of_looking_at_the_folder(play, caplog):
    caplog.set_level(logging.INFO)
    loop = play(OSError("drive away"))
    loop._attempt(lambda: None, ends_trouble=False)
    assert [record.getMessage() for record in caplog.records] == [
        "The scheduler can't work, and keeps trying: drive away"
    ]


def test_it_stands_by_while_another_leads_and_says_so_once(play, caplog):
    caplog.set_level(logging.INFO)
    assert play(FOUND, leadership=Second("first:1", "first:1", None)).found_paths
    assert [record.getMessage() for record in caplog.records] == [
        "Another scheduler, first:1, leads: standing by.",
        "Leading now.",
    ]


def test_when_it_ends_it_gives_up_the_lead(play):
    alone = Alone()
    play(FOUND, leadership=alone)
    assert alone.resigned


def test_an_event_ends_its_rest(tmp_path):
    ticks = []

    class Counting(Sweeping):
        def tick(self):
            ticks.append(None)
            # an event that comes in the middle of a tick isn't lost either
            daemon.stop() if len(ticks) == 2 else daemon.wake()
            return Scan()

    daemon = SchedulerLoop(Counting(), [Completeness(tmp_path, 1.0)], LONG, threading.Event(), Alone())
    runner = threading.Thread(target=daemon.run, daemon=True)
    runner.start()
    runner.join(timeout=120)
    assert len(ticks) == 2


def test_an_event_wakes_once(tmp_path):
    class Impatient(threading.Event):
        """Notes whether it is set when somebody begins to wait, and doesn't keep them."""

        def wait(self, timeout=None):
            found.append(self.is_set())
            return True

    class ThreeTimes(Sweeping):
        def tick(self):
            if not found:
                daemon.wake()
            if len(found) == 2:
                daemon.stop()
            return Scan()

    found = []
    daemon = SchedulerLoop(ThreeTimes(), [Completeness(tmp_path, 1.0)], LONG, threading.Event(), Alone())
    daemon._awake = Impatient()
    daemon.run()
    assert found[:2] == [True, False]


def test_what_got_lost_is_looked_for_during_a_long_rest_too(tmp_path):
    """A look at a large folder is followed by minutes of rest; a killed worker's file need not wait for the next."""

    class Large:
        def tick(self):
            done.append("tick")
            clock.advance(1.0)
            return Scan()

        def sweep(self):
            done.append("sweep")
            if len(done) == 4:
                daemon.stop()

    clock, done = Clock(), []
    completeness, stopping = Completeness(tmp_path, 1.0, clock), ClockedEvent(clock)
    daemon = SchedulerLoop(Large(), [completeness], 5.0, stopping, Alone(), clock)
    daemon._awake = ClockedEvent(clock)
    daemon.run()
    assert done == ["tick", "sweep", "sweep", "sweep"]


def test_told_to_stop_it_does_not_finish_its_rest(tmp_path):
    ticked = threading.Event()

    class Once(Sweeping):
        def tick(self):
            ticked.set()
            return Scan()

    daemon = SchedulerLoop(Once(), [Completeness(tmp_path, 1.0)], LONG, threading.Event(), Alone())
    runner = threading.Thread(target=daemon.run, daemon=True)
    runner.start()
    assert ticked.wait(timeout=120)
    daemon.stop()
    runner.join(timeout=120)
    assert not runner.is_alive()


@pytest.mark.parametrize(
    ("took", "short", "long"),
    [
        pytest.param(0.001, MIN_INTERVAL, 5.0, id="small folder"),
        pytest.param(1.0, 4.0, 124.0, id="100,000 files"),
        pytest.param(120.0, MAX_INTERVAL, MAX_IDLE_INTERVAL, id="slow drive"),
    ],
)
def test_looking_takes_a_small_share_of_the_time_however_large_the_folder(took, short, long):
    assert poll_interval(took, scan_seconds=5.0) == pytest.approx((short, long))


def test_a_long_time_between_scans_that_was_asked_for_is_kept():
    assert poll_interval(0.001, scan_seconds=300.0)[1] == 300.0
