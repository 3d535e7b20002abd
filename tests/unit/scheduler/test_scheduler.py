"""From a file in the folder to a row and a message: real files, a real database, a clock that is told to move on."""

import os

import pytest
from sqlalchemy import select

from nuqleus.database.engine import reading
from nuqleus.database.models import register_model
from nuqleus.database.states import Files, FileState, SeenFile
from nuqleus.database.tables import File
from nuqleus.database.workers import Workers
from nuqleus.errors import BrokerUnavailable, DatabaseUnavailable
from nuqleus.settings import Settings
from scheduler.bell import Bell
from scheduler.completeness import Completeness
from scheduler.scanner import Scan, Scanner
from scheduler.scheduler import REREAD_SECONDS, Scheduler, Stopped
from scheduler.sweep import LOST_SECONDS, Limits, Sweep
from scheduler.urgency import make_urgency

SETTLE = 2.0
LEASE = 60.0
MAX_ATTEMPTS = 2
RESEND = 300.0
LIMITS = Limits(MAX_ATTEMPTS, RESEND, sweep_seconds=1.0)


class Queue:
    """A broker that keeps what it is sent, with the states of the rows at that moment."""

    def __init__(self, files):
        self.files = files
        self.works = True
        self.waiting = []
        self.sent = []
        self.jobs = []
        self.states_when_sent = []

    def send(self, jobs):
        if not self.works:
            raise BrokerUnavailable("The broker is away.")
        states = {file.id: file.state for file in self.files.known()}
        file_ids = [file_id for job in jobs for file_id in job.file_ids]
        self.states_when_sent += [states[file_id] for file_id in file_ids]
        self.waiting += file_ids
        self.sent += file_ids
        self.jobs += jobs

    def depth(self):
        if not self.works:
            raise BrokerUnavailable("The broker is away.")
        return len(self.waiting)


@pytest.fixture
def inbox(tmp_path):
    inbox = tmp_path / "inbox"
    inbox.mkdir()
    return inbox


@pytest.fixture
def files(sqlite_engine, clock):
    return Files(sqlite_engine, clock)


@pytest.fixture
def workers(sqlite_engine, clock):
    return Workers(sqlite_engine, clock)


@pytest.fixture
def queue(files):
    return Queue(files)


@pytest.fixture
def start(inbox, files, workers, queue, clock):
    """Starts a scheduler, as a process of its own would be."""

    def start(scanner=None, **options):
        bell = Bell(queue.send, queue.depth, lambda: 1, most=4)
        scheduler = Scheduler(
            scanner or Scanner(inbox),
            files,
            Completeness(inbox, SETTLE, clock),
            bell,
            Sweep(files, workers, bell, LIMITS, clock),
            is_urgent=make_urgency(Settings().urgent.split(",")),
            clock=clock,
            **options,
        )

        def tick(seconds=0.0):
            clock.advance(seconds)
            return scheduler.tick()

        return tick

    return start


@pytest.fixture
def tick(start):
    """Lets some seconds pass, and has the scheduler look."""
    return start()


@pytest.fixture
def row(sqlite_engine):
    def row(path):
        with reading(sqlite_engine) as connection:
            return connection.execute(select(*File.__table__.columns).where(File.path == path)).one()

    return row


@pytest.fixture
def work(files, queue, sqlite_engine):
    """Takes the oldest message and processes its file."""
    model_id = register_model(sqlite_engine, "a network", "f" * 64, {}, {}, "1.0")

    def work():
        claim = files.claim(queue.waiting.pop(0), "worker", LEASE)
        if claim:
            files.complete(claim, f"content of {claim.path} at {claim.mtime_ns}", model_id, [])
        return claim

    return work


def states(files):
    return {file.path: file.state.value for file in files.known()}


def put(inbox, name="a.tif", content=b"pixels", mtime_ns=None):
    path = inbox / name
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_bytes(content)
    if mtime_ns is not None:
        os.utime(path, ns=(mtime_ns, mtime_ns))
    return path


def test_a_new_file_waits_until_it_is_complete_and_is_then_sent_once(inbox, tick, files, queue):
    put(inbox)
    tick()
    assert states(files) == {"a.tif": "waiting"}
    tick(SETTLE / 2)
    assert queue.sent == []
    tick(SETTLE / 2)
    assert states(files) == {"a.tif": "queued"}
    tick(SETTLE)
    assert len(queue.sent) == 1


def test_the_row_is_committed_as_queued_before_its_message_is_sent(inbox, tick, queue):
    put(inbox)
    tick()
    tick(SETTLE)
    assert queue.states_when_sent == [FileState.QUEUED]


