"""Curves of the report: average precision over IoU, one line a kind, in the units of an inline SVG."""

from collections.abc import Sequence
from dataclasses import dataclass

from model.evaluation.scores import Summary

WIDTH, HEIGHT = 640, 360
LEFT, RIGHT, TOP, BOTTOM = 44, 14, 12, 44
"""Margins around the plot, in the SVG's units."""

COLOURS = ("currentColor", "#0072b2", "#d55e00", "#009e73", "#cc79a7", "#e69f00", "#56b4e9")
"""Of all images, then of the kinds in turn (Okabe and Ito 2008: distinct for colour-blind readers)."""

DASHES = ("none", "none", "9 4", "2 4", "9 4 2 4", "14 4", "5 5")

GRID_STEPS = 5
"""Number of steps from 0 to 1 on the vertical axis."""


@dataclass(frozen=True)
class Point:
    """A point of a curve: where it is in the plot, and what it says."""

    x: float
    y: float
    threshold: str
    precision: float


@dataclass(frozen=True)
class Curve:
    """A line in the plot, and in its key."""

    name: str
    colour: str
    dashes: str
    width: int
    points: list[Point]


@dataclass(frozen=True)
class Plot:
    """The curves with their axes.

    Attributes:
        curves: of all images, then of each kind.
        grid: where each horizontal line lies, and its label.
        ticks: where each IoU threshold lies, and its label.
    """

    curves: list[Curve]
    grid: list[tuple[float, str]]
    ticks: list[tuple[float, str]]
    width: int = WIDTH
    height: int = HEIGHT
    left: int = LEFT
    right: int = WIDTH - RIGHT
    bottom: int = HEIGHT - BOTTOM


def make_plot(summaries: Sequence[Summary]) -> Plot:
    """Place the curves of all images and of each kind."""
    steps = [step / GRID_STEPS for step in range(GRID_STEPS + 1)]
    return Plot(
        curves=[_make_curve(number, summary) for number, summary in enumerate(summaries)],
        grid=[(_y(step), f"{step:.1f}") for step in steps],
        ticks=[(_x(threshold), threshold) for threshold in summaries[0].average_precision],
    )


def _make_curve(number: int, summary: Summary) -> Curve:
    return Curve(
        name=summary.kind,
        colour=COLOURS[number % len(COLOURS)],
        dashes=DASHES[number % len(DASHES)],
        width=2 if number else 3,
        points=[Point(_x(t), _y(p), t, p) for t, p in summary.average_precision.items()],
    )


def _x(threshold: str) -> float:
    return round(LEFT + (float(threshold) - 0.5) / 0.45 * (WIDTH - LEFT - RIGHT - 16) + 8, 1)


def _y(precision: float) -> float:
    return round(TOP + (1 - precision) * (HEIGHT - TOP - BOTTOM), 1)
