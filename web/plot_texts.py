"""Plots in words: what is said of each bin, and of all of them together, for those who hear a page."""

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from itertools import accumulate
from math import inf, nextafter

from nuqleus.database.queries.distributions import Distribution
from nuqleus.database.queries.plotted_values import Axis
from nuqleus.database.queries.value_ranges import BELOW, BinnedRange
from web.plot_question import NAMES
from web.templates import figure, with_query, words

LISTED_BINS = 62
"""Rows of the table below a plot: all bins of a histogram; of a scatter plot, the fullest cells."""


@dataclass(frozen=True)
class Bin:
    """A bin of an axis, in words.

    Attributes:
        text: which values it holds.
        limits: what limits the URL of a sheet of nuclei to it.
    """

    text: str
    limits: str


@dataclass(frozen=True)
class CountedBin:
    """A bin, or a cell, and how many nuclei are in it."""

    texts: tuple[str, ...]
    limits: str
    count: int


def name_bins(axes: Sequence[Axis], distribution: Distribution) -> list[dict[int, Bin]]:
    """Say of each axis what its bins hold, by their number; those beyond its range as well."""
    return [
        {number: _name(name, axis, part.limits(number)) for number in range(BELOW, part.bins + 1)}
        for name, axis, part in zip(NAMES, axes, distribution.ranges, strict=False)
    ]


def list_bins(distribution: Distribution, named: Sequence[Mapping[int, Bin]]) -> list[CountedBin]:
    """The bins of a plot, in order; of very many, the fullest."""
    fullest = sorted(distribution.counts, key=lambda bins: -distribution.counts[bins])[:LISTED_BINS]
    return [
        CountedBin(
            tuple(of_axis[number].text for of_axis, number in zip(named, bins, strict=True)),
            "".join(of_axis[number].limits for of_axis, number in zip(named, bins, strict=True)),
            distribution.counts[bins],
        )
        for bins in sorted(fullest)
    ]


def list_beyond(distribution: Distribution, named: Sequence[Mapping[int, Bin]]) -> list[CountedBin]:
    """What lies beyond the ranges, axis by axis."""
    of_axes = zip(distribution.ranges, named, _by_axis(distribution), strict=True)
    return [
        CountedBin((of_axis[number].text,), of_axis[number].limits, counts[number])
        for part, of_axis, counts in of_axes
        for number in (BELOW, part.bins)
        if counts[number]
    ]


def summarise(axes: Sequence[Axis], distribution: Distribution) -> list[str]:
    """Say where most nuclei lie, a sentence for each axis."""
    return [
        f"{_middle_share(counts):.0%} of the nuclei have {name_axis(axis)} {_middle(part, counts)}."
        for axis, part, counts in zip(axes, distribution.ranges, _by_axis(distribution), strict=True)
    ]


def name_axis(axis: Axis) -> str:
    """A measurement, and its channel, in words."""
    return words(axis.measurement) + (f", channel {axis.channel}," if axis.channel else "")


def _by_axis(distribution: Distribution) -> list[Counter[int]]:
    """How many nuclei are in each bin of each axis."""
    by_axis: list[Counter[int]] = [Counter() for _ in distribution.ranges]
    for bins, count in distribution.counts.items():
        for counts, number in zip(by_axis, bins, strict=True):
            counts[number] += count
    return by_axis


def _middle(part: BinnedRange, counts: Counter[int]) -> str:
    """From where to where the bins reach that hold the middle half of the nuclei."""
    first, last = _middle_bins(counts)
    return _between(part.limits(first)[0], part.limits(last)[1])


def _middle_share(counts: Counter[int]) -> float:
    """Which share of the nuclei these bins hold: half of them or more, as bins are wide."""
    first, last = _middle_bins(counts)
    return sum(count for number, count in counts.items() if first <= number <= last) / counts.total()


def _middle_bins(counts: Counter[int]) -> tuple[int, int]:
    """The first and the last bin that the middle half of the nuclei lies in."""
    return _bin_at(counts, 0.25), _bin_at(counts, 0.75)


def _bin_at(counts: Counter[int], share: float) -> int:
    """The bin with which this share of the nuclei is reached."""
    numbers = sorted(counts)
    seen = accumulate(counts[number] for number in numbers)
    return next(
        number for number, sofar in zip(numbers, seen, strict=True) if sofar >= share * counts.total()
    )


def _name(name: str, axis: Axis, limits: tuple[float | None, float | None]) -> Bin:
    within = dict(zip((f"{name}_from", f"{name}_to"), limits, strict=True))
    return Bin(f"{name_axis(axis)} {_between(*limits)}", with_query("", within).replace("?", "&"))


def _between(low: float | None, high: float | None) -> str:
    """Values, in words."""
    if low is None:
        return "any value" if high is None else f"below {figure(high)}"
    if high is None:
        return f"{figure(low)} or more"
    is_one_value = high <= nextafter(low, inf)
    return figure(low) if is_one_value else f"{figure(low)} to {figure(high)}"
