"""The broker and the database server die, with and without what they hold."""

import shutil
import time

import pytest

from nuqleus.database.file_states import FileState
from tests.conftest import run_sql
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


@pytest.mark.parametrize("database", ["postgresql"], indirect=True)
def test_the_database_server_can_only_be_read_for_a_while(cluster, postgresql, report):
    """As after a failover: the new primary isn't one yet."""
    trouble = "can only be read at present, as after a failover"
    set_read_only(postgresql.url, "on")
    cluster.drop(*(f"read-only {number}.png" for number in range(5)))
    cluster.wait_until_said(cluster.scheduler, trouble)
    began = time.monotonic()
    set_read_only(postgresql.url, "off")
    cluster.wait_for_end()
    seconds = time.monotonic() - began
    assert cluster.scheduler.said().count(trouble) == 1
    assert "Traceback" not in cluster.scheduler.said()
    report.write(
        Fault("PostgreSQL can only be read, then written to again", "postgresql", 1, seconds),
        cluster.count_files(),
    )


def set_read_only(url: str, state: str) -> None:
    run_sql(url, f"ALTER SYSTEM SET default_transaction_read_only = {state}", "SELECT pg_reload_conf()")


def test_the_broker_refuses_to_write_for_a_while(busy, database, report):
    """As after a failover: the server that everybody is connected to has become a replica."""
    client = busy._client()
    client.execute_command("REPLICAOF", "127.0.0.1", "1")
    busy.stages.release(stages.NETWORK)
    busy.wait_until_said(busy.worker, "The broker refuses")
    began = time.monotonic()
    client.execute_command("REPLICAOF", "NO", "ONE")
    client.close()
    busy.wait_for_end()
    seconds = time.monotonic() - began
    assert busy.worker.lives()
    counts = busy.count_files()
    assert counts.done == FILES
    report.write(
        Fault(
            f"Redis becomes a replica, then primary again, most of {FILES} files queued", database, 1, seconds
        ),
        counts,
    )
