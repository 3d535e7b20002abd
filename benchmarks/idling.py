"""Cost of nothing: what a scheduler takes of a core while it watches a folder of files that are all done.

    python -m benchmarks.idling /tmp/million --files 1000000 --minutes 10

makes that many empty files, unless the folder is there (`scanning.py`), and an embedded database in which all of them
are done; starts a broker and `nuqleus schedule`, as they are; and prints, once it has looked at everything and rests,
its seconds of the processor in that time, its share of a core, and its memory. Settings come from the environment.
"""

import os
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import click
import psutil
from sqlalchemy import Engine, insert

from benchmarks.scanning import fill_new_folder
from cli.processes.embedded_broker import EmbeddedBroker
from nuqleus.database.batches import batched
from nuqleus.database.engine import open_database, writing
from nuqleus.database.file_states import FileState
from nuqleus.database.tables import File
from scheduler.scanner import Scanner

BATCH = 2_000
QUIET_SECONDS = 10.0
RESTING_SHARE = 0.02
"""Of a core, so long: after the start, the database has been read and every file looked at."""


@click.command()
@click.argument("folder", type=click.Path(path_type=Path))
@click.option("--files", default=1_000_000, show_default=True, help="Files to make, unless FOLDER is there.")
@click.option("--minutes", default=10.0, show_default=True, help="How long to watch it.")
def main(folder: Path, files: int, minutes: float) -> None:
    """Watch FOLDER, all of whose files are done."""
    fill_new_folder(folder, files)
    with tempfile.TemporaryDirectory() as name:
        state = Path(name)
        database = f"sqlite:///{state / 'nuqleus.db'}"
        engine = open_database(database)
        print(f"{record(engine, folder)} files are done")
        engine.dispose()
        with (state / "log").open("w") as log:
            watch(folder, database, state, log.fileno(), minutes * 60)
        print((state / "log").read_text(encoding="utf-8", errors="replace"))


def record(engine: Engine, folder: Path) -> int:
    """Make a row for each file, as if it had been processed. Returns how many."""
    files = 0
    for rows in batched(done_rows(folder), BATCH):
        with writing(engine) as connection:
            connection.execute(insert(File), rows)
        files += len(rows)
    return files


def done_rows(folder: Path) -> Iterator[dict[str, Any]]:
    """Rows of files with their stamps."""
    found = Scanner(folder).scan().files
    for path in found:
        times = {"discovered_at": 1.0, "finished_at": 1.0}
        yield {"path": path, **found[path]._asdict(), "state": FileState.DONE, **times}


def watch(folder: Path, database: str, state: Path, log: int, seconds: float) -> None:
    """Let the program watch the folder, and print what it takes."""
    broker = EmbeddedBroker(state)
    with Path(os.devnull).open("wb") as nowhere:
        server = broker.start(nowhere.fileno())
    command = [
        *(sys.executable, "-m", "cli.main", "schedule", "--input", str(folder)),
        *("--database", database, "--broker", broker.url),
    ]
    environment = {**os.environ, "NUQLEUS_STATE_DIR": str(state)}
    scheduler = subprocess.Popen(command, stdout=log, stderr=log, env=environment)
    try:
        process = psutil.Process(scheduler.pid)
        wait_until_it_rests(process)
        report(process, seconds)
    finally:
        for process in (scheduler, server):
            process.terminate()
            process.wait()


def wait_until_it_rests(process: psutil.Process) -> None:
    """Let a process begin, and come to rest."""
    used = processor_seconds(process)
    while True:
        time.sleep(QUIET_SECONDS)
        used, before = processor_seconds(process), used
        if used > 1 and used - before < RESTING_SHARE * QUIET_SECONDS:
            return


def report(scheduler: psutil.Process, seconds: float) -> None:
    """Print what a process takes in a time."""
    before, began = processor_seconds(scheduler), time.monotonic()
    print(f"{before:.1f} s of the processor until it rests")
    time.sleep(seconds)
    used, passed = processor_seconds(scheduler) - before, time.monotonic() - began
    memory = scheduler.memory_info().rss / 2**20
    print(f"{used:.1f} s of the processor in {passed:.0f} s: {used / passed:.2%} of a core; {memory:.0f} MiB")


def processor_seconds(process: psutil.Process) -> float:
    """Of a process itself, without its children."""
    times = process.cpu_times()
    return times.user + times.system


if __name__ == "__main__":
    main()
