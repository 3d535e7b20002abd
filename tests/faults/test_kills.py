"""kill -9 at each stage of a file's life."""

import os
import signal
import time

import pytest

from nuqleus.database.states import FileState
from tests.faults import stages
from tests.faults.ledger import FULL, Fault
from tests.faults.plant import Plant

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
def test_the_process_that_holds_the_network_is_killed(plant, database, ledger, stage):
    slowest = max(lose_network(plant, stage, f"{stage} {number}.png") for number in range(ROUNDS))
    what = f"kill -9 of the process that holds the network, {stage}"
    ledger.write(Fault(what, database, ROUNDS, slowest), plant.tally())


def lose_network(plant: Plant, stage: str, name: str) -> float:
    """Kill whoever comes to a stage; return the seconds until the file was done after all."""
    plant.stages.hold(stage)
    plant.drop(name)
    victim = plant.wait_at(stage)
    began = time.monotonic()
    os.kill(victim, signal.SIGKILL)
    plant.stages.release(stage)
    plant.wait_for(name, FileState.DONE)
    return time.monotonic() - began


def test_a_whole_worker_is_killed_and_another_takes_over(plant, database, ledger):
    plant.stages.hold(stages.NETWORK)
    plant.drop("whole worker.png")
    plant.wait_at(stages.NETWORK)
    began = time.monotonic()
    plant.worker.kill()
    plant.stages.release(stages.NETWORK)
    plant.worker.start()
    plant.wait_for_end()
    what, seconds = "kill -9 of a whole worker, another is started", time.monotonic() - began
    ledger.write(Fault(what, database, 1, seconds), plant.tally())


@pytest.mark.parametrize("stage", [stages.BEFORE_QUEUED, stages.BEFORE_SENT])
def test_the_scheduler_is_killed_and_started_again(plant, database, ledger, stage):
    slowest = max(lose_scheduler(plant, stage, f"{stage} {number}") for number in range(ROUNDS))
    ledger.write(Fault(f"kill -9 of the scheduler, {stage}", database, ROUNDS, slowest), plant.tally())


def lose_scheduler(plant: Plant, stage: str, folder: str) -> float:
    plant.stages.hold(stage)
    plant.drop(*(f"{folder}/{number}.png" for number in range(5)))
    plant.wait_at(stage)
    began = time.monotonic()
    plant.scheduler.kill()
    plant.stages.release(stage)
    plant.scheduler.start()
    plant.wait_for_end()
    return time.monotonic() - began


def test_a_second_scheduler_stands_by_and_takes_over(plant, database, ledger):
    second = plant.another_scheduler()
    second.start()
    plant.wait_until_said(second, "standing by")
    began = time.monotonic()
    plant.scheduler.kill()
    plant.drop("a file for the second scheduler.png")
    plant.wait_for_end()
    seconds = time.monotonic() - began
    assert "Leading now" in second.said()
    what = "kill -9 of the leading one of two schedulers"
    ledger.write(Fault(what, database, 1, seconds), plant.tally())


def test_a_frozen_worker_that_comes_back_writes_nothing(plant, database, ledger):
    plant.stages.hold(stages.BEFORE_COMMIT)
    plant.drop("frozen.png")
    plant.wait_at(stages.BEFORE_COMMIT)
    began = time.monotonic()
    plant.worker.freeze()
    plant.stages.release(stages.BEFORE_COMMIT)
    plant.another_worker().start()
    plant.wait_for_end()
    seconds = time.monotonic() - began
    before = plant.row("frozen.png")

    plant.worker.thaw()
    plant.wait_until_said(plant.worker, "frozen.png: the lease was lost; nothing was written")
    assert plant.row("frozen.png") == before
    what = "SIGSTOP of a worker past its lease, then SIGCONT"
    ledger.write(Fault(what, database, 1, seconds), plant.tally())
