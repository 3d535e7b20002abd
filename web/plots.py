"""Plots as SVG: what to draw where. The templates write it down."""

import math
from collections.abc import Iterator
from dataclasses import dataclass

from nuqleus.database.queries.distributions import Distribution, Range
from web.colours import Scale
from web.templates import figure

WIDTH, HEIGHT = 900, 420
LEFT, RIGHT, TOP, BOTTOM = 120, 30, 20, 70
"""Of the plot's area, within the picture."""

MOST_TICKS = 8
"""On an axis."""


@dataclass(frozen=True)
class Box:
    """A rectangle that stands for nuclei.

    Attributes:
        x, y, width, height: where, in the picture.
        colour: None for that of a bar.
        count: how many nuclei.
        bins: number of its bin on each axis.
    """

    x: float
    y: float
    width: float
    height: float
    colour: str | None
    count: int
    bins: tuple[int, ...]


@dataclass(frozen=True)
class Tick:
    """A mark on an axis, and what is written there."""

    at: float
    text: str


def across() -> float:
    """Width of the plot's area."""
    return WIDTH - LEFT - RIGHT


def down() -> float:
    """Height of the plot's area."""
    return HEIGHT - TOP - BOTTOM


def bars(distribution: Distribution) -> Iterator[Box]:
    """The bars of a histogram."""
    (part,) = distribution.ranges
    step, most = across() / part.bins, max(distribution.counts.values(), default=1)
    for (number,), count in sorted(distribution.counts.items()):
        height = max(1.0, down() * count / most)
        place = LEFT + number * step, TOP + down() - height
        yield _box(*place, max(0.5, step - 1), height, None, count, (number,))


def cells(distribution: Distribution) -> Iterator[Box]:
    """The cells of a scatter plot, coloured by the logarithm of their count."""
    x, y = distribution.ranges
    scale = Scale(0.0, math.log1p(max(distribution.counts.values(), default=1)))
    wide, high = across() / x.bins, down() / y.bins
    for (column, row), count in sorted(distribution.counts.items()):
        place = LEFT + column * wide, TOP + down() - (row + 1) * high
        yield _box(*place, wide, high, scale.css(math.log1p(count)), count, (column, row))


def _box(
    x: float, y: float, width: float, height: float, colour: str | None, count: int, bins: tuple[int, ...]
) -> Box:
    return Box(round(x, 2), round(y, 2), round(width, 2), round(height, 2), colour, count, bins)


def x_ticks(part: Range) -> list[Tick]:
    """Marks below a plot."""
    return [Tick(LEFT + across() * share, figure(value)) for share, value in _shares(part.low, part.high)]


def y_ticks(low: float, high: float) -> list[Tick]:
    """Marks beside a plot."""
    return [Tick(TOP + down() * (1 - share), figure(value)) for share, value in _shares(low, high)]


def _shares(low: float, high: float) -> Iterator[tuple[float, float]]:
    """Round numbers between two, and where each lies, as a share of the way."""
    if high <= low:
        yield 0.0, low
        return
    step = _round_step((high - low) / (MOST_TICKS - 1))
    for number in range(math.ceil(low / step - 1e-9), math.floor(high / step + 1e-9) + 1):
        yield (number * step - low) / (high - low), number * step


def _round_step(least: float) -> float:
    """The smallest of 1, 2, 5, 10, 20 … (and 0.5, 0.2, 0.1 …) that is as large."""
    power = 10.0 ** math.floor(math.log10(least))
    return next(factor * power for factor in (1, 2, 5, 10) if factor * power >= least * (1 - 1e-9))
