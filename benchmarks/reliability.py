"""Whether a network is as sure as it is right: `python benchmarks/reliability.py DIR [--weights FILE] [--picture PNG]`.

DIR holds sets of labelled images, as for `benchmarks/other_labs.py`. Each held-out image's nuclei are judged by a
calibration that was fitted on four fifths of the others, so that none is judged by what was learnt from it.
"""

from collections.abc import Sequence
from pathlib import Path

import click
import numpy as np
from matplotlib.figure import Figure
from numpy.typing import NDArray
from rich.console import Console
from rich.progress import track
from rich.table import Table
from scipy.stats import spearmanr

from model.arrays import Bools, Floats
from model.evaluation.matching import match_nuclei
from model.segmentation.confidence import NucleusEvidence, confidence_of, image_confidence
from model.segmentation.segmenter import Segmenter
from model.training.calibration import ReliabilityBin, calibration_error, fit_calibration, reliability_curve
from model.training.collection import find_members, load_members
from model.training.inference_settings import collect_evidence, predict_images
from model.training.threshold_search import PredictedImage
from model.weights import SHIPPED

FOLDS = 5


@click.command()
@click.argument("folder", type=click.Path(exists=True, file_okay=False, path_type=Path))
@click.option("--weights", type=click.Path(exists=True, dir_okay=False, path_type=Path), default=SHIPPED)
@click.option("--picture", type=click.Path(dir_okay=False, path_type=Path))
def main(folder: Path, weights: Path, picture: Path | None) -> None:
    """Draw the reliability curve of nuclei in the held-out images of FOLDER."""
    segmenter = Segmenter.load(weights)
    members = [member for member in find_members(folder) if member.held_out]
    images = predict_images(segmenter, load_members(members, lambda all_: track(all_, "Reading")))
    confidence, matched, certainty = cross_validate(images, segmenter)
    curve = reliability_curve(confidence, matched)
    show(curve, certainty)
    if picture:
        draw(curve, picture)


def cross_validate(
    images: Sequence[PredictedImage], segmenter: Segmenter
) -> tuple[NDArray[np.float32], Bools, Floats]:
    """Return the confidence of all nuclei, whether they match, and each image's own with its AP at 0.5: (N, 2)."""
    outputs, params = segmenter.card.network.outputs, segmenter.card.postprocessing
    evidence = [collect_evidence([image], outputs, params)[:2] for image in images]
    confidences: list[NDArray[np.float32]] = []
    for number in range(len(images)):
        others = [pair for i, pair in enumerate(evidence) if i % FOLDS != number % FOLDS]
        features, matched = (np.concatenate(column) for column in zip(*others, strict=True))
        confidences.append(confidence_of(evidence[number][0], fit_calibration(features, matched)))
    pairs = [_judge(image, sure, segmenter) for image, sure in zip(images, confidences, strict=True)]
    return np.concatenate(confidences), np.concatenate([matched for _, matched in evidence]), np.array(pairs)


def _judge(
    image: PredictedImage, confidence: NDArray[np.float32], segmenter: Segmenter
) -> tuple[float, float]:
    outputs, params = segmenter.card.network.outputs, segmenter.card.postprocessing
    labels = image.find(outputs, params)
    maps = image.maps.astype(np.float32)
    doubtful = NucleusEvidence(maps, outputs, labels, zoom=float(image.zoom)).doubtful
    return image_confidence(confidence, doubtful), float(match_nuclei(image.truth, labels).precision[0])


def show(curve: Sequence[ReliabilityBin], images: Floats) -> None:
    """Print the curve, its error, and how well images are ordered by their confidence."""
    table = Table("nuclei", "confidence", "match")
    for part in curve:
        table.add_row(str(part.nuclei), f"{part.confidence:.2f}", f"{part.matched:.2f}")
    console = Console()
    console.print(table)
    console.print(f"expected calibration error {calibration_error(list(curve)):.3f}")
    rank = spearmanr(images[:, 0], images[:, 1]).statistic
    console.print(f"images: rank correlation of confidence with AP at 0.5 {rank:.2f}, {len(images)} images")


def draw(curve: Sequence[ReliabilityBin], path: Path) -> None:
    """Draw the curve beside that of a network that is exactly as sure as it is right."""
    figure = Figure(figsize=(4.2, 4.2), layout="constrained")
    axes = figure.subplots()
    axes.plot((0, 1), (0, 1), color="0.7", linewidth=1)
    axes.plot([p.confidence for p in curve], [p.matched for p in curve], marker="o", color="tab:blue")
    for part in curve:
        axes.annotate(
            f"{part.nuclei:,}",
            (part.confidence, part.matched),
            (4, -10),
            textcoords="offset points",
            fontsize=7,
        )
    axes.set(
        xlabel="confidence",
        ylabel="share that matches (IoU above 0.5)",
        xlim=(0, 1),
        ylim=(0, 1),
        aspect="equal",
    )
    figure.savefig(path, dpi=140)


if __name__ == "__main__":
    main()
