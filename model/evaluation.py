"""Scores of a whole folder of labelled images, over all and per kind."""

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from model.metrics import THRESHOLDS, Agreement, average_precision

ALL = "all"


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
