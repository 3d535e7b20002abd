"""How far small nuclei should be enlarged: `python benchmarks/enlarging.py DIR [--weights FILE]`.

The held-out images of the Data Science Bowl in DIR, as they are and shrunk, where the network then finds nuclei smaller
than it knows, or none: the mean score at each zoom, by the diameter that it finds at their own size.
"""

from collections.abc import Iterator
from dataclasses import dataclass
from fractions import Fraction
from pathlib import Path

import click
import numpy as np
from rich.console import Console
from rich.progress import track
from rich.table import Table

from model.evaluation.matching import match_nuclei
from model.preprocessing.resampling import resample, resample_labels
from model.segmentation.nuclear_size import area_weighted_diameter
from model.segmentation.segmenter import Segmenter
from model.training.collection import find_members, load_members
from model.training.dataset import Example
from model.weights import SHIPPED

SHRUNK = (Fraction(1), Fraction(1, 2), Fraction(7, 20))
"""Sizes at which the images are looked at, so that there are small nuclei."""

ZOOMS = (Fraction(1), Fraction(3, 2), Fraction(2), Fraction(3))

BINS = ((0.0, 1.0), (1.0, 8.0), (8.0, 9.0), (9.0, 10.0), (10.0, 11.0), (11.0, 12.0))
"""Diameters found at an image's own size, in pixels; the first has those without nuclei."""


@dataclass(frozen=True)
class Trial:
    """A shrunk image: the diameter that its own size shows, in pixels, and the score at each zoom."""

    diameter: float
    scores: tuple[float, ...]


def try_zooms(segmenter: Segmenter, example: Example, shrunk: Fraction) -> Iterator[Trial]:
    """Score an image with small nuclei at each zoom."""
    image, truth = resample(example.image, shrunk), resample_labels(example.labels, shrunk)
    own = segmenter.find(segmenter.predict(image, Fraction(1)))
    diameter = area_weighted_diameter(own.labels)
    if diameter >= BINS[-1][1]:
        return
    found = [own, *(segmenter.find(segmenter.predict(image, zoom), zoom) for zoom in ZOOMS[1:])]
    yield Trial(diameter, tuple(match_nuclei(truth, nuclei.labels).score for nuclei in found))


@click.command()
@click.argument("folder", type=click.Path(exists=True, file_okay=False, path_type=Path))
@click.option("--weights", type=click.Path(exists=True, dir_okay=False, path_type=Path), default=SHIPPED)
def main(folder: Path, weights: Path) -> None:
    """Show the mean score at each zoom, by the diameter of the nuclei in FOLDER."""
    segmenter = Segmenter.load(weights)
    members = [m for m in find_members(folder) if m.held_out and m.source == "dsb2018"]
    trials = [
        trial
        for example in track(load_members(members), "Looking")
        for shrunk in SHRUNK
        for trial in try_zooms(segmenter, example, shrunk)
    ]
    table = Table("diameter", "images", *(f"at {zoom}" for zoom in ZOOMS))
    for low, high in BINS:
        scores = [trial.scores for trial in trials if low <= trial.diameter < high]
        if scores:
            table.add_row(
                f"{low:g} to {high:g}", str(len(scores)), *(f"{s:.3f}" for s in np.mean(scores, axis=0))
            )
    Console().print(table)


if __name__ == "__main__":
    main()
