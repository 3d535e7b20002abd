"""Where the time of a run goes: `python benchmarks/pipeline.py FOLDER [--weights FILE] [--no-run]`.

Stages are timed in this process, as a worker runs them: read, normalise, network, instances, measure, encode (the
mask), store (SQLite, one transaction a file). Beside them, the bare forward pass of the network on the same pixels,
which no pipeline can beat. Then the same folder goes through `nuqleus run --once`; what its files took beyond their
stages is the share of the queue: messages, claims, hashes, commits.
"""

import os
import subprocess
import sys
import tempfile
import time
from collections import defaultdict
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import click
import numpy as np
from rich.console import Console
from rich.table import Table
from sqlalchemy import create_engine, text

from model.channels import nuclear_pixels
from model.masks import encode_mask
from model.measurements import measure_intensities, measure_shapes
from model.normalise import normalise
from model.reading import Plane, read_planes
from model.segmentation import Segmenter, make_batch
from model.tiling import cut_tiles
from model.weights import SHIPPED
from nuqleus.database.engine import open_database
from nuqleus.database.models import register_model
from nuqleus.database.results import ImageResult
from nuqleus.database.states import Claim, Files, SeenFile
from scheduler.scanner import Scanner
from worker.pipeline import warm_up

STAGES = ("read", "normalise", "network", "instances", "measure", "encode", "store")
BARE = "bare forward pass"

END_TO_END = """
    SELECT min(julianday(started_at)) * 86400, max(julianday(finished_at)) * 86400,
           (SELECT sum(coalesce(seconds_read, 0) + coalesce(seconds_normalise, 0) + coalesce(seconds_network, 0)
                       + coalesce(seconds_instances, 0) + coalesce(seconds_measure, 0) + coalesce(seconds_store, 0))
            FROM images)
    FROM files
"""


class Stopwatch:
    """Adds up seconds by stage."""

    def __init__(self) -> None:
        self.seconds: dict[str, float] = defaultdict(float)
        self.pixels = 0
        self.images = 0

    @contextmanager
    def timing(self, stage: str) -> Iterator[None]:
        """Add what the block takes to a stage."""
        start = time.perf_counter()
        yield
        self.seconds[stage] += time.perf_counter() - start


@click.command()
@click.argument("folder", type=click.Path(exists=True, file_okay=False, path_type=Path))
@click.option("--weights", type=click.Path(exists=True, dir_okay=False, path_type=Path), default=SHIPPED)
@click.option("--run/--no-run", default=True, help="Also time `nuqleus run --once`.")
def main(folder: Path, weights: Path, run: bool) -> None:
    """Time the pipeline on the images of a folder."""
    watch = time_stages(folder, weights)
    print_stages(watch)
    if run:
        print_run(watch, *time_run(folder, weights))


def time_stages(folder: Path, weights: Path) -> Stopwatch:
    """Process every file in this process, one after the other."""
    watch, segmenter = Stopwatch(), Segmenter.load(weights)
    warm_up(segmenter)
    with tempfile.TemporaryDirectory() as state:
        shelf = Shelf(f"sqlite:///{state}/nuqleus.db", segmenter)
        for name, stamp in sorted(Scanner(folder).scan().files.items()):
            claim = shelf.claim(SeenFile(name, *stamp))
            results = [process(plane, segmenter, watch) for plane in timed_planes(folder / name, watch)]
            with watch.timing("store"):
                shelf.files.complete(claim, "0" * 64, shelf.model_id, results)
    return watch


class Shelf:
    """A database to store results in."""

    def __init__(self, url: str, segmenter: Segmenter) -> None:
        engine, card = open_database(url), segmenter.card
        self.files = Files(engine)
        self.model_id = register_model(
            engine, card.name, card.sha256, card.config, card.metrics, card.code_version
        )

    def claim(self, file: SeenFile) -> Claim:
        """Make a file one that is being processed."""
        (queued,) = self.files.enqueue(list(self.files.observe([file]).values()))
        claim = self.files.claim(queued.id, "benchmark", 3600)
        assert claim is not None
        return claim


