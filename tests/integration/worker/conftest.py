"""A broker, a database, a folder and real Celery workers, which use a fake segmenter."""

import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest
from PIL import Image as Picture
from redis import Redis
from sqlalchemy import Engine, select

from cli.processes.embedded_broker import find_server
from cli.processes.local_stack import environment
from nuqleus.database.engine import make_engine, reading, upgrade
from nuqleus.database.file_states import FileState
from nuqleus.database.files.scheduler_files import SchedulerFiles
from nuqleus.database.tables import File
from nuqleus.database.workers import LiveWorker, Workers
from nuqleus.messages import Job
from nuqleus.queue import make_app, send_jobs
from nuqleus.settings import Settings
from tests.fake_segmenter import draw_squares
from tests.unit.worker.conftest import queue

REPOSITORY = Path(__file__).parents[3]
FAKE_APP = "tests.integration.worker.fake_app"
PATIENCE = 300
"""Seconds after which something counts as not happening: a worker needs minutes to start on a very busy machine."""


@dataclass(frozen=True)
class WorkerDeployment:
    """Everything around a worker; the test is the scheduler.

    Attributes:
        hold: while this file exists, the fake segmenter takes its time.
    """

    settings: Settings
    engine: Engine
    files: SchedulerFiles
    workers: Workers
    ring: Callable[..., None]
    rows: Callable[..., list[tuple[Any, ...]]]

    @property
    def hold(self) -> Path:
        return self.settings.input_dir.with_name("hold")

    @contextmanager
    def holding(self) -> Iterator[Callable[[], None]]:
        """Let the fake segmenter take its time for the length of the block; yields what waits until it does."""
        held = self.hold.with_name("held")
        held.unlink(missing_ok=True)
        self.hold.touch()
        try:
            yield lambda: wait_until(held.exists, "an image is held")
        finally:
            self.hold.unlink()

    def drop(self, name: str, nuclei: int) -> int:
        """Put an image into the folder, queue it and ring; returns its id."""
        file_id = self.queue(name, nuclei)
        self.ring(file_id)
        return file_id

    def queue(self, name: str, nuclei: int) -> int:
        """Put an image into the folder and queue it; returns its id."""
        Picture.fromarray(draw_squares(nuclei)).save(self.settings.input_dir / name)
        return queue(self.files, self.settings.input_dir, name)

    def said(self, words: str) -> int:
        """How often these words are in the log, which all workers of a deployment share."""
        return (self.settings.state_dir / "worker.log").read_text().count(words)

    def wait_until_said(self, words: str, times: int = 1) -> None:
        """Wait until these words are in the log this often."""
        wait_until(lambda: self.said(words) >= times, words)

    def file(self, name: str, column: Any) -> Any:
        """A column of a file's row."""
        ((value,),) = self.rows(column, File.path == name)
        return value

    def newest_worker(self) -> LiveWorker:
        """The process that does the work, however long a busy machine keeps it from showing that it lives."""
        return self.workers.live(PATIENCE)[-1]

    def wait_for(self, name: str, state: FileState) -> None:
        wait_until(lambda: self.file(name, File.state) == state, f"{name} {state}")

    @contextmanager
    def run(self, *arguments: str, **changed: Any) -> Iterator[subprocess.Popen[bytes]]:
        """A worker as a process of its own; leaving the block ends it, if it still lives."""
        variables = environment(self.settings.model_copy(update=changed))
        with (self.settings.state_dir / "worker.log").open("ab") as log:
            command = [sys.executable, "-m", *arguments]
            process = subprocess.Popen(command, cwd=REPOSITORY, env=variables, stdout=log, stderr=log)
        try:
            yield process
        finally:
            process.kill()
            process.wait()

    def run_fake(self, **changed: Any) -> Any:
        """A worker as `celery -A` starts it."""
        return self.run("celery", "-A", FAKE_APP, "worker", "--without-mingle", "--without-gossip", **changed)


def wait_until(holds: Callable[[], object], what: str) -> None:
    end = time.monotonic() + PATIENCE
    while not holds():
        assert time.monotonic() < end, f"not within {PATIENCE} s: {what}"
        time.sleep(0.02)


@pytest.fixture(scope="module")
def deployment(tmp_path_factory: pytest.TempPathFactory) -> Iterator[WorkerDeployment]:
    """Leases are short, so that a dead worker's file comes back soon."""
    folder = tmp_path_factory.mktemp("deployment")
    (folder / "inbox").mkdir()
    settings = Settings(
        input_dir=folder / "inbox",
        state_dir=folder,
        broker_url=f"redis+socket://{folder / 'broker'}",
        heartbeat_seconds=0.2,
        lease_seconds=1,
    )
    engine = make_engine(settings.database_url)
    upgrade(engine)

    def rows(column: Any, *conditions: Any) -> list[tuple[Any, ...]]:
        with reading(engine) as connection:
            return [tuple(row) for row in connection.execute(select(column).where(*conditions))]

    with _broker(folder), make_app(settings) as app:

        def ring(*file_ids: int) -> None:
            send_jobs(app, [Job(file_ids)])

        yield WorkerDeployment(settings, engine, SchedulerFiles(engine), Workers(engine), ring, rows)
    engine.dispose()


@contextmanager
def _broker(folder: Path) -> Iterator[None]:
    socket = str(folder / "broker")
    command = [find_server(), "--port", "0", "--unixsocket", socket, "--save", "", "--dir", str(folder)]
    with (
        subprocess.Popen(command, stdout=subprocess.DEVNULL) as server,
        Redis(unix_socket_path=socket) as client,
    ):
        wait_until(lambda: Path(socket).exists() and client.ping(), "the broker answers")
        yield
        server.terminate()
