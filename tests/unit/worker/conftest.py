"""A database, a watched folder with a file, and a clock that only moves when told to."""

from pathlib import Path

import pytest
from PIL import Image
from sqlalchemy import func, select

from nuqleus.database.engine import reading
from nuqleus.database.files.records import SeenFile
from nuqleus.database.files.scheduler_files import SchedulerFiles
from nuqleus.database.files.worker_files import WorkerFiles
from nuqleus.database.model_registry import register_model
from nuqleus.database.tables import File
from nuqleus.database.workers import Workers
from nuqleus.messages import Job
from nuqleus.settings import Settings
from tests.conftest import Clock
from tests.examples import observe
from tests.fake_segmenter import ThresholdSegmenter, draw_squares
from worker.heartbeat import Heartbeat
from worker.inbox_reader import InboxReader
from worker.processor import Processor
from worker.retry_policy import RetryPolicy


class SleepingClock(Clock):
    """Time as the tests set it; sleeping makes it pass."""

    def __init__(self) -> None:
        super().__init__()
        self.slept: list[float] = []

    def sleep(self, seconds: float) -> None:
        self.slept.append(seconds)
        self.advance(seconds)


class Interrupting(ThresholdSegmenter):
    """Finds nuclei, after something has happened."""

    def __init__(self, happen):
        self.happen = happen

    def segment(self, pixels, *looked_for):
        self.happen()
        return super().segment(pixels)


def raising(error):
    def happen():
        raise error

    return happen


@pytest.fixture
def clock():
    return SleepingClock()


@pytest.fixture
def engine(sqlite_engine):
    return sqlite_engine


@pytest.fixture
def files(engine, clock):
    return SchedulerFiles(engine, clock)


@pytest.fixture
def worker_files(engine, clock):
    return WorkerFiles(engine, clock)


@pytest.fixture
def settings(tmp_path):
    (tmp_path / "inbox").mkdir()
    return Settings(input_dir=tmp_path / "inbox", state_dir=tmp_path / "state")


@pytest.fixture
def drop(settings, files):
    """Put an image into the watched folder and queue it, as the scheduler would; returns its id."""

    def drop(name: str = "plate/three.png", nuclei: int = 3, content: bytes | None = None) -> int:
        path = settings.input_dir / name
        path.parent.mkdir(parents=True, exist_ok=True)
        if content is None:
            Image.fromarray(draw_squares(nuclei)).save(path)
        else:
            path.write_bytes(content)
        return queue(files, settings.input_dir, name)

    return drop


def queue(files: SchedulerFiles, folder: Path, name: str) -> int:
    now = (folder / name).stat()
    file_id = observe(files, SeenFile(name, now.st_size, now.st_mtime_ns))[name]
    files.enqueue([file_id])
    return file_id


@pytest.fixture
def heartbeat(engine, worker_files, clock):
    workers = Workers(engine, clock)
    return Heartbeat(worker_files, workers, workers.start("host", 1, "cpu:0").id, every=1, lease=60)


@pytest.fixture
def process(engine, worker_files, settings, clock, heartbeat):
    """Handle a file's message in a worker; keyword arguments replace settings."""
    model_id = register_model(engine, "threshold", "0" * 64, {}, {}, "tests")

    def process(file_id, happen=lambda: None, **changed):
        given = settings.model_copy(update=changed)
        retry = RetryPolicy(sleep=clock.sleep)
        processor = Processor(
            given, InboxReader(given), worker_files, Interrupting(happen), model_id, "me", heartbeat, retry
        )
        processor.handle(Job((file_id,)))

    return process


@pytest.fixture
def row(engine):
    def row(file_id):
        with reading(engine) as connection:
            return connection.execute(select(File.__table__).where(File.id == file_id)).one()

    return row


@pytest.fixture
def count(engine):
    def count(table):
        with reading(engine) as connection:
            return connection.scalar(select(func.count()).select_from(table))

    return count
