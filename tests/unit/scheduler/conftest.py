"""A scheduler on real files and a real database, with a clock that is told to move on."""

import os

import pytest
from sqlalchemy import select

from nuqleus.database.engine import reading
from nuqleus.database.files.scheduler_files import SchedulerFiles
from nuqleus.database.files.worker_files import WorkerFiles
from nuqleus.database.model_registry import register_model
from nuqleus.database.tables import File
from nuqleus.database.workers import Workers
from nuqleus.errors import BrokerUnavailable
from nuqleus.path_patterns import path_matcher
from nuqleus.rules import Rules
from nuqleus.settings import Settings
from scheduler.completeness import Completeness
from scheduler.dispatcher import Dispatcher
from scheduler.ignore_list import IgnoreList
from scheduler.plates.field_completeness import FieldCompleteness
from scheduler.plates.field_files import FieldFiles
from scheduler.plates.field_names import PlateNames
from scheduler.scanner import Scanner
from scheduler.scheduler import Scheduler
from scheduler.sweep import Sweep, SweepLimits
from tests.examples import complete

SETTLE = 2.0
LEASE = 60.0
MAX_ATTEMPTS = 2
RESEND = 300.0
FIELD_SECONDS = 300.0
NO_RULES = Rules()
LIMITS = SweepLimits(MAX_ATTEMPTS, RESEND, sweep_seconds=1.0)


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
    return SchedulerFiles(sqlite_engine, clock)


@pytest.fixture
def worker_files(sqlite_engine, clock):
    return WorkerFiles(sqlite_engine, clock)


@pytest.fixture
def workers(sqlite_engine, clock):
    return Workers(sqlite_engine, clock)


@pytest.fixture
def queue(files):
    return Queue(files)


def make_field_files(files, ignore_list, expectations, is_urgent, clock):
    names = PlateNames(lambda path, scan: ignore_list.ignored_by(path, scan) is not None)
    completeness = FieldCompleteness(SETTLE, FIELD_SECONDS, expectations, clock)
    return FieldFiles(files, names, completeness, is_urgent)


@pytest.fixture
def start(inbox, files, workers, queue, clock):
    """Starts a scheduler, as a process of its own would be."""

    def start(scanner=None, rules=NO_RULES, ignore=(), expectations=None, **options):
        ignore_list, is_urgent = IgnoreList(rules, ignore), path_matcher(Settings().urgent.split(","))
        dispatcher = Dispatcher(queue.send, queue.depth, lambda: 1, max_chunk=4)
        scheduler = Scheduler(
            scanner or Scanner(inbox, clock=clock),
            files,
            ignore_list,
            Completeness(inbox, SETTLE, clock),
            dispatcher,
            Sweep(files, workers, dispatcher, LIMITS, clock),
            make_field_files(files, ignore_list, expectations, is_urgent, clock),
            is_urgent=is_urgent,
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
def work(worker_files, queue, sqlite_engine):
    """Takes the oldest message and processes its file."""
    model_id = register_model(sqlite_engine, "a network", "f" * 64, {}, {}, "1.0")

    def work():
        claim = worker_files.claim(queue.waiting.pop(0), "worker", LEASE)
        if claim:
            complete(worker_files, claim, f"content of {claim.path} at {claim.mtime_ns}", model_id, [])
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
