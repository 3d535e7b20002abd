"""How good a network is on other laboratories' images: `python benchmarks/other_labs.py DIR [--weights FILE …]`.

DIR holds sets of labelled images (`model.training.collection`), of which the groups that no training sees are measured.
Every image is seen as `nuqleus segment` would see it, and with --zooms also shrunk and enlarged before. All figures go
to OUTPUT/scores.csv, a row an image, weights and zoom; --plot draws the curves over zooms of such a file.
"""

import csv
import time
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import asdict, dataclass, fields
from fractions import Fraction
from pathlib import Path
from typing import Any

import click
import numpy as np
from rich.console import Console
from rich.progress import track
from rich.table import Table

from model.arrays import Labels
from model.evaluation.matching import match_overlaps
from model.evaluation.report.error_types import ErrorType, classify, count_errors
from model.labels.overlaps import overlap
from model.preprocessing.resampling import resample, resample_labels
from model.segmentation.nuclear_size import area_weighted_diameter
from model.segmentation.segmenter import Segmenter
from model.training.collection import Member, find_members
from model.training.dataset import read_image, read_labels
from model.weights import SHIPPED

ZOOMS = tuple(Fraction(*zoom) for zoom in ((7, 20), (1, 2), (7, 10), (1, 1), (3, 2), (2, 1), (3, 1), (4, 1)))
"""Zooms of --zooms."""

ONE_IN = 4
"""Of the images of a set, one in so many is seen at all zooms."""

ERRORS = (ErrorType.MERGED, ErrorType.SPLIT, ErrorType.MISSED, ErrorType.FALSE_POSITIVE)


@dataclass(frozen=True)
class Score:
    """A row of scores.csv: how well an image was segmented.

    Attributes:
        weights: name of the file.
        source: set that the image is of.
        kind: what it shows, where a set has several kinds.
        image: its name.
        zoom: how much it was enlarged before it was looked at.
        truth: nuclei in truth.
        found: nuclei found.
        matched: those of both with an IoU above 0.5.
        dsb: Data Science Bowl's figure.
        merged: true nuclei that were merged.
        split: true nuclei that were split.
        missed: true nuclei that were missed.
        false_positive: found nuclei that are none.
        diameter: true area-weighted median diameter, in pixels of the zoomed image.
        estimated: what the segmenter took it for.
        seen: the zoom at which it looked.
        confidence: of the image; empty without a calibration.
        megapixels: of the zoomed image.
        seconds: from pixels to labels.
    """

    weights: str
    source: str
    kind: str
    image: str
    zoom: float
    truth: int
    found: int
    matched: int
    dsb: float
    merged: int
    split: int
    missed: int
    false_positive: int
    diameter: float
    estimated: float
    seen: float
    confidence: float | str
    megapixels: float
    seconds: float


@click.command()
@click.argument("folder", type=click.Path(exists=True, file_okay=False, path_type=Path))
@click.option(
    "--weights",
    multiple=True,
    type=click.Path(exists=True, dir_okay=False, path_type=Path),
    default=(SHIPPED,),
)
@click.option("--zooms", is_flag=True, help="Show some of the images shrunk and enlarged, too.")
@click.option(
    "--output", type=click.Path(file_okay=False, path_type=Path), default=Path("results/other_labs")
)
def main(folder: Path, weights: Sequence[Path], zooms: bool, output: Path) -> None:
    """Score weights on the held-out images of all sets in FOLDER."""
    held_out = [member for member in find_members(folder) if member.held_out]
    scores: list[Score] = []
    for file in weights:
        segmenter = Segmenter.load(file)
        segmenter.segment(np.zeros((64, 64), np.uint8))
        name = file.name.removesuffix(".weights.h5")
        members = held_out[::ONE_IN] if zooms else held_out
        for member in track(members, name):
            scores += score_member(member, segmenter, name, ZOOMS if zooms else (Fraction(1),))
    write_scores(output / "scores.csv", scores)
    show(scores)


def score_member(
    member: Member, segmenter: Segmenter, name: str, zooms: Iterable[Fraction]
) -> Iterator[Score]:
    """Score an image at each zoom."""
    pixels, labels = np.asarray(read_image(member.pair.image)), read_labels(member.pair.labels)
    for zoom in zooms:
        shown = resample(pixels.astype(np.float32), zoom) if zoom != 1 else pixels
        truth = resample_labels(labels, zoom)
        start = time.process_time()
        result = segmenter.segment(shown)
        seconds = time.process_time() - start
        yield Score(
            weights=name,
            source=member.source,
            kind=member.pair.kind,
            image=member.pair.name,
            zoom=float(zoom),
            **compare(truth, result.labels),
            diameter=round(area_weighted_diameter(truth), 1),
            estimated=round(result.diameter, 1),
            seen=round(float(result.zoom), 4),
            confidence="" if result.image_confidence is None else round(result.image_confidence, 4),
            megapixels=truth.size / 1e6,
            seconds=round(seconds, 4),
        )


def compare(truth: Labels, found: Labels) -> dict[str, Any]:
    """The columns of a score that say how far what was found is what is there."""
    overlaps = overlap(truth, found)
    matching, errors = match_overlaps(overlaps), count_errors(classify(overlaps))
    return {
        "truth": matching.n_truth,
        "found": matching.n_predicted,
        "matched": int(matching.tp[0]),
        "dsb": round(matching.score, 4),
        **{error.name.lower(): errors.of(error) for error in ERRORS},
    }


def write_scores(path: Path, scores: Sequence[Score]) -> None:
    """Write a row a score."""
    path.parent.mkdir(parents=True, exist_ok=True)
    with path.open("w", newline="") as lines:
        rows = csv.DictWriter(lines, [field.name for field in fields(Score)])
        rows.writeheader()
        rows.writerows(asdict(score) for score in scores)


def show(scores: Sequence[Score]) -> None:
    """Print a row for each weights, kind and zoom."""
    table = Table(
        "weights",
        "kind",
        "zoom",
        "images",
        "nuclei",
        "DSB",
        "AP 0.50",
        *(e.label for e in ERRORS),
        "Mpixel/s",
    )
    keys = dict.fromkeys((score.weights, score.kind, score.zoom) for score in scores)
    for weights, kind, zoom in keys:
        group = [s for s in scores if (s.weights, s.kind, s.zoom) == (weights, kind, zoom)]
        table.add_row(weights, kind, f"{zoom:g}", *summarise(group))
    Console(width=140).print(table)


def summarise(group: Sequence[Score]) -> list[str]:
    """Figures of a group of images, as `show` has them."""
    truth, found, matched = (sum(getattr(s, name) for s in group) for name in ("truth", "found", "matched"))
    return [
        str(len(group)),
        str(truth),
        f"{np.mean([score.dsb for score in group]):.3f}",
        f"{matched / max(truth + found - matched, 1):.3f}",
        *(str(sum(getattr(score, error.name.lower()) for score in group)) for error in ERRORS),
        f"{sum(s.megapixels for s in group) / sum(s.seconds for s in group):.2f}",
    ]


if __name__ == "__main__":
    main()
