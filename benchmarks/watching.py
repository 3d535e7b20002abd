"""Cost of monitoring: the time of one `nuqleus status`, and of one question by Prometheus, on a full database.

    python benchmarks/watching.py sqlite:////tmp/full.db --files 1000000 --images 1

fills the database, whose tables must be empty, and prints milliseconds: the shortest of some times, the median, and the
least of our own processor time; that of a server is not in it.
"""

import argparse
import time
from collections.abc import Callable, Iterator
from statistics import median
from typing import Any

from sqlalchemy import Engine, insert, text

from nuqleus.database.engine import make_engine, upgrade, writing
from nuqleus.database.file_states import FileState
from nuqleus.database.model_registry import register_model
from nuqleus.database.queries.result_counters import RECOUNTED_IMAGES, ResultCounters
from nuqleus.database.queries.status import get_status
from nuqleus.database.queries.status_details import failures_by_kind, get_details
from nuqleus.database.tables import Base, File, Image
from scheduler.metrics import SchedulerCollector

BATCH = 10_000
TIMES = 15
NOW = time.time()
KINDS = ("damaged", "truncated", "not-an-image")


def main() -> None:
    """Fill, ask, print."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("database", help="URL of a database")
    parser.add_argument("--files", type=int, default=100_000)
    parser.add_argument("--images", type=int, default=10, help="in each file")
    given = parser.parse_args()
    engine = make_engine(given.database)
    upgrade(engine)
    fill(engine, given.files, given.images)
    for name, ask in questions(engine):
        walls, cores = zip(*(seconds(ask) for _ in range(TIMES)), strict=True)
        print(f"{name:30s} {min(walls) * 1e3:8.1f} {median(walls) * 1e3:8.1f} {min(cores) * 1e3:8.1f}")


def questions(engine: Engine) -> Iterator[tuple[str, Callable[[], object]]]:
    """What is asked, by name."""
    counters, late = ResultCounters(engine), ResultCounters(engine)
    late.update()
    # as far back as it ever reads
    late._counted_until = (late._counted_until or 0) - 2 * RECOUNTED_IMAGES
    yield "status: overview", lambda: get_status(engine, NOW, alive_within=60)
    yield "status: details", lambda: get_details(engine, NOW)
    yield "  of which failures by kind", lambda: failures_by_kind(engine)
    yield "counters, nothing new", counters.update
    yield f"counters, {2 * RECOUNTED_IMAGES} images", late.update
    yield "Prometheus", lambda: SchedulerCollector(engine, lambda: 0, 60, "me").collect()


def seconds(ask: Callable[[], object]) -> tuple[float, float]:
    """What it takes to ask once: time, and processor time."""
    began, busy = time.perf_counter(), time.process_time()
    ask()
    return time.perf_counter() - began, time.process_time() - busy


def fill(engine: Engine, files: int, images: int) -> None:
    """A tenth failed, a tenth waits in the queue, a few run; the rest is done."""
    model = register_model(engine, "net", "a" * 64, {}, {}, "1")
    write(engine, File, (file_row(number, files) for number in range(1, files + 1)))
    write(engine, Image, (image_row(number, images, model) for number in range(files * images)))
    with engine.connect().execution_options(isolation_level="AUTOCOMMIT") as connection:
        connection.execute(text("ANALYZE"))


def file_row(number: int, files: int) -> dict[str, Any]:
    """A row of `files`."""
    state = {0: FileState.FAILED, 1: FileState.QUEUED}.get(number % 10, FileState.DONE)
    if number <= 8:
        state = FileState.RUNNING
    begun = NOW - (files - number) / 23  # a million in twelve hours
    ended = begun + 1 if state in (FileState.FAILED, FileState.DONE) else None
    return {
        "id": number,
        "path": f"plate {number // 384:05d}/well {number % 384:03d}.tif",
        "size": 1,
        "mtime_ns": 1,
        "state": state,
        "lease_owner": "host:1:1" if state is FileState.RUNNING else None,
        "lease_expires_at": NOW + 60 if state is FileState.RUNNING else None,
        "error_kind": KINDS[number % 3] if state is FileState.FAILED else None,
        "error": "The file ends early." if state is FileState.FAILED else None,
        "discovered_at": begun,
        "queued_at": begun,
        "started_at": begun,
        "finished_at": ended,
    }


def image_row(number: int, images: int, model: int) -> dict[str, Any]:
    """A row of `images`."""
    fixed = {
        "scene": 0,
        "t": 0,
        "height": 1000,
        "width": 1000,
        "channels": 1,
        "dtype": "uint16",
        "n_nuclei": 80,
    }
    stages = ("read", "normalise", "network", "instances", "measure", "store")
    seconds = {f"seconds_{stage}": 0.1 for stage in stages}
    return {"file_id": number // images + 1, "z": number % images, "model_id": model, **fixed, **seconds}


def write(engine: Engine, table: type[Base], rows: Iterator[dict[str, Any]]) -> None:
    """Insert rows, some thousands at a time."""
    while batch := [row for _, row in zip(range(BATCH), rows, strict=False)]:
        with writing(engine) as connection:
            connection.execute(insert(table), batch)


if __name__ == "__main__":
    main()