def test_files_are_sent_in_order_of_their_paths(inbox, tick, queue, files):
    names = [f"{folder}/{number:02}.tif" for folder in "bca" for number in range(10)]
    for name in names:
        put(inbox, name)
    tick()
    tick(SETTLE)
    paths = {file.id: file.path for file in files.known()}
    assert [paths[file_id] for file_id in queue.sent] == sorted(names)


def test_a_slow_copy_is_sent_when_it_is_whole_and_only_then(inbox, tick, queue, row):
    for megabytes in range(1, 20):
        put(inbox, content=b"x" * megabytes, mtime_ns=megabytes)
        tick(SETTLE * 0.9)
    assert queue.sent == []
    tick(SETTLE)
    assert len(queue.sent) == 1
    assert row("a.tif").size == 19


def test_a_processed_file_is_not_processed_again_after_a_restart(inbox, start, queue, work):
    put(inbox)
    tick = start()
    tick()
    tick(SETTLE)
    work()
    tick = start()
    for _ in range(4):
        tick(SETTLE)
    assert len(queue.sent) == 1


def test_a_file_that_was_waiting_when_we_died_is_sent_after_the_restart(inbox, start, queue):
    put(inbox)
    start()()
    tick = start()
    tick()
    tick(SETTLE)
    assert len(queue.sent) == 1


def test_a_changed_file_is_processed_again(inbox, tick, queue, work, files):
    put(inbox, mtime_ns=1)
    tick()
    tick(SETTLE)
    work()
    put(inbox, mtime_ns=2)
    tick(SETTLE)
    assert states(files) == {"a.tif": "waiting"}
    tick(SETTLE)
    assert work().mtime_ns == 2
    assert states(files) == {"a.tif": "done"}


def test_a_file_that_changes_while_it_is_queued_is_settled_anew(inbox, tick, queue, files):
    put(inbox, mtime_ns=1)
    tick()
    tick(SETTLE)
    put(inbox, mtime_ns=2)
    tick(1)
    assert states(files) == {"a.tif": "waiting"}
    tick(SETTLE)
    assert states(files) == {"a.tif": "queued"}


def test_a_broker_that_is_away_delays_a_message_but_loses_none(inbox, tick, queue, files):
    put(inbox)
    tick()
    queue.works = False
    tick(SETTLE)
    tick(1)
    assert states(files) == {"a.tif": "queued"}
    queue.works = True
    tick(1)
    assert len(queue.sent) == 1
    tick(1)
    assert len(queue.sent) == 1


def test_a_message_that_was_never_sent_because_we_died_is_sent_after_the_restart(inbox, start, queue):
    put(inbox)
    tick = start()
    tick()
    queue.works = False
    tick(SETTLE)
    queue.works = True
    tick = start()
    tick(LOST_SECONDS + 1)
    assert len(queue.sent) == 1


def test_messages_that_a_broker_lost_are_sent_again_as_soon_as_it_is_seen_to_be_empty(inbox, tick, queue):
    put(inbox, "a.tif")
    put(inbox, "b.tif")
    tick()
    tick(SETTLE)
    queue.waiting.clear()
    tick(LOST_SECONDS + 1)
    assert sorted(queue.waiting) == sorted(queue.sent[:2])


def test_messages_that_only_wait_for_their_turn_are_not_sent_again(inbox, tick, queue):
    put(inbox)
    tick()
    tick(SETTLE)
    tick(LOST_SECONDS + 1)
    tick(RESEND / 2)
    assert len(queue.sent) == 1


def test_a_file_whose_worker_died_is_sent_again_and_failed_in_the_end(inbox, tick, queue, files, row):
    put(inbox)
    tick()
    tick(SETTLE)
    for attempt in range(1, MAX_ATTEMPTS + 1):
        assert files.claim(queue.waiting.pop(), "a worker that dies", LEASE).attempt == attempt
        tick(LEASE + 1)
    assert queue.waiting == []
    assert (row("a.tif").state, row("a.tif").error_kind) == (FileState.FAILED, "worker-died")


def test_a_file_that_is_deleted_before_its_turn_is_failed(inbox, tick, queue, row):
    path = put(inbox)
    tick()
    path.unlink()
    tick(1)
    assert (row("a.tif").state, row("a.tif").error_kind) == (FileState.FAILED, "vanished")
    tick(SETTLE)
    assert queue.sent == []


def test_a_vanished_file_that_comes_back_unchanged_is_processed(inbox, tick, queue, work, files):
    path = put(inbox)
    tick()
    path.rename(inbox.parent / "away.tif")
    tick(1)
    (inbox.parent / "away.tif").rename(path)
    tick(1)
    tick(SETTLE)
    assert work()
    assert states(files) == {"a.tif": "done"}


