"""Throughput, from files to rows: `python benchmarks/throughput.py FOLDER [--copies 6] [--rounds 3] [--json FILE]`.

FOLDER holds PNG images. Everything is real: the scheduler, workers as processes, a Redis-protocol server, a PostgreSQL
that syncs its disk. An image's way begins with the claim of its file and ends with the commit of its rows; rates are
those of all files together, from the first claim to the last commit. Copies of an image have the same pixels and unlike
contents.

**whole**: one worker on all cores, beside the bare forward pass of its network on the same pixels in this process: one
image after the other, up to eight of a size together, or one on each core, whichever is fastest. Both take turns; the
ratio is that of a round.

**no network**: a worker on one core that has an answer from the network ready for each size of image. Mpixel/s for the
images of FOLDER; images per second for pieces of them of 128 × 128.

**two workers**: each on a core of its own, beside one worker on one core, in turns; all else (scheduler, Redis,
PostgreSQL) shares the worker's core, or both.
"""

import json
import os
import statistics
import tempfile
import time
from collections import defaultdict
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from itertools import count, islice
from pathlib import Path

import click
import numpy as np
from numpy.typing import NDArray
from PIL import Image
from rich.console import Console
from rich.progress import track
from rich.table import Table

from benchmarks.deployment import (
    CACHED_NETWORK_WORKER,
    WORKER,
    TimedDeployment,
    copy_unlike,
    start_deployment,
)
from model.network.forward_pass import choose_concurrency
from model.preprocessing.normalisation import normalise
from model.reading import read_planes
from model.reading.channels import nuclear_pixels
from model.segmentation.prediction import make_batch
from model.segmentation.segmenter import Segmenter

SMALL = 128

BARE = {
    "bare, one by one": (1, 1),
    "bare, together": (8, 1),
    "bare, side by side": (1, choose_concurrency()),
}
"""Images of a size in a batch, and batches at the same time."""

_numbers = count()


@dataclass
class Figures:
    """Rates, a list a round, by name."""

    rates: dict[str, list[float]] = field(default_factory=lambda: defaultdict(list))

    def ratio(self, ours: str, theirs: str) -> list[float]:
        """One rate over another, round by round."""
        return [a / b for a, b in zip(self.rates[ours], self.rates[theirs], strict=True)]


@click.command()
@click.argument("folder", type=click.Path(exists=True, file_okay=False, path_type=Path))
@click.option("--copies", default=6, help="Of each image, in each round.")
@click.option("--small", default=1000, help="Small images in each round.")
@click.option("--rounds", default=3)
@click.option(
    "--part", type=click.Choice(["whole", "stub", "two"]), multiple=True, help="Only these; else all."
)
@click.option("--json", "json_file", type=click.Path(dir_okay=False, path_type=Path))
def main(
    folder: Path, copies: int, small: int, rounds: int, part: tuple[str, ...], json_file: Path | None
) -> None:
    """Time the way of the images of FOLDER through scheduler, queue, worker and database."""
    images, figures = sorted(folder.glob("*.png")), Figures()
    parts: dict[str, Callable[[], None]] = {
        "whole": lambda: time_whole(images, copies, rounds, figures),
        "stub": lambda: time_cached_network(images, copies, small, rounds, figures),
        "two": lambda: time_two(images, copies, rounds, figures),
    }
    for name in part or parts:
        parts[name]()
    show(figures)
    if json_file:
        json_file.write_text(json.dumps(figures.rates, indent=2))


def time_whole(images: list[Path], copies: int, rounds: int, figures: Figures) -> None:
    """The whole way on all cores, and the bare network, in turns."""
    segmenter = Segmenter.load()
    pixels, batches = prepare(images, segmenter.card.network.multiple)
    with start_deployment() as deployment:
        for _ in track(range(rounds), "whole"):
            for name, (together, concurrency) in BARE.items():
                figures.rates[name].append(pixels / time_bare(segmenter, batches, together, concurrency))
            with deployment.workers(WORKER, [None]):
                seconds = drop(deployment, images, copies)
            figures.rates["whole"].append(copies * pixels / seconds)
    figures.rates["bare"] = list(map(max, *(figures.rates[name] for name in BARE)))


