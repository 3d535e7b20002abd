"""Grouped statistics: sums, quantiles and deviations of the pixels of all nuclei at once."""

from collections.abc import Callable
from dataclasses import dataclass, fields, replace
from functools import cached_property
from itertools import pairwise
from typing import Self, TypeAlias, TypeVar

import numpy as np

from model.arrays import AnyLabels, Bools, Floats, Ints
from model.measurements.columns import Table
from model.measurements.runs import Runs

MIDDLE = np.array([0.5])

Pixels = TypeVar("Pixels", bound="GroupedPixels")
Measure: TypeAlias = Callable[[Floats, Pixels, "Groups"], Table]
"""Makes of values (C, P), which pixels they are of and how these are grouped columns (C, G)."""


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
class GroupedPixels:
    """Pixels of some nuclei, grouped by nucleus: (P,) each.

    Attributes:
        nucleus: the nucleus of each pixel, 0..N-1.
        flat: where it is in the flattened image.
    """

    nucleus: Ints
    flat: Ints

    def at(self, where: Bools) -> Self:
        """Return the pixels where a mask (P,) is True."""
        return replace(self, **{field.name: getattr(self, field.name)[where] for field in fields(self)})


@dataclass(frozen=True)
class NucleusPixels(GroupedPixels):
    """Pixels of some nuclei and where they are in them.

    Attributes:
        row: the row of each, counted from the nucleus' first.
        col: its column, counted from where the nucleus' first run starts.
    """

    row: Ints
    col: Ints


def group_pixels(nucleus: Ints, flat: Ints) -> GroupedPixels:
    """Group pixels in any order by their nucleus: numbers of nuclei (P,), and places in the flattened image (P,)."""
    narrow = np.uint16 if nucleus.max(initial=0) <= np.iinfo(np.uint16).max else nucleus.dtype
    order = np.argsort(nucleus.astype(narrow, copy=False), kind="stable")
    return GroupedPixels(nucleus[order], flat[order])


def find_indices(label: AnyLabels, wanted: Ints) -> tuple[Ints, Bools]:
    """Return which of the wanted labels (n,), ascending, each of the labels (P,) is, and whether it is one."""
    index = np.full(max(label.max(initial=0), wanted.max(initial=0)) + 1, -1)
    index[wanted] = np.arange(len(wanted))
    found = index[label]
    return found, found >= 0


def mean_by_nucleus(values: Floats | Bools, nucleus: Ints, nuclei: int) -> Floats:
    """Return the mean of the finite values (P,) of each nucleus, (nuclei,); NaN where it has none."""
    finite = np.isfinite(values)
    counts = np.bincount(nucleus[finite], minlength=nuclei)
    sums = np.bincount(nucleus[finite], values[finite], nuclei)
    return np.divide(sums, counts, out=np.full(nuclei, np.nan), where=counts > 0)


def measure_finite(measure: Measure[Pixels], values: Floats, pixels: Pixels, nuclei: int) -> Table:
    """Measure the finite ones of values (C, P), each a pixel's in a channel.

    Returns:
        Columns (C, nuclei), NaN where a nucleus has no value.
    """
    use = np.isfinite(values)
    if use.all():
        return _spread(measure, values, pixels, nuclei)
    tables = [
        _spread(measure, channel[None, used], pixels.at(used), nuclei)
        for channel, used in zip(values, use, strict=True)
    ]
    return {name: np.concatenate([table[name] for table in tables]) for name in tables[0]}


def _spread(measure: Measure[Pixels], values: Floats, pixels: Pixels, nuclei: int) -> Table:
    """Measure values (C, P): columns (C, nuclei), NaN where a nucleus has no value."""
    count = np.bincount(pixels.nucleus, minlength=nuclei)
    some = count > 0
    measured = measure(values, pixels, Groups(count[some]))
    if some.all():
        return measured
    table = {name: np.full((len(values), nuclei), np.nan) for name in measured}
    for name, column in measured.items():
        table[name][:, some] = column
    return table


def list_pixels(runs: Runs, width: int) -> NucleusPixels:
    """List the pixels of nuclei in an image of this many columns."""
    length = runs.length
    run = np.repeat(np.arange(len(length)), length)
    step = np.arange(len(run)) - (np.cumsum(length) - length)[run]
    row = runs.row - runs.row[runs.first][runs.nucleus]
    col = runs.start - runs.start[runs.first][runs.nucleus]
    flat = (runs.row * width + runs.start)[run] + step
    return NucleusPixels(runs.nucleus[run], flat, row[run], col[run] + step)
