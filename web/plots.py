"""Plots as SVG: what to draw where. The templates write it down."""

import math
from collections.abc import Iterator
from dataclasses import dataclass

from nuqleus.database.queries.distributions import Distribution, Range
from web.colours import Scale
from web.templates import figure

WIDTH, HEIGHT = 900, 420
LEFT, RIGHT, TOP, BOTTOM = 70, 20, 15, 55
"""Of the plot's area, within the picture."""

TICKS = 6


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
        yield Box(
            LEFT + number * step, TOP + down() - height, max(0.5, step - 1), height, None, count, (number,)
        )


def cells(distribution: Distribution) -> Iterator[Box]:
    """The cells of a scatter plot, coloured by the logarithm of their count."""
    x, y = distribution.ranges
    scale = Scale(0.0, math.log1p(max(distribution.counts.values(), default=1)))
    wide, high = across() / x.bins, down() / y.bins
    for (column, row), count in sorted(distribution.counts.items()):
        place = LEFT + column * wide, TOP + down() - (row + 1) * high
        yield Box(*place, wide, high, scale.css(math.log1p(count)), count, (column, row))


def x_ticks(part: Range) -> list[Tick]:
    """Marks below a plot."""
    return [Tick(LEFT + across() * share, figure(value)) for share, value in _shares(part.low, part.high)]


def y_ticks(low: float, high: float) -> list[Tick]:
    """Marks beside a plot."""
    return [Tick(TOP + down() * (1 - share), figure(value)) for share, value in _shares(low, high)]


def _shares(low: float, high: float) -> Iterator[tuple[float, float]]:
    for number in range(TICKS):
        share = number / (TICKS - 1)
        yield share, low + (high - low) * share
