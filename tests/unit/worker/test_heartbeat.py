"""A worker shows that it lives, and keeps the file at hand its own."""

import threading
from contextlib import ExitStack

import pytest
from sqlalchemy import select

from nuqleus.database.engine import reading
from nuqleus.database.files.retry import retry_files
from nuqleus.database.tables import File
from nuqleus.database.workers import Workers
from nuqleus.errors import DatabaseUnavailable, LeaseLost
from worker.heartbeat import Heartbeat


@pytest.fixture
def workers(engine, clock):
    return Workers(engine, clock)


@pytest.fixture
def heartbeat(worker_files, workers):
    return Heartbeat(worker_files, workers, workers.start("host", 1, "cpu:0").id, every=0.01, lease=60)


@pytest.fixture
def claim(worker_files, drop):
    return worker_files.claim(drop(), "me", 60)


def expiry(engine, claim):
    with reading(engine) as connection:
        return connection.scalar(select(File.lease_expires_at).where(File.id == claim.file_id))


def test_a_beat_prolongs_the_lease_of_the_file_at_hand(engine, clock, heartbeat, claim):
    with heartbeat.keeping([claim]):
        clock.now += 50
        heartbeat.beat()

    assert expiry(engine, claim) == clock.now + 60


def test_a_beat_leaves_files_that_are_not_at_hand(engine, clock, heartbeat, claim):
    with heartbeat.keeping([claim]):
        pass
    clock.now += 50
    heartbeat.beat()

    assert expiry(engine, claim) == clock.now + 10


def test_a_beat_shows_that_the_worker_lives_and_what_it_did(clock, heartbeat, workers):
    clock.now += 30
    heartbeat.files_done = 5
    heartbeat.beat()

    (worker,) = workers.live(1)
    assert (worker.seen_at, worker.files_done) == (clock.now, 5)


def test_a_lost_lease_is_noticed(worker_files, heartbeat, claim):
    with heartbeat.keeping([claim]):
        heartbeat.ensure_held(claim)
        worker_files.release(claim)
        heartbeat.beat()

        with pytest.raises(LeaseLost):
            heartbeat.ensure_held(claim)


def test_a_lease_lost_with_one_file_says_nothing_about_the_next(worker_files, drop, heartbeat, claim):
    with heartbeat.keeping([claim]):
        worker_files.release(claim)
        heartbeat.beat()

    following = worker_files.claim(drop("next.png"), "me", 60)
    with heartbeat.keeping([following]):
        heartbeat.beat()
        heartbeat.ensure_held(following)


def test_a_beat_that_returns_late_says_nothing_about_the_next_job(
    engine, files, worker_files, heartbeat, claim, monkeypatch, caplog
):
    """The next job may have the same file: retried at once, and claimed in the same way."""
    renew, jobs = worker_files.renew, ExitStack()

    def end_the_job_meanwhile(claims, lease):
        worker_files.fail(claim, "damaged", "It is.")
        lost = renew(claims, lease)
        jobs.close()
        retry_files(engine)
        files.enqueue([claim.file_id])
        jobs.enter_context(heartbeat.keeping([worker_files.claim(claim.file_id, "me", 60)]))
        return lost

    monkeypatch.setattr(worker_files, "renew", end_the_job_meanwhile)
    with jobs:
        jobs.enter_context(heartbeat.keeping([claim]))
        heartbeat.beat()
        heartbeat.ensure_held(claim)
    assert caplog.records == []


def test_a_database_that_is_away_for_a_moment_does_not_end_the_heartbeat(
    engine, clock, heartbeat, claim, worker_files, monkeypatch
):
    with monkeypatch.context() as broken:
        broken.setattr(worker_files, "renew", lambda *_: (_ for _ in ()).throw(DatabaseUnavailable("away")))
        with heartbeat.keeping([claim]):
            heartbeat.beat()
            heartbeat.ensure_held(claim)

    clock.now += 20
    with heartbeat.keeping([claim]):
        heartbeat.beat()
    assert expiry(engine, claim) == clock.now + 60


def test_the_thread_beats_by_itself_until_it_is_stopped(heartbeat, workers, monkeypatch):
    beats = threading.Semaphore(0)
    monkeypatch.setattr(workers, "beat", lambda *_: beats.release())

    heartbeat.start()
    assert beats.acquire(timeout=120)
    assert beats.acquire(timeout=120)
    heartbeat.stop()

    assert workers.live(3600) == []


def test_one_trouble_is_told_once_and_again_when_it_comes_back(heartbeat, workers, monkeypatch, caplog):
    def fail(*_):
        raise DatabaseUnavailable("away")

    for _ in range(2):
        with monkeypatch.context() as broken:
            broken.setattr(workers, "beat", fail)
            for _ in range(5):
                heartbeat.beat()
        heartbeat.beat()
    assert [record.getMessage() for record in caplog.records] == ["Heartbeats fail: away"] * 2
