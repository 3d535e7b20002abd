"""Cost of a renamed folder: the time until all rows follow, and what is read of its files.

    python benchmarks/renaming.py --files 10000 --bytes 100000 [--database URL]

makes a folder of that many files, no two of one content, and a database in which all of them are done; renames the
folder; and lets the real scheduler and one worker, in this process, find the files again. Nothing may be segmented.
"""

import argparse
import os
import tempfile
import time
from collections.abc import Iterator
from hashlib import sha256
from pathlib import Path
from typing import Any, NoReturn, cast
from unittest.mock import patch

from celery import Celery
from sqlalchemy import Engine, func, insert, select

from nuqleus.database.batches import batched
from nuqleus.database.engine import make_engine, reading, upgrade, writing
from nuqleus.database.file_states import FileState
from nuqleus.database.files.worker_files import WorkerFiles
from nuqleus.database.model_registry import register_model
from nuqleus.database.tables import File, Image
from nuqleus.database.workers import Workers
from nuqleus.file_stat import FileStat
from nuqleus.image_options import DEFAULT_OPTIONS
from nuqleus.messages import Job
from nuqleus.settings import Settings, get_settings
from scheduler.factory import make_scheduler_loop
from scheduler.scheduler import Scheduler
from worker.heartbeat import Heartbeat
from worker.inbox_reader import InboxReader, hash_content
from worker.pipeline import SegmenterProtocol
from worker.processor import Processor
from worker.retry_policy import RetryPolicy

BATCH = 1_000


class NoSegmenter:
    """Nobody may segment a file that was only renamed."""

    def segment(self, _pixels: object) -> NoReturn:
        """Refuse."""
        raise AssertionError("a renamed file was segmented")


def main() -> None:
    """Fill, rename, follow, print."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--files", type=int, default=10_000)
    parser.add_argument("--bytes", type=int, default=100_000, help="in each file")
    parser.add_argument("--database", help="URL of an empty database; without it, an embedded one")
    given = parser.parse_args()
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        settings = get_settings(input_dir=folder / "inbox", state_dir=folder)
        engine = make_engine(given.database or settings.database_url)
        upgrade(engine)
        model_id = fill(engine, settings.input_dir, given.files, given.bytes)
        jobs: list[Job] = []
        scheduler, processor = (
            make_scheduler(settings, engine, jobs),
            make_processor(settings, engine, model_id),
        )
        scheduler.tick()
        (settings.input_dir / "plate").rename(settings.input_dir / "renamed")
        report(engine, scheduler, processor, jobs, given.files)
        engine.dispose()


def report(engine: Engine, scheduler: Scheduler, processor: Processor, jobs: list[Job], files: int) -> None:
    """Follow the renamed files; print how long that took and what was read."""
    read = []

    def count(path: Path) -> str:
        read.append(path.stat().st_size)
        return hash_content(path)

    began, busy = time.perf_counter(), time.process_time()
    with patch("worker.processor.hash_content", count):
        while followed(engine) < files:
            scheduler.tick()
            while jobs:
                processor.handle(jobs.pop(0))
    seconds, processor_seconds = time.perf_counter() - began, time.process_time() - busy
    print(f"{files} files follow: {seconds:.1f} s, {processor_seconds:.1f} s of the processor")
    print(f"{len(read)} files were hashed, {sum(read) / 1e6:.0f} MB read; none was segmented")


def followed(engine: Engine) -> int:
    """Files that are done at their new paths."""
    there = (File.state == FileState.DONE, File.gone_at.is_(None), File.path.startswith("renamed/"))
    with reading(engine) as connection:
        return connection.scalar(select(func.count()).select_from(File).where(*there)) or 0


def fill(engine: Engine, inbox: Path, files: int, size: int) -> int:
    """Make the files, and rows that say that they are done. Returns the model's id."""
    (inbox / "plate").mkdir(parents=True)
    model_id = register_model(engine, "net", "a" * 64, {}, {}, "1")
    for rows in batched(file_rows(inbox, files, size), BATCH):
        with writing(engine) as connection:
            connection.execute(insert(File), rows)
    with writing(engine) as connection:
        ids = connection.scalars(select(File.id)).all()
        connection.execute(insert(Image), [image_row(file_id, model_id) for file_id in ids])
    return model_id


def file_rows(inbox: Path, files: int, size: int) -> Iterator[dict[str, Any]]:
    """A row for each file that is made."""
    for number in range(files):
        path, content = inbox / "plate" / f"{number:06}.tif", os.urandom(size)
        path.write_bytes(content)
        yield {
            "path": path.relative_to(inbox).as_posix(),
            **FileStat.of(path.stat())._asdict(),
            "sha256": sha256(content).hexdigest(),
            "image_options": str(DEFAULT_OPTIONS),
            "state": FileState.DONE,
            "discovered_at": 1.0,
            "finished_at": 1.0,
        }


def image_row(file_id: int, model_id: int) -> dict[str, Any]:
    """A row of `images`."""
    place = {"file_id": file_id, "model_id": model_id, "scene": 0, "t": 0, "z": 0}
    return {**place, "height": 1, "width": 1, "channels": 1, "dtype": "uint16", "n_nuclei": 0}


def make_scheduler(settings: Settings, engine: Engine, jobs: list[Job]) -> Scheduler:
    """A scheduler that sends its messages to a list."""
    with (
        patch("scheduler.factory.send_jobs", lambda _app, sent: jobs.extend(sent)),
        patch("scheduler.factory.queue_depth", lambda _app: len(jobs)),
    ):
        return make_scheduler_loop(settings, engine, Celery())._scheduler


def make_processor(settings: Settings, engine: Engine, model_id: int) -> Processor:
    """A worker that can do all but segment."""
    files, workers = WorkerFiles(engine), Workers(engine)
    row = workers.start("host", os.getpid(), "cpu:0")
    heartbeat = Heartbeat(
        files, workers, row.id, every=settings.heartbeat_seconds, lease=settings.lease_seconds
    )
    inbox = InboxReader(settings)
    segmenter = cast("SegmenterProtocol", NoSegmenter())
    return Processor(settings, inbox, files, segmenter, model_id, row.owner, heartbeat, RetryPolicy())


if __name__ == "__main__":
    main()
