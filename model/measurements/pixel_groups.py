"""Grouped statistics: sums, quantiles and deviations of the pixels of all nuclei at once."""

from dataclasses import dataclass
from functools import cached_property
from itertools import pairwise

import numpy as np

from model.arrays import Bools, Floats, Ints
from model.measurements.runs import Runs

MIDDLE = np.array([0.5])


@dataclass(frozen=True)
class Groups:
    """How P values in a row belong to groups: the first `count[0]` to group 0, and so on; no group is empty.

    Attributes:
        count: (G,) values per group.
    """

    count: Ints

    @cached_property
    def first(self) -> Ints:
        """(G,) where each group starts."""
        return np.cumsum(self.count) - self.count

    def total(self, values: Floats | Ints) -> Floats:
        """Sum values (..., P) to (..., G)."""
        sums: Floats = np.add.reduceat(values, self.first, axis=-1)
        return sums

    def deviation(self, values: Floats, mean: Floats) -> Floats:
        """Return standard deviations (C, G) of values (C, P) about their means (divided by P, not P - 1)."""
        away = values - np.repeat(mean, self.count, axis=-1)
        return np.sqrt(self.total(np.square(away, out=away)) / self.count)

    def sort(self, values: Floats) -> Floats:
        """Return values (C, P) sorted within each group.

        A loop, because sorting many short pieces in the cache takes a fifth of the time of one sort with the group
        as the leading key.
        """
        ordered = values.copy()
        for begin, end in pairwise([*self.first.tolist(), values.shape[1]]):
            ordered[:, begin:end].sort()
        return ordered

    def quantiles(self, ordered: Floats, fractions: Floats) -> Floats:
        """Return (Q,) quantiles per group, (C, Q, G), of sorted values, interpolated as `numpy.quantile` does."""
        position = (self.count - 1) * fractions[:, None]
        below = position.astype(np.int64)
        low = ordered[:, self.first + below]
        high = ordered[:, self.first + np.minimum(below + 1, self.count - 1)]
        return low + (high - low) * (position - below)

    def median_deviation(self, values: Floats, median: Floats) -> Floats:
        """Return median absolute deviations (C, G) of values (C, P) from their medians (C, G)."""
        deviation = np.abs(values - np.repeat(median, self.count, axis=-1))
        return self.quantiles(self.sort(deviation), MIDDLE)[:, 0]


@dataclass(frozen=True)
class NucleusPixels:
    """Pixels of some nuclei, grouped by nucleus: (P,) each.

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

    def at(self, where: Bools) -> "NucleusPixels":
        """Return the pixels at True."""
        return NucleusPixels(self.nucleus[where], self.flat[where], self.row[where], self.col[where])


def list_pixels(runs: Runs, width: int) -> NucleusPixels:
    """List the pixels of nuclei in an image of this many columns."""
    length = runs.length
    run = np.repeat(np.arange(len(length)), length)
    step = np.arange(len(run)) - (np.cumsum(length) - length)[run]
    row = runs.row - runs.row[runs.first][runs.nucleus]
    col = runs.start - runs.start[runs.first][runs.nucleus]
    flat = (runs.row * width + runs.start)[run] + step
    return NucleusPixels(runs.nucleus[run], flat, row[run], col[run] + step)
