"""Scores of a whole folder of labelled images, over all and per kind."""

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from model.errors import DatasetError
from model.evaluation.matching import THRESHOLDS, Agreement, average_precision, compare
from model.labels.overlaps import Labels

ALL = "all"


@dataclass(frozen=True)
class Scene:
    """An image with its true nuclei and those that were found.

    Attributes:
        name: of the image.
        kind: what it shows.
        pixels: (H, W, C), any numeric dtype.
        truth: (H, W), 0 background, 1..N nuclei.
        found: the same.

    Raises:
        DatasetError: they differ in size.
    """

    name: str
    kind: str
    pixels: NDArray[np.generic]
    truth: Labels
    found: Labels

    def __post_init__(self) -> None:
        sizes = [array.shape[:2] for array in (self.pixels, self.truth, self.found)]
        if len(set(sizes)) > 1:
            image, truth, found = sizes
            raise DatasetError(
                f"The image {self.name} is {image}, its true label image {truth}, the one measured {found}: "
                "rows and columns must be the same."
            )


@dataclass(frozen=True)
class ImageScore:
    """How well one image was segmented."""

    name: str
    kind: str
    agreement: Agreement


@dataclass(frozen=True)
class Summary:
    """Figures of a group of images.

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


def score(scene: Scene) -> ImageScore:
    """Return how well the nuclei of an image were found."""
    return ImageScore(scene.name, scene.kind, compare(scene.truth, scene.found))


def summarise(scores: Sequence[ImageScore]) -> list[Summary]:
    """Return the figures of all images, then of each kind in alphabetical order."""
    kinds = sorted({score.kind for score in scores})
    groups = [(ALL, list(scores))]
    if len(kinds) > 1:
        groups += [(kind, [score for score in scores if score.kind == kind]) for kind in kinds]
    return [_summarise_group(kind, [score.agreement for score in group]) for kind, group in groups]


def image_rows(scores: Iterable[ImageScore]) -> list[dict[str, Any]]:
    """Return the figures of each image as JSON values, worst first."""
    return [
        {
            "name": score.name,
            "kind": score.kind,
            "dsb": score.agreement.score,
            "nuclei": score.agreement.n_truth,
            "found": score.agreement.n_predicted,
        }
        for score in sorted(scores, key=lambda score: score.agreement.score)
    ]


def _summarise_group(kind: str, agreements: list[Agreement]) -> Summary:
    precision = average_precision(agreements)
    return Summary(
        kind=kind,
        images=len(agreements),
        nuclei=sum(agreement.n_truth for agreement in agreements),
        dsb=_mean(lambda agreement: agreement.score, agreements),
        average_precision={
            f"{t:.2f}": round(float(p), 4) for t, p in zip(THRESHOLDS, precision, strict=True)
        },
        foreground_iou=_mean(lambda agreement: agreement.foreground_iou, agreements),
        foreground_dice=_mean(lambda agreement: agreement.foreground_dice, agreements),
    )


def _mean(figure: Callable[[Agreement], float], agreements: list[Agreement]) -> float:
    return round(float(np.mean([figure(agreement) for agreement in agreements])), 4)
