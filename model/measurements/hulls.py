"""Convex hulls of all nuclei at once: convex area and the largest Feret diameter.

As in scikit-image, a pixel stands for the midpoints of its four edges. Doubled, they are integers, and every step
below is exact. A hull has a left and a right side; each is a *chain*: the lower convex hull of columns as a function
of rows (columns are negated on the right side). The sides of all nuclei are found together, by dropping all points
that do not bend a chain outwards until none is left to drop.
"""

from typing import NamedTuple

import numpy as np

from model.arrays import Floats, Ints
from model.measurements.spans import Spans

Chains = Ints
"""Points of the sides of N hulls, (3, P), sorted by side, then row.

Which side (0..N-1 the left ones, N..2N-1 the right ones), twice the row, and twice the column, negated on a right side.
"""


class HullSums(NamedTuple):
    """Per nucleus, (N,): pixels of the convex hull, and its largest diameter in px."""

    area: Ints
    feret: Floats


def measure_hulls(spans: Spans, nuclei: int) -> HullSums:
    """Measure the convex hulls of this many nuclei.

    `area` counts the pixels with their centre in the hull or on its edge. `feret` is the largest distance between
    two points of the outline of those pixels (again through the midpoints of pixel edges), as scikit-image has it.
    """
    convex = _fill(_bend_outwards(_side_points(spans, nuclei)))
    area = np.bincount(convex.nucleus, convex.right - convex.left + 1, nuclei).astype(np.int64)
    return HullSums(area, _diameters(_bend_outwards(_side_points(convex, nuclei)), nuclei))


def _side_points(spans: Spans, nuclei: int) -> Chains:
    """Return the midpoints of pixel edges on both sides, one per (doubled) row.

    A pixel gives one at its centre's row and one each half a row above and below, where the outermost of the two
    pixels that meet counts. Where these are no further apart than one column, the points beside it hide it.
    """
    col = np.stack([spans.left, -spans.right])
    step = np.diff(col, prepend=0)
    above = col - np.where(spans.follows, np.maximum(step, 0), 0)
    points = np.empty((3, 2, len(spans.row), 3), np.int64)
    points[0] = (spans.nucleus + np.array([[0], [nuclei]]))[..., None]
    points[1] = 2 * spans.row[:, None] + np.array([-1, 0, 1])
    points[2] = 2 * np.stack([above, col, col], axis=2) - np.array([0, 1, 0])
    keep = np.ones(points.shape[1:], np.bool_)
    keep[..., 0] = ~spans.follows | (abs(step) > 1)
    keep[:, :-1, 2] = ~spans.follows[1:]  # the span below has that point
    return points.reshape(3, -1).compress(keep.reshape(-1), axis=1)


def _bend_outwards(points: Chains) -> Chains:
    """Reduce chains to their lower convex hulls.

    A point on or above the line between any two others of its chain is no vertex, whatever else is dropped with it.
    """
    while True:
        keep = np.ones(points.shape[1], np.bool_)
        side = points[0]
        rows, cols = points[1:, 1:] - points[1:, :-1]
        keep[1:-1] = (rows[:-1] * cols[1:] > cols[:-1] * rows[1:]) | (side[2:] != side[:-2])
        if keep.all():
            return points
        points = points.compress(keep, axis=1)


def _fill(chains: Chains) -> Spans:
    """Return the spans of the pixels in hulls; where a thin hull has no pixel in a row, there is none."""
    side, row, col = _first_columns(chains)
    middle = len(side) // 2  # both sides of a hull have the same rows
    nucleus, row, left, right = side[:middle], row[:middle], col[:middle], -col[middle:]
    some = left <= right
    return Spans(nucleus[some], row[some], left[some], right[some])


def _first_columns(chains: Chains) -> tuple[Ints, Ints, Ints]:
    """Return side, row and the first column inside, for each row of each chain.

    A chain's first and last points lie half a row above its first and below its last pixel.
    """
    inner = np.flatnonzero(chains[0, 1:] == chains[0, :-1])
    begin, end = chains[:, inner], chains[:, inner + 1]
    first_row = (begin[1] + 1) // 2
    count = (end[1] + 1) // 2 - first_row
    segment = np.repeat(np.arange(len(inner)), count)
    row = np.arange(len(segment)) + (first_row - (np.cumsum(count) - count))[segment]
    (_, height, width), (side, top, col) = (end - begin)[:, segment], begin[:, segment]
    doubled = col * height + width * (2 * row - top)
    return side, row, -(-doubled // (2 * height))


def _diameters(chains: Chains, nuclei: int) -> Floats:
    """Return (N,): the largest distance between a vertex on the left and one on the right.

    The two ends of a diameter have parallel tangents with the hull between them, so they lie on different sides.
    """
    count = np.bincount(chains[0], minlength=2 * nuclei)
    first = np.cumsum(count) - count
    left, right = np.split(count, 2)
    near = np.repeat(np.arange(left.sum(), chains.shape[1]), np.repeat(left, right))
    pairs = left * right
    begins = np.cumsum(pairs) - pairs
    far = (np.arange(len(near)) - np.repeat(begins, pairs)) % np.repeat(left, pairs) + np.repeat(
        first[:nuclei], pairs
    )
    rows, cols = chains[1, near] - chains[1, far], chains[2, near] + chains[2, far]
    return np.sqrt(np.maximum.reduceat(rows**2 + cols**2, begins)) / 2
