"""The broker and the database server die, with and without what they hold."""

import shutil
import time

import pytest

from nuqleus.database.states import FileState
from tests.faults import stages
from tests.faults.ledger import FULL, Fault
from tests.faults.parts import wait_until
from tests.faults.plant import Plant

ROUNDS = 10 if FULL else 1
FILES = 20


@pytest.fixture
def busy(plant):
    """Twenty files, of which a worker holds the first chunk; the others are queued."""
    plant.stages.hold(stages.NETWORK)
    plant.drop(*(f"{time.monotonic_ns()}/{number}.png" for number in range(FILES)))
    plant.wait_at(stages.NETWORK)
    wait_until(lambda: plant.files.counts()[FileState.WAITING] == 0, "all are queued", plant.describe)
    assert plant.files.counts()[FileState.QUEUED] >= FILES // 2
    return plant


def kill_with_its_data(plant: Plant) -> None:
    plant.broker.kill()
    plant.start_broker()


def kill_without_its_data(plant: Plant) -> None:
    plant.broker.kill()
    shutil.rmtree(plant.root / "queue")
    (plant.root / "queue").mkdir()
    plant.start_broker()


@pytest.mark.parametrize(
    ("what", "harm"),
    [
        ("kill -9 of the broker, started again with its data", kill_with_its_data),
        ("kill -9 of the broker, started again empty", kill_without_its_data),
        ("FLUSHALL", Plant.flush_broker),
    ],
    ids=["kept", "lost", "flushed"],
)
def test_the_broker_loses_what_it_holds(busy, database, ledger, what, harm):
    began = time.monotonic()
    harm(busy)
    busy.stages.release(stages.NETWORK)
    busy.wait_for_end()
    seconds = time.monotonic() - began
    tally = busy.tally()
    assert tally.done == FILES
    ledger.write(Fault(f"{what}, most of {FILES} files queued", database, 1, seconds), tally)


def test_files_that_come_while_the_broker_is_away_are_processed_when_it_is_back(plant, database, ledger):
    plant.broker.kill()
    plant.drop(*(f"without broker {number}.png" for number in range(5)))
    plant.wait_until_said(plant.scheduler, "can't be reached")
    began = time.monotonic()
    plant.start_broker()
    plant.wait_for_end()
    assert plant.scheduler.lives()
    what = "files dropped while there is no broker"
    ledger.write(Fault(what, database, 1, time.monotonic() - began), plant.tally())


@pytest.mark.parametrize("database", ["postgresql"], indirect=True)
def test_the_database_server_crashes_in_the_middle_of_a_write(plant, postgresql, ledger):
    slowest = max(
        crash_while_writing(plant, postgresql, f"power cut {number}.png") for number in range(ROUNDS)
    )
    assert plant.worker.lives()
    assert plant.scheduler.lives()
    plant.wait_until_said(plant.scheduler, "The scheduler works again")
    what = "crash and restart of PostgreSQL, results half written"
    ledger.write(Fault(what, "postgresql", ROUNDS, slowest), plant.tally())


def crash_while_writing(plant: Plant, postgresql, name: str) -> float:
    plant.stages.hold(stages.IN_TRANSACTION)
    plant.drop(name)
    plant.wait_at(stages.IN_TRANSACTION)
    postgresql.crash()
    plant.stages.release(stages.IN_TRANSACTION)
    plant.wait_until_said(plant.scheduler, "The scheduler can't work, and keeps trying")
    began = time.monotonic()
    postgresql.start()
    plant.wait_for_end()
    return time.monotonic() - began
