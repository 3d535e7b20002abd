"""Convex hulls of all nuclei at once: convex area and the largest Feret diameter.

As in scikit-image, a pixel stands for the midpoints of its four edges. Doubled, they are integers, and every step
below is exact. A hull has a left and a right side; each is a *chain*: the lower convex hull of columns as a function
of rows (columns are negated on the right side). The sides of all nuclei are found together, by dropping all points
that do not bend a chain outwards until none is left to drop.
"""

from typing import NamedTuple

import numpy as np

from model.measurements.runs import Bools, Floats, Ints
from model.measurements.spans import Spans


class Chains(NamedTuple):
    """Points of M sides of hulls, sorted by side, then row. Coordinates are doubled.

    Attributes:
        side: (P,) which side, 0..M-1.
        row: (P,) twice the row.
        col: (P,) twice the column, negated on a right side.
    """

    side: Ints
    row: Ints
    col: Ints

    def at(self, where: Ints | Bools) -> "Chains":
        """Return the points at indices, or at True."""
        return Chains(self.side[where], self.row[where], self.col[where])


class HullSums(NamedTuple):
    """Per nucleus, (N,): pixels of the convex hull, and its largest diameter in px."""

    area: Ints
    feret: Floats


def measure_hulls(spans: Spans, nuclei: int) -> HullSums:
    """Measure the convex hulls of so many nuclei.

    `area` counts the pixels with their centre in the hull or on its edge. `feret` is the largest distance between
    two points of the outline of those pixels (again through the midpoints of pixel edges), as scikit-image has it.
    """
    convex = _fill(_hull_sides(spans))
    area = np.bincount(convex.nucleus, convex.right - convex.left + 1, nuclei).astype(np.int64)
    return HullSums(area, _diameters(_hull_sides(convex), nuclei))


def _hull_sides(spans: Spans) -> tuple[Chains, Chains]:
    left = _bend_outwards(_side_points(spans, spans.left))
    right = _bend_outwards(_side_points(spans, -spans.right))
    return left, right


def _side_points(spans: Spans, col: Ints) -> Chains:
    """Return the midpoints of pixel edges on one side, one per (doubled) row.

    A pixel gives one at its centre's row and one each half a row above and below, where the outermost of the two
    pixels that meet counts.
    """
    follows = spans.follows
    above = np.where(follows, np.minimum(col, np.roll(col, 1)), col)
    cols = np.stack([2 * above, 2 * col - 1, 2 * col], axis=1)
    rows = 2 * spans.row[:, None] + np.array([-1, 0, 1])
    keep = np.ones(cols.shape, np.bool_)
    keep[:-1, 2] = ~follows[1:]  # the span below has that point
    side = np.broadcast_to(spans.nucleus[:, None], cols.shape)
    return Chains(side[keep], rows[keep], cols[keep])


def _bend_outwards(points: Chains) -> Chains:
    """Reduce chains to their lower convex hulls.

    A point on or above the line between any two others of its chain is no vertex, whatever else is dropped with
    it. Chains in which nothing more is to drop are set aside.
    """
    done = []
    while len(points.side):
        drop = _is_no_vertex(points)
        unsettled = np.zeros(points.side[-1] + 1, np.bool_)
        unsettled[points.side[drop]] = True
        again = unsettled[points.side]
        done.append(points.at(~again))
        points = points.at(again & ~drop)
    return _gathered(done) if done else points


def _is_no_vertex(points: Chains) -> Bools:
    side, row, col = points
    drop = np.zeros(len(side), np.bool_)
    rows, cols = np.diff(row), np.diff(col)
    inner = side[2:] == side[:-2]
    drop[1:-1] = inner & (rows[:-1] * cols[1:] <= cols[:-1] * rows[1:])
    return drop


def _gathered(parts: list[Chains]) -> Chains:
    points = Chains(*(np.concatenate(columns) for columns in zip(*parts, strict=True)))
    return points.at(np.argsort(points.side, kind="stable"))


def _fill(sides: tuple[Chains, Chains]) -> Spans:
    """Return the spans of the pixels in hulls; where a thin hull has no pixel in a row, there is none."""
    nucleus, row, left = _first_columns(sides[0])
    right = -_first_columns(sides[1])[2]
    some = left <= right
    return Spans(nucleus[some], row[some], left[some], right[some])


def _first_columns(chains: Chains) -> tuple[Ints, Ints, Ints]:
    """Return side, row and the first column inside, for each row of each chain.

    A chain's first and last points lie half a row above its first and below its last pixel.
    """
    inner = np.flatnonzero(chains.side[1:] == chains.side[:-1])
    first_row = (chains.row[inner] + 1) // 2
    count = (chains.row[inner + 1] + 1) // 2 - first_row
    segment = np.repeat(inner, count)
    row = np.arange(len(segment)) + np.repeat(first_row - (np.cumsum(count) - count), count)
    height = np.diff(chains.row)[segment]
    width = np.diff(chains.col)[segment]
    doubled = chains.col[segment] * height + width * (2 * row - chains.row[segment])
    return chains.side[segment], row, -(-doubled // (2 * height))


def _diameters(sides: tuple[Chains, Chains], nuclei: int) -> Floats:
    """Return (N,): the largest distance between a vertex on the left and one on the right.

    The two ends of a diameter have parallel tangents with the hull between them, so they lie on different sides.
    """
    left, right = sides
    count = np.bincount(left.side, minlength=nuclei)
    first = np.cumsum(count) - count
    longest = np.zeros(len(right.side), np.int64)
    active = np.arange(len(right.side))
    for step in range(count.max(initial=0)):
        active = active[count[right.side[active]] > step]
        near, far = left.at(first[right.side[active]] + step), right.at(active)
        squares = (near.row - far.row) ** 2 + (near.col + far.col) ** 2
        longest[active] = np.maximum(longest[active], squares)
    begins = np.flatnonzero(np.diff(right.side, prepend=-1))
    return np.sqrt(np.maximum.reduceat(longest, begins)) / 2
