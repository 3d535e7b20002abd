"""Plots as SVG: what to draw where. The templates write it down."""

import math
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import cache

from nuqleus.database.queries.distributions import Distribution
from nuqleus.database.queries.value_ranges import BELOW, BinnedRange
from web.colours import Scale
from web.plot_texts import Bin
from web.templates import figure

WIDTH, HEIGHT = 900, 420
LEFT, RIGHT, TOP, BOTTOM = 120, 30, 20, 70
"""Of the plot's area, within the picture."""

BEYOND, GAP = 36, 14
"""What the bin of values below a range, or above it, takes of its axis, and how far it lies apart."""

MOST_TICKS = 8
"""On an axis."""


@dataclass(frozen=True)
class Box:
    """A rectangle that stands for nuclei.

    Attributes:
        x, y, width, height: where, in the picture.
        colour: None for that of a bar.
        text: what is in it, in words.
        limits: what limits the URL of a sheet of nuclei to it.
    """

    x: float
    y: float
    width: float
    height: float
    colour: str | None
    text: str
    limits: str


@dataclass(frozen=True)
class Tick:
    """A mark on an axis, and what is written there."""

    at: float
    text: str


@dataclass(frozen=True)
class DrawnAxis:
    """An axis in the picture: the bins of its range, and apart from them, where there are any, those beyond.

    Attributes:
        part: the range.
        length: of all of it, in pixels.
        below: whether there is a bin below the range.
        above: whether there is one above it.
    """

    part: BinnedRange
    length: float
    below: bool = False
    above: bool = False

    @property
    def start(self) -> float:
        """Where the range begins."""
        return (BEYOND + GAP) * self.below

    @property
    def width(self) -> float:
        """What the range takes."""
        return self.length - self.start - (BEYOND + GAP) * self.above

    def place(self, number: int) -> tuple[float, float]:
        """Where a bin begins, and what it takes."""
        if number <= BELOW:
            return 0.0, BEYOND
        if number >= self.part.bins:
            return self.length - BEYOND, BEYOND
        step = self.width / self.part.bins
        return self.start + number * step, step

    def ticks(self) -> list[Tick]:
        """Round numbers, and what the bins beyond are called."""
        names = [(BELOW, "below")] * self.below + [(self.part.bins, "above")] * self.above
        beyond = [Tick(self.place(number)[0] + BEYOND / 2, name) for number, name in names]
        return beyond + [
            Tick(self.start + self.width * share, figure(value)) for share, value in _shares(self.part)
        ]


def axes(distribution: Distribution) -> list[DrawnAxis]:
    """The axes of a distribution: the one to the right, and the one upwards, which shows counts in a histogram."""
    lengths = (WIDTH - LEFT - RIGHT, HEIGHT - TOP - BOTTOM)
    measured = [
        DrawnAxis(
            part,
            length,
            any(bins[place] <= BELOW for bins in distribution.counts),
            any(bins[place] >= part.bins for bins in distribution.counts),
        )
        for place, (part, length) in enumerate(zip(distribution.ranges, lengths, strict=False))
    ]
    return (
        measured
        if len(measured) == len(lengths)
        else [*measured, DrawnAxis(_heights(distribution), lengths[1])]
    )


def bars(
    distribution: Distribution, axes: Sequence[DrawnAxis], named: Sequence[Mapping[int, Bin]]
) -> Iterator[Box]:
    """The bars of a histogram."""
    across, up = axes
    for (number,), count in sorted(distribution.counts.items()):
        start, width = across.place(number)
        height = max(1.0, up.length * count / up.part.high)
        top = TOP + up.length - height
        yield _box((LEFT + start, top, max(0.5, width - 1), height), None, count, named[0][number])


def cells(
    distribution: Distribution, axes: Sequence[DrawnAxis], named: Sequence[Mapping[int, Bin]]
) -> Iterator[Box]:
    """The cells of a scatter plot, coloured by the logarithm of their count."""
    across, up = axes
    colour = _colours(distribution.counts)
    columns, rows = (cache(axis.place) for axis in (across, up))
    for (column, row), count in sorted(distribution.counts.items()):
        (left, width), (bottom, height) = columns(column), rows(row)
        top = TOP + up.length - bottom - height
        yield _box((LEFT + left, top, width, height), colour[count], count, named[0][column], named[1][row])


def _colours(counts: Mapping[tuple[int, ...], int]) -> dict[int, str]:
    scale = Scale(0.0, math.log1p(max(counts.values(), default=1)))
    return {count: scale.css(math.log1p(count)) for count in set(counts.values())}


def _heights(distribution: Distribution) -> BinnedRange:
    """The axis of a histogram that shows how many nuclei there are."""
    return BinnedRange(0.0, max(distribution.counts.values(), default=1), 1)


def _box(place: tuple[float, float, float, float], colour: str | None, count: int, *bins: Bin) -> Box:
    x, y, width, height = (round(number, 1) for number in place)
    text = f"{', '.join(one.text for one in bins)}: {count:,} nuclei"
    return Box(x, y, width, height, colour, text, "".join(one.limits for one in bins))


def _shares(part: BinnedRange) -> Iterator[tuple[float, float]]:
    """Round numbers of a range, and where each lies, as a share of the way."""
    if part.is_one_value:
        yield 0.5, part.low
        return
    width = part.high - part.low
    step = _round_step(width / (MOST_TICKS - 1))
    for number in range(math.ceil(part.low / step - 1e-9), math.floor(part.high / step + 1e-9) + 1):
        yield (number * step - part.low) / width, number * step


def _round_step(least: float) -> float:
    """The smallest of 1, 2, 5, 10, 20 … (and 0.5, 0.2, 0.1 …) that is as large."""
    power = 10.0 ** math.floor(math.log10(least))
    return next(factor * power for factor in (1, 2, 5, 10) if factor * power >= least * (1 - 1e-9))
