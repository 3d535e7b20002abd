"""Values grouped by nucleus: sums, quantiles and deviations of all groups at once."""

from dataclasses import dataclass
from itertools import pairwise

import numpy as np

from model.measurements.runs import Bools, Floats, Ints, Runs


@dataclass(frozen=True)
class Groups:
    """How P values in a row belong to groups: the first `count[0]` to group 0, and so on; no group is empty.

    Attributes:
        count: (G,) values per group.
    """

    count: Ints

    @property
    def first(self) -> Ints:
        """(G,) where each group starts."""
        return np.cumsum(self.count) - self.count

    def total(self, values: Floats | Ints) -> Floats:
        """Sum (P,) values to (G,)."""
        return np.add.reduceat(values, self.first) if len(self.count) else np.empty(0)

    def mean(self, values: Floats | Ints) -> Floats:
        """Average (P,) values to (G,)."""
        return self.total(values) / self.count

    def deviation(self, values: Floats, mean: Floats) -> Floats:
        """Return the groups' standard deviations (G,) of (P,) values about their means (divided by P, not P - 1)."""
        return np.sqrt(self.mean((values - np.repeat(mean, self.count)) ** 2))

    def sort(self, values: Floats) -> Floats:
        """Return (P,) values sorted within each group.

        A loop, because sorting many short pieces in the cache takes a fifth of the time of one sort with the group
        as the leading key.
        """
        ordered = values.copy()
        for begin, end in pairwise([*self.first.tolist(), len(values)]):
            ordered[begin:end].sort()
        return ordered

    def quantile(self, ordered: Floats, fraction: float) -> Floats:
        """Return a quantile per group (G,) of sorted values, interpolated as `numpy.quantile` does."""
        position = (self.count - 1) * fraction
        below = position.astype(np.int64)
        above = np.minimum(below + 1, self.count - 1)
        low, high = ordered[self.first + below], ordered[self.first + above]
        return low + (high - low) * (position - below)

    def median_deviation(self, ordered: Floats) -> Floats:
        """Return the median absolute deviation from the median per group (G,), of sorted values."""
        median = self.quantile(ordered, 0.5)
        middle = [self._nearest(ordered, median, (self.count + extra) // 2) for extra in (1, 2)]
        return (middle[0] + middle[1]) / 2

    def _nearest(self, ordered: Floats, centre: Floats, k: Ints) -> Floats:
        """Return the k-th smallest distance from `centre` in each group, by bisection.

        The k nearest of sorted values are neighbours: the window of k that neither its left nor its right
        neighbour improves.
        """
        low, high = self.first, self.first + self.count - k
        while (low < high).any():
            middle = (low + high) // 2
            beyond = np.minimum(middle + k, len(ordered) - 1)
            right = (low < high) & (centre - ordered[middle] > ordered[beyond] - centre)
            low, high = np.where(right, middle + 1, low), np.where(right, high, middle)
        return np.maximum(centre - ordered[low], ordered[low + k - 1] - centre)


@dataclass(frozen=True)
class Places:
    """The pixels of some nuclei, grouped by nucleus: (P,) each.

    Attributes:
        nucleus: the nucleus of each pixel, 0..N-1.
        flat: where it is in the flattened image.
        row: its row, counted from the nucleus' first.
        col: its column, counted from where the nucleus' first run starts.
    """

    nucleus: Ints
    flat: Ints
    row: Ints
    col: Ints

    def at(self, where: Bools) -> "Places":
        """Return the pixels at True."""
        return Places(self.nucleus[where], self.flat[where], self.row[where], self.col[where])


def find_places(runs: Runs, width: int) -> Places:
    """List the pixels of nuclei in an image of so many columns."""
    length = runs.length
    run = np.repeat(np.arange(len(length)), length)
    step = np.arange(len(run)) - (np.cumsum(length) - length)[run]
    row = runs.row - runs.row[runs.first][runs.nucleus]
    col = runs.start - runs.start[runs.first][runs.nucleus]
    flat = (runs.row * width + runs.start)[run] + step
    return Places(runs.nucleus[run], flat, row[run], col[run] + step)
