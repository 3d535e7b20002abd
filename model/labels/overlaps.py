"""Which nuclei of two label images share pixels, and how many."""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

Labels = NDArray[np.integer]


@dataclass(frozen=True)
class Nuclei:
    """The nuclei of one label image, numbered from 0 in the order of their labels.

    Attributes:
        labels: what the image calls them: (N,).
        areas: pixels of each: (N,) int64.
    """

    labels: Labels
    areas: NDArray[np.int64]

    def __len__(self) -> int:
        return len(self.labels)


@dataclass(frozen=True)
class Overlaps:
    """Every pair of a true and a found nucleus that share a pixel: a sparse matrix, T × F.

    Attributes:
        truth: the T true nuclei.
        found: the F found ones.
        rows: number of each pair's true nucleus: (P,) int64.
        columns: number of each pair's found nucleus: (P,) int64.
        shared: pixels that they share: (P,) int64.
    """

    truth: Nuclei
    found: Nuclei
    rows: NDArray[np.int64]
    columns: NDArray[np.int64]
    shared: NDArray[np.int64]

    @property
    def ious(self) -> NDArray[np.float64]:
        """Intersection over union of each pair: (P,)."""
        either = self.truth.areas[self.rows] + self.found.areas[self.columns] - self.shared
        return self.shared / either

    @property
    def transposed(self) -> "Overlaps":
        """The same with truth and found exchanged."""
        return Overlaps(self.found, self.truth, self.columns, self.rows, self.shared)


def overlap(truth: Labels, found: Labels) -> Overlaps:
    """Compare two label images of the same (H, W).

    Raises:
        ValueError: they differ in shape.
    """
    if truth.shape != found.shape:
        raise ValueError(f"Label images differ in shape. Received: {truth.shape} and {found.shape}.")
    true_nuclei, true_numbers = _number(truth)
    found_nuclei, found_numbers = _number(found)
    both = (true_numbers >= 0) & (found_numbers >= 0)
    pairs, shared = np.unique(
        true_numbers[both] * len(found_nuclei) + found_numbers[both], return_counts=True
    )
    rows, columns = np.divmod(pairs, max(1, len(found_nuclei)))
    return Overlaps(true_nuclei, found_nuclei, rows, columns, shared)


def _number(labels: Labels) -> tuple[Nuclei, NDArray[np.int64]]:
    """The nuclei of a label image, and the number of each pixel's nucleus, negative for none: (H × W,)."""
    names, numbers, areas = np.unique(labels, return_inverse=True, return_counts=True)
    background = int(np.searchsorted(names, 0, side="right"))
    return Nuclei(names[background:], areas[background:]), numbers.ravel() - background