def timed_planes(path: Path, watch: Stopwatch) -> Iterator[Plane]:
    """Read a file's images."""
    planes = iter(read_planes(path))
    while True:
        with watch.timing("read"):
            plane = next(planes, None)
        if plane is None:
            return
        yield plane


def process(plane: Plane, segmenter: Segmenter, watch: Stopwatch) -> ImageResult:
    """Do to an image what `worker.pipeline` does, with a watch in hand."""
    found = segmenter.segment(nuclear_pixels(plane))
    for stage, seconds in found.seconds.items():
        watch.seconds[stage] += seconds
    with watch.timing("measure"):
        nuclei = measure_shapes(found.labels)
        intensities = measure_intensities(found.labels, np.asarray(plane.pixels))
    with watch.timing("encode"):
        masks = encode_mask(found.labels)
    time_bare_pass(plane, segmenter, watch)
    height, width, channels = plane.pixels.shape
    watch.pixels += height * width
    watch.images += 1
    place = (plane.scene, plane.t, plane.z, height, width, channels, str(plane.pixels.dtype))
    return ImageResult(*place, plane.pixel_size_um, masks, nuclei, intensities, found.seconds)


def time_bare_pass(plane: Plane, segmenter: Segmenter, watch: Stopwatch) -> None:
    """Time nothing but the network, on the tiles that the segmenter cuts."""
    image = normalise(nuclear_pixels(plane))
    height, width = image.shape[:2]
    for tile in cut_tiles(height, width, segmenter.tile, segmenter.margin):
        batch = make_batch(image[tile.read], segmenter.card.network.multiple)
        with watch.timing(BARE):
            segmenter.network.predict_on_batch(batch)


def print_stages(watch: Stopwatch) -> None:
    """Print a table, one row a stage."""
    total = sum(watch.seconds[stage] for stage in STAGES)
    table = Table("stage", title=f"{watch.images} images, {watch.pixels / 1e6:.1f} Mpixel")
    for column in ("seconds", "share", "Mpixel/s"):
        table.add_column(column, justify="right")
    for stage in STAGES:
        table.add_row(*row(stage, watch.seconds[stage], total, watch.pixels))
    table.add_section()
    table.add_row(*row("all stages", total, total, watch.pixels))
    table.add_row(*row(BARE, watch.seconds[BARE], total, watch.pixels))
    Console().print(table)


def row(name: str, seconds: float, total: float, pixels: int) -> tuple[str, ...]:
    """Format a line of the table."""
    return name, f"{seconds:.2f}", f"{seconds / total:.1%}", f"{pixels / 1e6 / seconds:.2f}"


def time_run(folder: Path, weights: Path) -> tuple[float, float, float]:
    """Run the command on a folder: seconds of the whole, from the first claim to the last result, and of all stages."""
    with tempfile.TemporaryDirectory() as state:
        variables = os.environ | {"NUQLEUS_STATE_DIR": state, "NUQLEUS_WEIGHTS": str(weights.resolve())}
        variables.pop("NUQLEUS_DATABASE_URL", None)
        command = [sys.executable, "-m", "nuqleus.cli", "run", "--once", "--input", str(folder)]
        start = time.perf_counter()
        subprocess.run(command, env=variables, check=True, stdout=subprocess.DEVNULL)
        whole = time.perf_counter() - start
        with create_engine(f"sqlite:///{state}/nuqleus.db").connect() as connection:
            first, last, stages = connection.execute(text(END_TO_END)).one()
    return whole, last - first, stages


def print_run(watch: Stopwatch, whole: float, working: float, stages: float) -> None:
    """Print where the time of the command went."""
    table = Table("nuqleus run --once, one worker", title="End to end")
    for column in ("seconds", "share", "Mpixel/s"):
        table.add_column(column, justify="right")
    table.add_row(*row("stages (as the worker timed them)", stages, whole, watch.pixels))
    table.add_row(*row("queue: messages, claims, hashes, commits", working - stages, whole, watch.pixels))
    table.add_row(*row("starting, settling, stopping", whole - working, whole, watch.pixels))
    table.add_section()
    table.add_row(*row("whole command", whole, whole, watch.pixels))
    Console().print(table)


if __name__ == "__main__":
    main()
