"""The broker and the database server die, with and without what they hold."""

import shutil
import time

import pytest

from nuqleus.database.tables import FileState
from tests.faults import stages
from tests.faults.cluster import Cluster
from tests.faults.fault_report import FULL, Fault
from tests.faults.service import wait_until

ROUNDS = 10 if FULL else 1
FILES = 20


@pytest.fixture
def busy(cluster):
    """Twenty files, of which a worker holds the first chunk; the others are queued."""
    cluster.stages.hold(stages.NETWORK)
    cluster.drop(*(f"{time.monotonic_ns()}/{number}.png" for number in range(FILES)))
    cluster.wait_at(stages.NETWORK)
    wait_until(lambda: cluster.files.counts()[FileState.WAITING] == 0, "all are queued", cluster.describe)
    assert cluster.files.counts()[FileState.QUEUED] >= FILES // 2
    return cluster


def kill_with_its_data(cluster: Cluster) -> None:
    cluster.broker.kill()
    cluster.start_broker()


def kill_without_its_data(cluster: Cluster) -> None:
    cluster.broker.kill()
    shutil.rmtree(cluster.root / "queue")
    (cluster.root / "queue").mkdir()
    cluster.start_broker()


@pytest.mark.parametrize(
    ("what", "harm"),
    [
        ("kill -9 of the broker, started again with its data", kill_with_its_data),
        ("kill -9 of the broker, started again empty", kill_without_its_data),
        ("FLUSHALL", Cluster.flush_broker),
    ],
    ids=["kept", "lost", "flushed"],
)
def test_the_broker_loses_what_it_holds(busy, database, report, what, harm):
    began = time.monotonic()
    harm(busy)
    busy.stages.release(stages.NETWORK)
    busy.wait_for_end()
    seconds = time.monotonic() - began
    counts = busy.count_files()
    assert counts.done == FILES
    report.write(Fault(f"{what}, most of {FILES} files queued", database, 1, seconds), counts)


def test_files_that_come_while_the_broker_is_away_are_processed_when_it_is_back(cluster, database, report):
    cluster.broker.kill()
    cluster.drop(*(f"without broker {number}.png" for number in range(5)))
    cluster.wait_until_said(cluster.scheduler, "can't be reached")
    began = time.monotonic()
    cluster.start_broker()
    cluster.wait_for_end()
    assert cluster.scheduler.lives()
    what = "files dropped while there is no broker"
    report.write(Fault(what, database, 1, time.monotonic() - began), cluster.count_files())


@pytest.mark.parametrize("database", ["postgresql"], indirect=True)
def test_the_database_server_crashes_in_the_middle_of_a_write(cluster, postgresql, report):
    slowest = max(
        crash_while_writing(cluster, postgresql, f"power cut {number}.png") for number in range(ROUNDS)
    )
    assert cluster.worker.lives()
    assert cluster.scheduler.lives()
    cluster.wait_until_said(cluster.scheduler, "The scheduler works again")
    what = "crash and restart of PostgreSQL, results half written"
    report.write(Fault(what, "postgresql", ROUNDS, slowest), cluster.count_files())


def crash_while_writing(cluster: Cluster, postgresql, name: str) -> float:
    cluster.stages.hold(stages.IN_TRANSACTION)
    cluster.drop(name)
    cluster.wait_at(stages.IN_TRANSACTION)
    postgresql.crash()
    cluster.stages.release(stages.IN_TRANSACTION)
    cluster.wait_until_said(cluster.scheduler, "The scheduler can't work, and keeps trying")
    began = time.monotonic()
    postgresql.start()
    cluster.wait_for_end()
    return time.monotonic() - began
