"""Scores of a whole folder of labelled images, over all and per kind."""

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from model.arrays import AnyLabels, PixelArray
from model.errors import DatasetError
from model.evaluation.matching import THRESHOLDS, MatchingResult, average_precision, match_nuclei

ALL = "all"


@dataclass(frozen=True)
class EvaluatedImage:
    """An image with its true and its predicted nuclei.

    Attributes:
        name: of the image.
        kind: what it shows.
        pixels: (H, W, C), any numeric dtype.
        truth: (H, W), 0 background, 1..N nuclei.
        predicted: the same.

    Raises:
        DatasetError: they differ in size.
    """

    name: str
    kind: str
    pixels: PixelArray
    truth: AnyLabels
    predicted: AnyLabels

    def __post_init__(self) -> None:
        sizes = [array.shape[:2] for array in (self.pixels, self.truth, self.predicted)]
        if len(set(sizes)) > 1:
            image, truth, predicted = sizes
            raise DatasetError(
                f"The image {self.name} is {image}, its true label image {truth}, the one measured {predicted}: "
                "rows and columns must be the same."
            )


@dataclass(frozen=True)
class ImageScore:
    """Score of one image."""

    name: str
    kind: str
    matching: MatchingResult


@dataclass(frozen=True)
class Summary:
    """Scores of a group of images.

    Attributes:
        kind: the group's name.
        images: how many.
        nuclei: how many there are in truth.
        dsb: mean over images of the Data Science Bowl's figure.
        average_precision: StarDist's pooled figure per IoU threshold, `{"0.50": …}`.
        foreground_iou: mean over images.
        foreground_dice: mean over images.
    """

    kind: str
    images: int
    nuclei: int
    dsb: float
    average_precision: dict[str, float]
    foreground_iou: float
    foreground_dice: float


def score(image: EvaluatedImage) -> ImageScore:
    """Score the predicted nuclei of an image."""
    return ImageScore(image.name, image.kind, match_nuclei(image.truth, image.predicted))


def summarise(scores: Sequence[ImageScore]) -> list[Summary]:
    """Return the figures of all images, then of each kind in alphabetical order."""
    kinds = sorted({score.kind for score in scores})
    groups = [(ALL, list(scores))]
    if len(kinds) > 1:
        groups += [(kind, [score for score in scores if score.kind == kind]) for kind in kinds]
    return [_summarise_group(kind, [score.matching for score in group]) for kind, group in groups]


def image_rows(scores: Iterable[ImageScore]) -> list[dict[str, Any]]:
    """Return the figures of each image as JSON values, worst first."""
    return [
        {
            "name": score.name,
            "kind": score.kind,
            "dsb": score.matching.score,
            "nuclei": score.matching.n_truth,
            "found": score.matching.n_predicted,
        }
        for score in sorted(scores, key=lambda score: score.matching.score)
    ]


def _summarise_group(kind: str, results: list[MatchingResult]) -> Summary:
    precision = average_precision(results)
    return Summary(
        kind=kind,
        images=len(results),
        nuclei=sum(matching.n_truth for matching in results),
        dsb=_mean(lambda matching: matching.score, results),
        average_precision={
            f"{t:.2f}": round(float(p), 4) for t, p in zip(THRESHOLDS, precision, strict=True)
        },
        foreground_iou=_mean(lambda matching: matching.foreground_iou, results),
        foreground_dice=_mean(lambda matching: matching.foreground_dice, results),
    )


def _mean(figure: Callable[[MatchingResult], float], results: list[MatchingResult]) -> float:
    return round(float(np.mean([figure(matching) for matching in results])), 4)
