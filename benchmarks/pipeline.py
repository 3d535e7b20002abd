"""Seconds of each stage of the pipeline: `python benchmarks/pipeline.py FOLDER [--weights FILE]`.

Stages are timed in this process, as a worker runs them: read, normalise, network, instances, measure, encode (the
mask), store (SQLite, one transaction a file). Beside them, the bare forward pass of the network on the same pixels,
which no pipeline can beat. A worker does these stages of different images beside each other: `benchmarks/throughput.py`
measures how fast it is in all.
"""

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

from model.labels.masks import encode_mask
from model.measurements import measure_intensities, measure_shapes
from model.preprocessing.normalisation import normalise
from model.reading import Plane, read_planes
from model.reading.channels import nuclear_pixels
from model.segmentation.prediction import halo, make_batch, tile_side
from model.segmentation.segmenter import Segmenter
from model.segmentation.tiling import cut_tiles
from model.weights import SHIPPED
from nuqleus.database.engine import open_database
from nuqleus.database.file_states import FileState
from nuqleus.database.files.records import Claim, SeenFile
from nuqleus.database.files.results import FileResults, ImageResult
from nuqleus.database.files.scheduler_files import SchedulerFiles
from nuqleus.database.files.worker_files import WorkerFiles
from nuqleus.database.model_registry import register_model
from scheduler.scanner import Scanner
from worker.pipeline import warm_up

STAGES = ("read", "normalise", "network", "instances", "measure", "encode", "store")
BARE = "bare forward pass"


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
def main(folder: Path, weights: Path) -> None:
    """Time the pipeline on the images of a folder."""
    print_stages(time_stages(folder, weights))


def time_stages(folder: Path, weights: Path) -> Stopwatch:
    """Process every file in this process, one after the other."""
    watch, segmenter = Stopwatch(), Segmenter.load(weights)
    warm_up(segmenter)
    with tempfile.TemporaryDirectory() as state:
        store = ResultStore(f"sqlite:///{state}/nuqleus.db", segmenter)
        for name, stamp in sorted(Scanner(folder).scan().files.items()):
            claim = store.claim(SeenFile.of(name, stamp))
            results = [process(plane, segmenter, watch) for plane in timed_planes(folder / name, watch)]
            with watch.timing("store"):
                store.worker_files.complete_all([FileResults(claim, "0" * 64, store.model_id, results)])
    return watch


class ResultStore:
    """A database to store results in."""

    def __init__(self, url: str, segmenter: Segmenter) -> None:
        engine, card = open_database(url), segmenter.card
        self.files, self.worker_files = SchedulerFiles(engine), WorkerFiles(engine)
        self.model_id = register_model(
            engine, card.name, card.sha256, card.config, card.metrics, card.code_version
        )

    def claim(self, file: SeenFile) -> Claim:
        """Make a file one that is being processed."""
        self.files.observe([file])
        (queued,) = self.files.enqueue([known.id for known in self.files.known(FileState.WAITING)])
        claim = self.worker_files.claim(queued.id, "benchmark", 3600)
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
    for tile in cut_tiles(height, width, tile_side(segmenter.config), halo(segmenter.config)):
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


if __name__ == "__main__":
    main()
