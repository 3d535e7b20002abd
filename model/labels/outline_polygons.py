"""Outline polygons: each nucleus of a label image as polygons along the edges of its pixels.

The polygons are valid by the rules of the OGC (Simple Feature Access, part 1), and their area is the number of pixels:
pixels that share an edge are one polygon, parts that meet at a corner are two; a ring never touches itself; a hole may
touch the shell, or another hole, in single points.
"""

from collections.abc import Iterator, Mapping
from typing import NamedTuple, TypeAlias

import cc3d
import numpy as np

from model.arrays import AnyLabels, Bools, Ints

Ring: TypeAlias = list[tuple[int, int]]
"""Corners (x, y) of pixels, each once; clockwise on the screen for a shell, the other way round for a hole."""

_LEAVES = {(-1, -1): True, (-1, 1): False, (1, -1): False, (1, 1): True}
"""Where a pixel lies at a point, as (down, right), and whether the outline leaves its convex corner sideways."""


class Polygon(NamedTuple):
    """A shell and the holes in it."""

    shell: Ring
    holes: list[Ring]


class _Corners(NamedTuple):
    """Corners of outlines, (N,): which part they belong to, where they lie, and where their edges lead to.

    Attributes:
        part: label of the connected pixels, from 1.
        row: 0 to H.
        col: 0 to W.
        down: whether the vertical edge leads downwards.
        right: whether the horizontal edge leads to the right.
        leaves_sideways: whether the outline leaves by the horizontal edge, and comes by the vertical one.
    """

    part: Ints
    row: Ints
    col: Ints
    down: Bools
    right: Bools
    leaves_sideways: Bools


def trace_polygons(labels: AnyLabels, row0: int = 0, col0: int = 0) -> dict[int, list[Polygon]]:
    """Trace the nuclei of a label image (H, W), whose first pixel lies at (row0, col0), by label."""
    parts = cc3d.connected_components(labels, connectivity=4)
    corners = _find_corners(parts)
    label_of = np.zeros(int(parts.max()) + 1, np.int64)
    label_of[parts.reshape(-1)] = labels.reshape(-1)
    polygons: dict[int, list[Polygon]] = {}
    for part, rings in _rings_of_parts(corners, row0, col0):
        shell = next(ring for ring in rings if signed_area(ring) > 0)
        holes = [ring for ring in rings if ring is not shell]
        polygons.setdefault(int(label_of[part]), []).append(Polygon(shell, holes))
    return polygons


def signed_area(ring: Ring) -> int:
    """Return the area within a ring in px²: positive for a shell, negative for a hole (the shoelace formula)."""
    return sum(x0 * y1 - x1 * y0 for (x0, y0), (x1, y1) in zip(ring, [*ring[1:], ring[0]], strict=True)) // 2


def _find_corners(parts: AnyLabels) -> _Corners:
    """Find where the outline of a part turns."""
    padded = np.pad(parts, 1)
    window = {
        (-1, -1): padded[:-1, :-1],
        (-1, 1): padded[:-1, 1:],
        (1, -1): padded[1:, :-1],
        (1, 1): padded[1:, 1:],
    }
    first = window[-1, -1]
    row, col = np.nonzero((window[-1, 1] != first) | (window[1, -1] != first) | (window[1, 1] != first))
    around = {place: pixels[row, col] for place, pixels in window.items()}
    found = [
        _corners_of_pixels(around, row, col, place, convex) for place in _LEAVES for convex in (True, False)
    ]
    return _Corners(*(np.concatenate(column) for column in zip(*found, strict=True)))


def _corners_of_pixels(
    around: Mapping[tuple[int, int], AnyLabels], row: Ints, col: Ints, place: tuple[int, int], convex: bool
) -> _Corners:
    """Find the points that are a convex corner of the pixel at that place, or a concave one opposite to it.

    Args:
        around: the four pixels around each point, by (down, right).
        row: (P,) of the points.
        col: (P,) of the points.
        place: the pixel.
        convex: which of the two.
    """
    down, right = place
    part = around[place]
    beside, above, across = (
        around[other] == part for other in ((down, -right), (-down, right), (-down, -right))
    )
    turns = (~beside & ~above if convex else beside & above & ~across) & (part != 0)
    always = np.ones(np.count_nonzero(turns), np.bool_)
    return _Corners(
        part=part[turns].astype(np.int64),
        row=row[turns],
        col=col[turns],
        # the edges of a convex corner lead along its pixel, those of a concave one away from it
        down=always & ((down > 0) == convex),
        right=always & ((right > 0) == convex),
        leaves_sideways=always & (_LEAVES[place] == convex),
    )


def _rings_of_parts(corners: _Corners, row0: int, col0: int) -> Iterator[tuple[int, list[Ring]]]:
    """Yield each part with its rings, by the part's number."""
    following = _following(corners).tolist()
    points = list(zip((corners.col + col0).tolist(), (corners.row + row0).tolist(), strict=True))
    part_of = corners.part.tolist()
    seen = bytearray(len(points))
    rings: dict[int, list[Ring]] = {}
    for start in range(len(points)):
        if not seen[start]:
            ring, corner = [], start
            while not seen[corner]:
                seen[corner] = 1
                ring.append(points[corner])
                corner = following[corner]
            rings.setdefault(part_of[start], []).extend(_simple_rings(ring))
    yield from sorted(rings.items())


def _following(corners: _Corners) -> Ints:
    """Return (N,): the corner that comes after each, with the pixels to the right hand."""
    # on a line, the two corners of an edge follow each other; of two at one point, that which ends an edge is first
    sideways = _pairs(np.lexsort((corners.right, corners.col, corners.row, corners.part)))
    upright = _pairs(np.lexsort((corners.down, corners.row, corners.col, corners.part)))
    return np.where(corners.leaves_sideways, sideways, upright)


def _pairs(order: Ints) -> Ints:
    """Return (N,): the other corner of the edge, where the first and second in order are an edge, and so on."""
    other = np.empty_like(order)
    other[order[0::2]], other[order[1::2]] = order[1::2], order[0::2]
    return other


def _simple_rings(ring: Ring) -> Iterator[Ring]:
    """Cut a ring wherever it comes to a point for the second time."""
    if len(set(ring)) == len(ring):
        yield ring
        return
    path: Ring = []
    for point in ring:
        if point in path:
            start = path.index(point)
            yield path[start:]
            del path[start:]
        path.append(point)
    yield path
