"""Overlaps: which nuclei of two label images share pixels, and how many."""

from dataclasses import dataclass

import numpy as np

from model.arrays import AnyLabels, Floats, Ints


@dataclass(frozen=True)
class LabelAreas:
    """Labels and areas of the nuclei of one label image, numbered from 0 in the order of their labels.

    Attributes:
        labels: what the image calls them: (N,).
        areas: pixels of each: (N,) int64.
    """

    labels: AnyLabels
    areas: Ints

    def __len__(self) -> int:
        return len(self.labels)


@dataclass(frozen=True)
class Overlaps:
    """Every pair of a true and a predicted nucleus that share a pixel: a sparse matrix, T × P.

    Attributes:
        truth: the T true nuclei.
        predicted: the P predicted ones.
        rows: number of each pair's true nucleus: (S,) int64.
        columns: number of each pair's predicted nucleus: (S,) int64.
        shared: pixels that they share: (S,) int64.
    """

    truth: LabelAreas
    predicted: LabelAreas
    rows: Ints
    columns: Ints
    shared: Ints

    @property
    def ious(self) -> Floats:
        """Intersection over union of each pair: (S,)."""
        either = self.truth.areas[self.rows] + self.predicted.areas[self.columns] - self.shared
        return self.shared / either

    @property
    def transposed(self) -> "Overlaps":
        """The same with truth and prediction exchanged."""
        return Overlaps(self.predicted, self.truth, self.columns, self.rows, self.shared)


def overlap(truth: AnyLabels, predicted: AnyLabels) -> Overlaps:
    """Compare two label images of the same (H, W).

    Raises:
        ValueError: they differ in shape.
    """
    if truth.shape != predicted.shape:
        raise ValueError(f"Label images differ in shape. Received: {truth.shape} and {predicted.shape}.")
    true_nuclei, true_numbers = _number(truth)
    predicted_nuclei, predicted_numbers = _number(predicted)
    both = (true_numbers >= 0) & (predicted_numbers >= 0)
    pairs, shared = np.unique(
        true_numbers[both] * len(predicted_nuclei) + predicted_numbers[both], return_counts=True
    )
    rows, columns = np.divmod(pairs, max(1, len(predicted_nuclei)))
    return Overlaps(true_nuclei, predicted_nuclei, rows, columns, shared)


def _number(labels: AnyLabels) -> tuple[LabelAreas, Ints]:
    """The nuclei of a label image, and the number of each pixel's nucleus, negative for none: (H × W,)."""
    names, numbers, areas = np.unique(labels, return_inverse=True, return_counts=True)
    background = int(np.searchsorted(names, 0, side="right"))
    return LabelAreas(names[background:], areas[background:]), numbers.ravel() - background
