"""How well one label image agrees with another.

- `score`: the metric of the 2018 Data Science Bowl (Caicedo et al. 2019): tp / (tp + fp + fn) of one image,
  averaged over IoU thresholds 0.50, 0.55 … 0.95; a data set's figure is the mean over its images. A nucleus is found
  where its IoU is above the threshold.
- `average_precision`: StarDist's figure (Schmidt et al. 2018): tp / (tp + fp + fn) per threshold, with tp, fp and
  fn of all images pooled. Here, too, found is above the threshold; StarDist's own `matching` takes an IoU that
  equals it as well.
"""

from collections.abc import Iterable
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from model.labels.overlaps import Labels, Overlaps, overlap

THRESHOLDS: NDArray[np.float64] = np.round(np.arange(0.50, 1.0, 0.05), 2)
"""IoU above which a predicted nucleus counts as found."""


@dataclass(frozen=True)
class Agreement:
    """What one predicted label image has in common with the truth.

    Attributes:
        hits: nuclei found, per threshold: (10,) int64.
        n_truth: nuclei in the truth.
        n_predicted: nuclei in the prediction.
        shared: foreground pixels of both.
        either: foreground pixels of one or both.
    """

    hits: NDArray[np.int64]
    n_truth: int
    n_predicted: int
    shared: int
    either: int

    @property
    def precision(self) -> NDArray[np.float64]:
        """Hits / (truth + predicted - hits) per threshold: (10,); 1 where nothing is there and nothing was found."""
        return _ratio(self.hits, self.n_truth + self.n_predicted - self.hits)

    @property
    def score(self) -> float:
        """The Data Science Bowl's figure of this image."""
        return float(self.precision.mean())

    @property
    def foreground_iou(self) -> float:
        """Intersection over union of the foregrounds."""
        return self.shared / self.either if self.either else 1.0

    @property
    def foreground_dice(self) -> float:
        """Dice coefficient of the foregrounds."""
        return 2 * self.shared / (self.shared + self.either) if self.either else 1.0


def compare(truth: Labels, predicted: Labels) -> Agreement:
    """Compare two label images of the same (H, W).

    Raises:
        ValueError: they differ in shape.
    """
    return agree(overlap(truth, predicted))


def agree(overlaps: Overlaps) -> Agreement:
    """Return what `compare` does, from the overlaps of the two label images."""
    # above 0.5 a nucleus has at most one partner, so that pairs are hits
    hits = (overlaps.ious[None, :] > THRESHOLDS[:, None]).sum(axis=1)
    n_truth, n_predicted = len(overlaps.truth), len(overlaps.found)
    shared = int(overlaps.shared.sum())
    either = int(overlaps.truth.areas.sum() + overlaps.found.areas.sum()) - shared
    return Agreement(hits, n_truth, n_predicted, shared, either)


def average_precision(agreements: Iterable[Agreement]) -> NDArray[np.float64]:
    """Return StarDist's pooled average precision per threshold: (10,); found is above the threshold."""
    hits, everything = np.zeros(len(THRESHOLDS), np.int64), 0
    for agreement in agreements:
        hits += agreement.hits
        everything += agreement.n_truth + agreement.n_predicted
    return _ratio(hits, everything - hits)


def _ratio(part: NDArray[np.int64], whole: NDArray[np.int64]) -> NDArray[np.float64]:
    return np.where(whole > 0, part / np.maximum(whole, 1), 1.0)
