"""Head-to-head comparison of two segmenters on the same pixels: how good each is, and how fast, in alternation."""

import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray
from rich.box import SIMPLE_HEAD
from rich.table import Table

from model.arrays import PixelArray
from model.evaluation.matching import match_nuclei
from model.evaluation.scores import ImageScore, Summary, summarise
from model.training.collection import find_members, is_collection
from model.training.dataset import Pair, find_pairs, read_image, read_labels

SHOWN = ("0.50", "0.70", "0.90")
"""IoU thresholds that the table shows."""

Segment = Callable[[PixelArray], NDArray[np.integer]]
"""Finds nuclei: (H, W, C) pixels as decoded → (H, W) label image."""

Track = Callable[[Sequence[Any], str], Iterator[Any]]
"""Wraps a loop to show how far it is."""


@dataclass(frozen=True)
class Labelled:
    """An image with its true nuclei.

    Attributes:
        name: of its file.
        kind: what it shows.
        pixels: (H, W, 1 or 3), as decoded.
        labels: (H, W) int32, 0 background, 1..N nuclei.
    """

    name: str
    kind: str
    pixels: PixelArray
    labels: NDArray[np.int32]


@dataclass(frozen=True)
class Spread:
    """The least, the middle and the largest of some figures."""

    least: float
    median: float
    largest: float


@dataclass(frozen=True)
class Race:
    """What the rounds took.

    Attributes:
        names: of the two sides.
        pixels: that each side saw in each round.
        seconds: of the first and the second side, per round.
    """

    names: tuple[str, str]
    pixels: int
    seconds: Sequence[tuple[float, float]]

    @property
    def speeds(self) -> list[tuple[float, float]]:
        """Mpixel/s of both sides, per round."""
        return [(self.pixels / 1e6 / first, self.pixels / 1e6 / second) for first, second in self.seconds]

    @property
    def ratios(self) -> list[float]:
        """How many times faster the first side was, per round."""
        return [second / first for first, second in self.seconds]


def load_labelled(folder: Path, *, held_out: bool, track: Track) -> list[Labelled]:
    """Read the images of a folder, or of the sets in it, that are measured on, or else those that are trained on."""
    if is_collection(folder):
        pairs = [member.pair for member in find_members(folder) if member.held_out == held_out]
    else:
        pairs = find_pairs(folder / ("val" if held_out else "train"))
    return [_load(pair) for pair in track(pairs, f"Reading {folder.name}")]


def score(images: Sequence[Labelled], segment: Segment, track: Track, name: str) -> list[Summary]:
    """Return how good a side is, over all images and per kind."""
    return summarise(
        [
            ImageScore(image.name, image.kind, match_nuclei(image.labels, segment(image.pixels)))
            for image in track(images, f"{name}: accuracy")
        ]
    )


def race(images: Sequence[Labelled], sides: Mapping[str, Segment], rounds: int, track: Track) -> Race:
    """Time both sides on all images, one after the other, in `rounds` rounds; who begins changes each round.

    Both must be warm: whatever they compile for a shape they should have compiled.
    """
    (first, second), seconds = sides, []
    for number in track(range(rounds), "Rounds"):
        order = (first, second) if number % 2 == 0 else (second, first)
        took = {name: _time(images, sides[name]) for name in order}
        seconds.append((took[first], took[second]))
    return Race((first, second), sum(image.labels.size for image in images), seconds)


def spread(figures: Sequence[float]) -> Spread:
    """Return the least, the middle and the largest."""
    return Spread(min(figures), float(np.median(figures)), max(figures))


def accuracy_table(sides: Mapping[str, Sequence[Summary]]) -> Table:
    """Return the scores of both sides, one under the other for each kind."""
    table = Table(title="Agreement with the truth", box=SIMPLE_HEAD, padding=(0, 1, 0, 0))
    table.add_column("kind", no_wrap=True)
    for column in ("images", "nuclei", "by", "DSB", *(f"AP{threshold[1:]}" for threshold in SHOWN)):
        table.add_column(column, justify="left" if column == "by" else "right", no_wrap=True)
    for rows in zip(*sides.values(), strict=True):
        for name, row in zip(sides, rows, strict=True):
            place = (row.kind, str(row.images), str(row.nuclei)) if row is rows[0] else ("", "", "")
            figures = (row.dsb, *(row.average_precision[threshold] for threshold in SHOWN))
            table.add_row(*place, name, *(f"{figure:.3f}" for figure in figures))
    return table


def race_table(result: Race) -> Table:
    """Return Mpixel/s of both sides and their ratio, round by round, and the spread of each."""
    table = Table(title="Mpixel/s, decoded pixels to label image", box=SIMPLE_HEAD)
    for column in ("round", *result.names, "ratio"):
        table.add_column(column, justify="right")
    lines = [(*speeds, ratio) for speeds, ratio in zip(result.speeds, result.ratios, strict=True)]
    for number, line in enumerate(lines, start=1):
        table.add_row(str(number), *(f"{figure:.2f}" for figure in line))
    table.add_section()
    columns = [asdict(spread(column)) for column in zip(*lines, strict=True)]
    for name in ("least", "median", "largest"):
        table.add_row(name, *(f"{column[name]:.2f}" for column in columns))
    return table


def _load(pair: Pair) -> Labelled:
    return Labelled(pair.name, pair.kind, read_image(pair.image), read_labels(pair.labels))


def _time(images: Sequence[Labelled], segment: Segment) -> float:
    start = time.perf_counter()
    for image in images:
        segment(image.pixels)
    return time.perf_counter() - start
