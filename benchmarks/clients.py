"""Load: many people look at the page while workers work: `python benchmarks/clients.py FOLDER [--clients 50]`.

FOLDER holds PNG images. A run of its own, as `nuqleus run` starts it, works through copies of them of unlike content,
more than it gets done. In turns it is left alone and looked at by clients, each of whom asks for one page or picture
after the other, with a second between (`--pause`). Printed are requests per second, the median and the 95th percentile
of their seconds, how many failed, and the rates of the workers: files that ended per minute, alone and looked at.
"""

import os
import random
import signal
import statistics
import subprocess
import sys
import tempfile
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from itertools import cycle
from pathlib import Path

import click
import httpx2 as httpx
from sqlalchemy import Engine, func, select

from benchmarks.deployment import copy_unlike
from nuqleus.database.engine import open_database, reading
from nuqleus.database.file_states import FileState
from nuqleus.database.tables import File

PAGES = (
    "/",
    "/overview",
    "/files",
    "/files?state=done",
    "/images",
    "/plots",
    "/plots/part?x=area",
    "/plates",
    "/api/status",
)

OF_AN_IMAGE = ("", "/overview.jpg", "/tiles/1/0/0", "/outlines/1/0/0", "/nuclei/1/cutout.jpg")

PORT = 8690

WARMED_UP = 40
"""Files that are done before anything is measured."""


@dataclass
class Answers:
    """What clients got.

    Attributes:
        seconds: of each answer.
        failures: of each that was none, what it was instead.
    """

    seconds: list[float] = field(default_factory=list)
    failures: list[str] = field(default_factory=list)


@click.command()
@click.argument("folder", type=click.Path(exists=True, file_okay=False, path_type=Path))
@click.option("--clients", type=int, default=50, show_default=True)
@click.option("--seconds", type=float, default=60.0, show_default=True, help="Of each turn.")
@click.option(
    "--pause", type=float, default=1.0, show_default=True, help="Seconds that a client looks at a page."
)
@click.option("--turns", type=int, default=2, show_default=True, help="With clients; as many without.")
@click.option("--files", type=int, default=3000, show_default=True, help="That the run may work through.")
def main(folder: Path, clients: int, seconds: float, pause: float, turns: int, files: int) -> None:
    """Run, look, and print."""
    answers, alone, looked_at = Answers(), [], []
    with tempfile.TemporaryDirectory() as root:
        _fill(Path(root) / "inbox", folder, files)
        with running(Path(root)) as (url, engine):
            for _ in range(turns):
                alone.append(_rate(engine, seconds))
                with looking(url, clients, pause, answers):
                    looked_at.append(_rate(engine, seconds))
    ordered = sorted(answers.seconds)
    click.echo(
        f"{len(ordered) / seconds / turns:.1f} requests/s by {clients} clients, {len(answers.failures)} failed"
    )
    click.echo(
        f"median {statistics.median(ordered):.3f} s, 95th percentile {ordered[int(0.95 * len(ordered))]:.3f} s"
    )
    click.echo(
        f"files/min alone {alone}, looked at {looked_at}: {statistics.mean(looked_at) / statistics.mean(alone):.3f}"
    )
    for failure in answers.failures[:5]:
        click.echo(failure)


@contextmanager
def running(root: Path) -> Iterator[tuple[str, Engine]]:
    """A run over `root`/inbox, once some files are done: the URL of its page, and its database."""
    variables = {
        "NUQLEUS_STATE_DIR": str(root / "state"),
        "NUQLEUS_WEB_PORT": str(PORT),
        "NUQLEUS_WORKERS": "1",
    }
    command = [str(Path(sys.executable).with_name("nuqleus")), "run", "--input", str(root / "inbox")]
    engine = open_database(f"sqlite:///{root}/state/nuqleus.db")
    with (root / "log").open("w") as log:
        process = subprocess.Popen(command, env=os.environ | variables, stdout=log, stderr=log)
    try:
        while _done(engine) < WARMED_UP:
            time.sleep(2)
        yield f"http://127.0.0.1:{PORT}", engine
    finally:
        process.send_signal(signal.SIGTERM)
        process.wait()


@contextmanager
def looking(url: str, clients: int, pause: float, answers: Answers) -> Iterator[None]:
    """Clients who look at pages, each in a thread of its own."""
    enough = threading.Event()
    threads = [
        threading.Thread(target=_look, args=(url, pause, answers, enough, seed)) for seed in range(clients)
    ]
    for thread in threads:
        thread.start()
    yield
    enough.set()
    for thread in threads:
        thread.join()


def _look(url: str, pause: float, answers: Answers, enough: threading.Event, seed: int) -> None:
    chance = random.Random(seed)
    with httpx.Client(base_url=url, timeout=60.0) as client:
        images = [image["id"] for image in client.get("/api/images").json()["images"] if image["n_nuclei"]]
        while not enough.wait(chance.uniform(0, 2 * pause)):
            path = chance.choice(
                (*PAGES, *(f"/images/{chance.choice(images)}{part}" for part in OF_AN_IMAGE))
            )
            began = time.perf_counter()
            try:
                answer = client.get(path)
            except httpx.HTTPError as error:
                answers.failures.append(f"{path}: {error!r}")
                continue
            answers.seconds.append(time.perf_counter() - began)
            if answer.status_code != 200:
                answers.failures.append(f"{path}: {answer.status_code} {answer.text[:100]}")


def _rate(engine: Engine, seconds: float) -> float:
    """Files that end in a minute, over some seconds."""
    began, before = time.perf_counter(), _done(engine)
    time.sleep(seconds)
    return round(60 * (_done(engine) - before) / (time.perf_counter() - began), 1)


def _done(engine: Engine) -> int:
    with reading(engine) as connection:
        return connection.scalar(select(func.count()).where(File.state == FileState.DONE)) or 0


def _fill(inbox: Path, folder: Path, files: int) -> None:
    inbox.mkdir()
    images = cycle(sorted(folder.glob("*.png")))
    for number in range(files):
        path = next(images)
        copy_unlike(path, inbox / f"{number:05d}.png", number)


if __name__ == "__main__":
    main()
