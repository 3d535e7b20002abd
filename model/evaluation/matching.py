"""Matching of predicted to true nuclei by IoU, and the scores that follow from it.

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

from model.arrays import AnyLabels, Floats, Ints
from model.labels.overlaps import Overlaps, overlap

THRESHOLDS: Floats = np.round(np.arange(0.50, 1.0, 0.05), 2)
"""IoU above which a predicted nucleus counts as found."""


@dataclass(frozen=True)
class MatchingResult:
    """Result of matching the nuclei of a predicted label image to the true ones.

    Attributes:
        tp: true positives, nuclei found, per threshold: (10,) int64.
        n_truth: nuclei in the truth.
        n_predicted: nuclei in the prediction.
        shared: foreground pixels of both.
        either: foreground pixels of one or both.
    """

    tp: Ints
    n_truth: int
    n_predicted: int
    shared: int
    either: int

    @property
    def precision(self) -> Floats:
        """Precision per threshold, tp / (tp + fp + fn): (10,); 1 where nothing is there and nothing was found."""
        return _ratio(self.tp, self.n_truth + self.n_predicted - self.tp)

    @property
    def score(self) -> float:
        """Score of this image, as the Data Science Bowl counts."""
        return float(self.precision.mean())

    @property
    def foreground_iou(self) -> float:
        """Intersection over union of the foregrounds."""
        return self.shared / self.either if self.either else 1.0

    @property
    def foreground_dice(self) -> float:
        """Dice coefficient of the foregrounds."""
        return 2 * self.shared / (self.shared + self.either) if self.either else 1.0


def match_nuclei(truth: AnyLabels, predicted: AnyLabels) -> MatchingResult:
    """Match the nuclei of two label images of the same (H, W).

    Raises:
        ValueError: they differ in shape.
    """
    return match_overlaps(overlap(truth, predicted))


def match_overlaps(overlaps: Overlaps) -> MatchingResult:
    """Return what `match_nuclei` does, from the overlaps of the two label images."""
    # above 0.5 a nucleus has at most one partner, so that pairs are true positives
    tp = (overlaps.ious[None, :] > THRESHOLDS[:, None]).sum(axis=1)
    n_truth, n_predicted = len(overlaps.truth), len(overlaps.predicted)
    shared = int(overlaps.shared.sum())
    either = int(overlaps.truth.areas.sum() + overlaps.predicted.areas.sum()) - shared
    return MatchingResult(tp, n_truth, n_predicted, shared, either)


def average_precision(results: Iterable[MatchingResult]) -> Floats:
    """Return StarDist's pooled average precision per threshold: (10,); found is above the threshold."""
    tp, everything = np.zeros(len(THRESHOLDS), np.int64), 0
    for matching in results:
        tp += matching.tp
        everything += matching.n_truth + matching.n_predicted
    return _ratio(tp, everything - tp)


def _ratio(part: Ints, whole: Ints) -> Floats:
    return np.where(whole > 0, part / np.maximum(whole, 1), 1.0)