def test_a_file_that_a_worker_missed_is_processed_although_no_scan_ever_did(inbox, tick, queue, files):
    put(inbox)
    tick()
    tick(SETTLE)
    files.fail(
        files.claim(queue.waiting.pop(), "worker", LEASE), "vanished", "A drive was away for a moment."
    )
    tick(REREAD_SECONDS)
    tick(SETTLE)
    assert len(queue.waiting) == 1


def test_a_done_file_that_goes_away_and_comes_back_stays_done(inbox, tick, queue, work, files):
    path = put(inbox)
    tick()
    tick(SETTLE)
    work()
    path.rename(inbox.parent / "away.tif")
    tick(1)
    (inbox.parent / "away.tif").rename(path)
    tick(1)
    tick(SETTLE)
    assert states(files) == {"a.tif": "done"}
    assert len(queue.sent) == 1


def test_missing_files_are_not_given_up_when_part_of_the_folder_did_not_answer(inbox, start, files):
    class Flaky(Scanner):
        answers = True

        def scan(self):
            return super().scan() if self.answers else Scan(complete=False)

    put(inbox)
    scanner = Flaky(inbox)
    tick = start(scanner)
    tick()
    scanner.answers = False
    tick(1)
    assert states(files) == {"a.tif": "waiting"}


def test_a_file_that_someone_retries_is_sent_again(inbox, tick, queue, work, files):
    put(inbox)
    tick()
    tick(SETTLE)
    work()
    files.retry(["a.tif"], only_failed=False)
    tick(1)
    tick(SETTLE)
    assert work()
    assert states(files) == {"a.tif": "done"}


def test_two_schedulers_send_a_file_once(inbox, start, queue):
    put(inbox)
    one, other = start(), start()
    for seconds in (0, SETTLE, SETTLE):
        one(seconds)
        other()
    assert len(queue.sent) == 1


def test_a_file_that_another_scheduler_has_seen_change_is_not_sent_for_what_it_was(
    inbox, start, queue, files
):
    class Late(Scanner):
        """Goes on seeing what the first scan saw."""

        def scan(self):
            self.first = getattr(self, "first", None) or super().scan()
            return self.first

    put(inbox)
    tick = start(Late(inbox))
    tick()
    files.observe([SeenFile("a.tif", 7, 7)])
    tick(SETTLE)
    tick(SETTLE)
    assert queue.sent == []


def test_a_database_that_is_away_costs_nothing_but_time(inbox, tick, files, queue, monkeypatch):
    put(inbox)
    with monkeypatch.context() as patch:
        patch.setattr(files, "observe", _raise_unavailable)
        with pytest.raises(DatabaseUnavailable):
            tick()
    tick(SETTLE)
    tick(SETTLE)
    assert len(queue.sent) == 1


def _raise_unavailable(*_):
    raise DatabaseUnavailable("The database is away.")


def test_it_stops_in_the_middle_of_a_tick_when_told_to(inbox, start, files):
    put(inbox)
    with pytest.raises(Stopped):
        start(stopping=lambda: True)()
    assert states(files) == {}


def test_the_watched_folder_is_never_written_to(inbox, tick, work, queue):
    put(inbox, "sub/a.tif")
    before = {path: path.stat() for path in inbox.rglob("*")} | {inbox: inbox.stat()}
    tick()
    tick(SETTLE)
    work()
    tick(SETTLE)
    assert {path: path.stat() for path in inbox.rglob("*")} | {inbox: inbox.stat()} == before


def test_urgent_files_are_sent_first_and_as_urgent(inbox, tick, queue, files, row):
    for name in ("a.tif", "b/priority/x.tif", "priority/y.tif"):
        put(inbox, name)
    tick()
    tick(SETTLE)
    paths = {file.id: file.path for file in files.known()}
    assert [paths[file_id] for file_id in queue.sent] == ["b/priority/x.tif", "priority/y.tif", "a.tif"]
    assert [job.urgent for job in queue.jobs] == [True, True, False]
    assert row("priority/y.tif").urgent


def test_where_many_files_wait_they_travel_in_chunks(inbox, tick, queue):
    for number in range(40):
        put(inbox, f"{number:02}.tif")
    tick()
    tick(SETTLE)
    assert [len(job.file_ids) for job in queue.jobs] == [4] * 10
    assert len(set(queue.sent)) == 40


def test_the_files_of_a_worker_that_died_come_back_one_by_one(inbox, tick, queue, files):
    for number in range(40):
        put(inbox, f"{number:02}.tif")
    tick()
    tick(SETTLE)
    assert len(files.claim_fresh(queue.jobs[0].file_ids, "a worker that dies", LEASE)) == 4
    queue.jobs.clear()
    tick(LEASE + 1)
    assert sorted(len(job.file_ids) for job in queue.jobs) == [1, 1, 1, 1]
