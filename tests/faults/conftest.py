"""Clusters on SQLite and on a real PostgreSQL, which faults may kill, and a report of what came of it.

FAULTS_SIZE=full does everything as often as the table in docs/reliability.md says; FAULTS_TABLE names the file that
gets the table.
"""

import os
import signal
import tempfile
import time
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from pathlib import Path
from typing import Any

import psutil
import pytest

from tests.conftest import migrate, new_database, start_postgresql
from tests.faults.cluster import Cluster
from tests.faults.fault_report import FaultReport
from tests.faults.service import wait_until

_HERE = Path(__file__).parent


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    for item in items:
        if _HERE in item.path.parents:
            item.add_marker(pytest.mark.faults)


class PostgreSQL:
    """A server of our own, that may be crashed and started again."""

    def __init__(self, folder: Path) -> None:
        self._server = start_postgresql(folder)
        self.url = self._server.get_uri(driver="psycopg")

    def crash(self) -> None:
        """Immediate shutdown: every connection is cut, and the next start recovers from the log."""
        server = psutil.Process(self._server.get_pid())
        server.send_signal(signal.SIGQUIT)
        wait_until(lambda: not server.is_running(), "PostgreSQL ended")

    def start(self) -> None:
        self._server.ensure_postgres_running()

    def close(self) -> None:
        self._server.cleanup()


@pytest.fixture(scope="session")
def postgresql() -> Iterator[PostgreSQL]:
    with tempfile.TemporaryDirectory(prefix="nuqleus-", ignore_cleanup_errors=True) as folder:
        server = PostgreSQL(Path(folder) / "data")
        yield server
        server.close()


@pytest.fixture(scope="session")
def report() -> FaultReport:
    path = os.environ.get("FAULTS_TABLE")
    return FaultReport(Path(path) if path else None)


@contextmanager
def _builder(request: pytest.FixtureRequest) -> Iterator[Callable[..., Cluster]]:
    with ExitStack() as stack:
        folder = stack.enter_context(
            tempfile.TemporaryDirectory(prefix="cluster-", ignore_cleanup_errors=True)
        )

        def build(
            database: str, database_folder: Path | None = None, kind: type[Cluster] = Cluster, **changed: Any
        ) -> Cluster:
            root = Path(tempfile.mkdtemp(dir=folder))
            url = f"sqlite:///{(database_folder or root) / 'nuqleus.db'}"
            if database == "postgresql":
                url = stack.enter_context(new_database(request.getfixturevalue("postgresql").url))
            migrate(url)
            cluster = kind(root, url, **changed)
            stack.callback(cluster.close)
            return cluster

        yield build


@pytest.fixture
def build(request: pytest.FixtureRequest) -> Iterator[Callable[..., Cluster]]:
    """Builds clusters: `build("sqlite")`, with settings other than usual, or of a kind of its own."""
    with _builder(request) as build:
        yield build


@pytest.fixture(scope="session", params=["sqlite", "postgresql"])
def database(request: pytest.FixtureRequest) -> str:
    return str(request.param)


@pytest.fixture(scope="session")
def shared_cluster(request: pytest.FixtureRequest, database: str) -> Iterator[Cluster]:
    with _builder(request) as build:
        yield build(database)


@pytest.fixture
def cluster(shared_cluster: Cluster) -> Cluster:
    """A cluster that works: broker, scheduler and worker are up, with a first file behind them.

    One for all tests on a database, since its processes need seconds to start.
    """
    shared_cluster.start()
    first = f"first {time.monotonic_ns()}.png"
    shared_cluster.drop(first)
    shared_cluster.wait_for_end()
    shared_cluster.nuclei.clear()
    return shared_cluster
