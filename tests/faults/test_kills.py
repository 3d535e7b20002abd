"""kill -9 at each stage of a file's life."""

import os
import signal
import time

import pytest

from nuqleus.database.file_states import FileState
from tests.faults import stages
from tests.faults.cluster import Cluster
from tests.faults.fault_report import FULL, Fault

ROUNDS = 10 if FULL else 1

WORKER_STAGES = (
    stages.CLAIMED,
    stages.READING,
    stages.NETWORK,
    stages.BEFORE_COMMIT,
    stages.IN_TRANSACTION,
    stages.BEFORE_ACK,
)


@pytest.mark.parametrize("stage", WORKER_STAGES)
def test_the_process_that_holds_the_network_is_killed(cluster, database, report, stage):
    slowest = max(lose_network(cluster, stage, f"{stage} {number}.png") for number in range(ROUNDS))
    what = f"kill -9 of the process that holds the network, {stage}"
    report.write(Fault(what, database, ROUNDS, slowest), cluster.count_files())


def lose_network(cluster: Cluster, stage: str, name: str) -> float:
    """Kill whoever comes to a stage; return the seconds until the file was done after all."""
    cluster.stages.hold(stage)
    cluster.drop(name)
    victim = cluster.wait_at(stage)
    began = time.monotonic()
    os.kill(victim, signal.SIGKILL)
    cluster.stages.release(stage)
    cluster.wait_for(name, FileState.DONE)
    return time.monotonic() - began


def test_a_whole_worker_is_killed_and_another_takes_over(cluster, database, report):
    cluster.stages.hold(stages.NETWORK)
    cluster.drop("whole worker.png")
    cluster.wait_at(stages.NETWORK)
    began = time.monotonic()
    cluster.worker.kill()
    cluster.stages.release(stages.NETWORK)
    cluster.worker.start()
    cluster.wait_for_end()
    what, seconds = "kill -9 of a whole worker, another is started", time.monotonic() - began
    report.write(Fault(what, database, 1, seconds), cluster.count_files())


@pytest.mark.parametrize("stage", [stages.BEFORE_QUEUED, stages.BEFORE_SENT])
def test_the_scheduler_is_killed_and_started_again(cluster, database, report, stage):
    slowest = max(lose_scheduler(cluster, stage, f"{stage} {number}") for number in range(ROUNDS))
    report.write(
        Fault(f"kill -9 of the scheduler, {stage}", database, ROUNDS, slowest), cluster.count_files()
    )


def lose_scheduler(cluster: Cluster, stage: str, folder: str) -> float:
    cluster.stages.hold(stage)
    cluster.drop(*(f"{folder}/{number}.png" for number in range(5)))
    cluster.wait_at(stage)
    began = time.monotonic()
    cluster.scheduler.kill()
    cluster.stages.release(stage)
    cluster.scheduler.start()
    cluster.wait_for_end()
    return time.monotonic() - began


def test_a_second_scheduler_stands_by_and_takes_over(cluster, database, report):
    second = cluster.another_scheduler()
    second.start()
    cluster.wait_until_said(second, "standing by")
    began = time.monotonic()
    cluster.scheduler.kill()
    cluster.drop("a file for the second scheduler.png")
    cluster.wait_for_end()
    seconds = time.monotonic() - began
    assert "Leading now" in second.said()
    what = "kill -9 of the leading one of two schedulers"
    report.write(Fault(what, database, 1, seconds), cluster.count_files())


def test_a_frozen_worker_that_comes_back_writes_nothing(cluster, database, report):
    cluster.stages.hold(stages.BEFORE_COMMIT)
    cluster.drop("frozen.png")
    cluster.wait_at(stages.BEFORE_COMMIT)
    began = time.monotonic()
    cluster.worker.freeze()
    cluster.stages.release(stages.BEFORE_COMMIT)
    cluster.another_worker().start()
    cluster.wait_for_end()
    seconds = time.monotonic() - began
    before = cluster.row("frozen.png")

    cluster.worker.thaw()
    cluster.wait_until_said(cluster.worker, "frozen.png: the lease was lost; nothing was written")
    assert cluster.row("frozen.png") == before
    what = "SIGSTOP of a worker past its lease, then SIGCONT"
    report.write(Fault(what, database, 1, seconds), cluster.count_files())