def time_cached_network(images: list[Path], copies: int, small: int, rounds: int, figures: Figures) -> None:
    """Everything but the network, on one core."""
    pixels, _ = prepare(images)
    with (
        start_deployment() as deployment,
        deployment.workers(CACHED_NETWORK_WORKER, [{0}]),
        tempfile.TemporaryDirectory() as folder,
    ):
        pieces = cut_pieces(images, Path(folder))
        drop(deployment, images, 1)  # the network answers for each size, once
        drop(deployment, pieces, 1)
        for _ in track(range(rounds), "no network"):
            figures.rates["no network"].append(copies * pixels / drop(deployment, images, copies))
            again = -(-small // len(pieces))
            figures.rates["small images a second"].append(
                again * len(pieces) / drop(deployment, pieces, again)
            )


def time_two(images: list[Path], copies: int, rounds: int, figures: Figures) -> None:
    """Two workers on two cores, and one on one."""
    pixels, _ = prepare(images)
    with start_deployment() as deployment:
        for _ in track(range(rounds), "two workers"):
            for name, cores in (("one on one core", [{0}]), ("two on two cores", [{0}, {1}])):
                with deployment.pinned(set().union(*cores)), deployment.workers(WORKER, cores):
                    figures.rates[name].append(copies * pixels / drop(deployment, images, copies))


def drop(deployment: TimedDeployment, images: list[Path], copies: int) -> float:
    """Have copies of images processed; seconds."""
    with tempfile.TemporaryDirectory(dir=deployment.inbox.parent) as folder:
        batch = Path(folder) / f"batch-{next(_numbers)}"
        batch.mkdir()
        for number in range(copies):
            for image in images:
                copy_unlike(image, batch / f"{number}-{image.name}", next(_numbers))
        return deployment.process(batch)


def prepare(images: list[Path], multiple: int = 1) -> tuple[float, list[NDArray[np.float32]]]:
    """Megapixels of some images, and what the network sees of each."""
    shown = [normalise(nuclear_pixels(plane)) for image in images for plane in read_planes(image)]
    return sum(image.shape[0] * image.shape[1] for image in shown) / 1e6, [
        make_batch(image, multiple) for image in shown
    ]


def time_bare(
    segmenter: Segmenter, batches: list[NDArray[np.float32]], together: int, concurrency: int
) -> float:
    """Seconds that the network takes for all images, by the size of batches and the number of concurrent passes."""
    groups = list(alike(batches, together))
    for group in {group.shape: group for group in groups}.values():
        segmenter.network.predict_on_batch(group)
    with ThreadPoolExecutor(concurrency) as pool:
        start = time.perf_counter()
        for _ in pool.map(segmenter.network.predict_on_batch, groups):
            pass
        return time.perf_counter() - start


def alike(batches: list[NDArray[np.float32]], together: int) -> Iterator[NDArray[np.float32]]:
    """Batches of up to this many images of one size."""
    by_shape = defaultdict(list)
    for batch in batches:
        by_shape[batch.shape].append(batch)
    for group in by_shape.values():
        rest = iter(group)
        while some := list(islice(rest, together)):
            yield np.concatenate(some)


def cut_pieces(images: list[Path], folder: Path) -> list[Path]:
    """The middle of each image, small."""
    pieces = []
    for image in images:
        with Image.open(image) as whole:
            left, top = (whole.width - SMALL) // 2, (whole.height - SMALL) // 2
            whole.crop((left, top, left + SMALL, top + SMALL)).save(folder / image.name)
        pieces.append(folder / image.name)
    return pieces


def show(figures: Figures) -> None:
    """Print rates and ratios: median (least to most)."""
    table = Table("", "Mpixel/s, or images a second", title=f"{os.cpu_count()} cores")
    for name, rates in figures.rates.items():
        table.add_row(name, spread(rates))
    table.add_section()
    for ours, theirs in (("whole", "bare"), ("two on two cores", "one on one core")):
        if figures.rates.get(ours):
            table.add_row(f"{ours} / {theirs}", spread(figures.ratio(ours, theirs)))
    Console().print(table)


def spread(values: list[float]) -> str:
    """Median, least and most."""
    return f"{statistics.median(values):.3g} ({min(values):.3g} to {max(values):.3g})"


if __name__ == "__main__":
    main()
