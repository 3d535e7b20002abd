"""`nuqleus status --healthy`: hung processes are told from those at work."""

import os
import signal
import subprocess
import sys
from collections.abc import Iterator

import pytest
from click.testing import CliRunner
from sqlalchemy import Engine

from cli.commands import status
from nuqleus import health, process_identity
from nuqleus.database.leadership import Leadership, SchedulerIdentity, bind_folder
from nuqleus.database.workers import Workers
from nuqleus.errors import NotHealthy
from tests.conftest import Clock
from tests.integration.database.conftest import LEASE

PARENT_AND_CHILD = """
import subprocess, sys, time
print(subprocess.Popen([sys.executable, "-c", "import time; time.sleep(600)"]).pid, flush=True)
while True:
    time.sleep(0.05)
"""


class TestScheduler:
    @pytest.fixture
    def leadership(self, engine: Engine, clock: Clock) -> Leadership:
        bind_folder(engine, "/inbox")
        return Leadership(engine, SchedulerIdentity("the leader", "another boot/1/1"), LEASE, clock)

    def test_one_that_renews_its_lease_is_at_work(self, engine, clock: Clock, leadership: Leadership):
        leadership.try_acquire()
        clock.advance(LEASE - 1)
        assert "the leader" in health.require_scheduler(engine, clock.now)

    def test_one_that_fell_silent_is_not(self, engine, clock: Clock, leadership: Leadership):
        leadership.try_acquire()
        clock.advance(LEASE)
        with pytest.raises(NotHealthy, match="No scheduler renews its lease"):
            health.require_scheduler(engine, clock.now)

    def test_neither_is_one_that_ended(self, engine, clock: Clock, leadership: Leadership):
        leadership.try_acquire()
        leadership.resign()
        with pytest.raises(NotHealthy):
            health.require_scheduler(engine, clock.now)

    def test_neither_is_one_whose_work_has_failed_for_a_minute(
        self, engine: Engine, clock: Clock, leadership: Leadership
    ):
        leadership.try_acquire()
        leadership.report_trouble("the watched folder is not there")
        clock.advance(health.TROUBLE_SECONDS - 1)
        leadership.try_acquire()
        assert health.require_scheduler(engine, clock.now)

        leadership.report_trouble("something else")
        clock.advance(2)
        with pytest.raises(NotHealthy, match="hasn't been able to work for 61 s: something else"):
            health.require_scheduler(engine, clock.now)

        leadership.report_trouble(None)
        assert health.require_scheduler(engine, clock.now)

    def test_one_that_takes_over_begins_without_trouble(
        self, engine: Engine, clock: Clock, leadership: Leadership
    ):
        leadership.try_acquire()
        leadership.report_trouble("the watched folder is not there")
        clock.advance(LEASE + 1)
        Leadership(engine, SchedulerIdentity("another", "another boot/2/2"), LEASE, clock).try_acquire()

        assert "another" in health.require_scheduler(engine, clock.now)

    def test_before_the_first_one_there_is_none(self, engine: Engine, clock: Clock):
        with pytest.raises(NotHealthy):
            health.require_scheduler(engine, clock.now)


class TestWorker:
    @pytest.fixture
    def parent(self) -> Iterator[subprocess.Popen[str]]:
        command = [sys.executable, "-c", PARENT_AND_CHILD]
        with subprocess.Popen(command, stdout=subprocess.PIPE, text=True) as process:
            yield process
            process.kill()

    @pytest.fixture
    def workers(self, engine: Engine, clock: Clock) -> Workers:
        return Workers(engine, clock)

    @pytest.fixture
    def worker(self, workers: Workers, parent: subprocess.Popen[str]):
        place, _, _ = process_identity.current_identity().rpartition("/")
        pid = int(parent.stdout.readline())
        yield workers.start("here", pid, "cpu:0", f"{place}/{pid}")
        subprocess.run(["kill", "-KILL", str(pid)], check=True)

    def test_one_that_beats_is_at_work(self, engine, clock: Clock, worker):
        clock.advance(LEASE)
        assert worker.owner in health.require_worker(engine, clock.now, LEASE)

    def test_one_that_fell_silent_is_not(self, engine, clock: Clock, worker):
        clock.advance(LEASE + 1)
        with pytest.raises(NotHealthy, match=f"silent for {LEASE + 1:.0f} s"):
            health.require_worker(engine, clock.now, LEASE)

    def test_neither_is_one_whose_parent_hangs(self, engine, clock: Clock, worker, parent, monkeypatch):
        parent.send_signal(signal.SIGSTOP)
        os.waitpid(parent.pid, os.WUNTRACED)  # returns when it has stopped
        with monkeypatch.context() as impatience:
            impatience.setattr(health, "WAKING_SECONDS", 1.0)
            with pytest.raises(NotHealthy, match="parent of the worker here"):
                health.require_worker(engine, clock.now, LEASE)
        parent.send_signal(signal.SIGCONT)
        assert health.require_worker(engine, clock.now, LEASE)

    def test_neither_is_one_that_was_killed_a_moment_ago(self, engine, clock: Clock, workers: Workers):
        place, _, _ = process_identity.current_identity().rpartition("/")
        workers.start("here", 999999999, "cpu:0", f"{place}/999999999")
        with pytest.raises(NotHealthy):
            health.require_worker(engine, clock.now, LEASE)

    def test_one_in_another_container_says_nothing_about_this_one(self, engine, clock, workers: Workers):
        workers.start("elsewhere", 1, "cpu:0", "this boot/another container/1")
        with pytest.raises(NotHealthy, match="No worker has been started here"):
            health.require_worker(engine, clock.now, LEASE)

    def test_the_one_that_was_started_last_counts(self, engine, clock: Clock, workers: Workers, worker):
        place, _, _ = process_identity.current_identity().rpartition("/")
        clock.advance(LEASE + 1)
        workers.beat(worker.id, files_done=0)
        assert health.require_worker(engine, clock.now, LEASE)
        killed_since = workers.start("here", 999999999, "cpu:0", f"{place}/999999999")
        clock.advance(LEASE + 1)
        with pytest.raises(NotHealthy, match=killed_since.owner):
            health.require_worker(engine, clock.now, LEASE)


@pytest.mark.parametrize("process", ["scheduler", "worker"])
def test_the_command_ends_with_status_1_and_a_sentence_where_none_is_at_work(process: str, sqlite_url: str):
    from cli.main import main

    result = CliRunner().invoke(main, ["status", "--database", sqlite_url, "--healthy", process])

    assert result.exit_code == 1
    assert result.stderr.startswith("Error: No ")


def test_the_command_ends_with_status_0_where_one_is(engine: Engine, database_url: str):
    bind_folder(engine, "/inbox")
    Leadership(engine, SchedulerIdentity("the leader"), LEASE).try_acquire()

    result = CliRunner().invoke(status.command, ["--database", database_url, "--healthy", "scheduler"])

    assert (result.exit_code, result.output) == (0, "The scheduler the leader is at work.\n")
