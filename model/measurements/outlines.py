"""Outline of each nucleus: two perimeters and the Euler number.

All three are sums over small windows of pixels, and only windows on an outline count. Each nucleus is seen alone:
pixels of its neighbours are background to it, and so is what lies outside of the image.
"""

from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from model.arrays import AnyLabels, Bools, Floats, Ints
from model.measurements.runs import nucleus_indices

# the eight neighbours, clockwise from the upper left; odd ones share an edge with the pixel
_STEPS = ((-1, -1), (-1, 0), (-1, 1), (0, 1), (1, 1), (1, 0), (1, -1), (0, -1))
# each 2 × 2 window around a pixel: the neighbours beside it (sharing an edge, corner, edge)
_WINDOWS = ((7, 0, 1), (1, 2, 3), (3, 4, 5), (5, 6, 7))
# what each of the 256 codes of neighbours stands for
_BITS = (np.arange(256)[:, None] >> np.arange(8)) & 1


class OutlineSums(NamedTuple):
    """Per nucleus, (N,): `perimeter` and `perimeter_crofton` in px, and the Euler number."""

    perimeter: Floats
    crofton: Floats
    euler: Ints


def find_outline(labels: AnyLabels) -> Bools:
    """Mark the pixels of nuclei that share an edge with a pixel of another label (0 included).

    The border of the image is no edge. This is scikit-image's `find_boundaries(labels, mode="inner")`.
    """
    outline = np.zeros(labels.shape, np.bool_)
    differs = labels[:, 1:] != labels[:, :-1]
    outline[:, 1:] = differs
    outline[:, :-1] |= differs
    differs = labels[1:] != labels[:-1]
    outline[1:] |= differs
    outline[:-1] |= differs
    outline &= labels != 0
    return outline


def measure_outlines(labels: AnyLabels, present: Ints) -> OutlineSums:
    """Measure the outlines of a label image (H, W) in which the labels `present` (N,) occur.

    `perimeter` is Benkrid and Crookes' estimate (scikit-image's `perimeter`, neighbourhood 4); `crofton` is
    Crofton's formula in four directions; the Euler number takes pixels that share a corner as connected. The
    latter two come from counts of 2 × 2 windows by the number and place of their pixels (Gray, *Local properties
    of binary images in two dimensions*, 1971).
    """
    if not len(present):
        return OutlineSums(np.empty(0), np.empty(0), np.empty(0, np.int64))
    padded = np.zeros((labels.shape[0] + 2, labels.shape[1] + 2), labels.dtype)
    padded[1:-1, 1:-1] = labels
    outline = find_outline(padded).reshape(-1)
    padded, stride = padded.reshape(-1), padded.shape[1]
    where = np.flatnonzero(outline)
    label = padded[where]
    around = where[:, None] + np.array([row * stride + col for row, col in _STEPS])
    same = padded[around] == label[:, None]
    nucleus = nucleus_indices(label, present)
    pattern = _coded(same)

    def per_nucleus(weights: Floats) -> Floats:
        return np.bincount(nucleus, weights, len(present)).astype(np.float64)

    steps = _PERIMETER[_coded(same & outline[around])]
    euler = np.rint(per_nucleus(_EULER[pattern])).astype(np.int64)
    return OutlineSums(per_nucleus(steps), per_nucleus(_CROFTON[pattern]), euler)


def _coded(neighbours: Bools) -> NDArray[np.uint8]:
    """Return (P,): a bit for each of (P, 8) neighbours."""
    return np.packbits(neighbours.reshape(-1), bitorder="little")


def _perimeter_table() -> Floats:
    """Length of outline per pixel, by the 8 bits of the neighbours that are on the outline, too.

    Benkrid and Crookes (*Design and FPGA implementation of …*) add 2 for each that shares an edge, 10 for each that
    shares a corner, and 1.
    """
    lengths = np.zeros(50)
    lengths[[5, 7, 15, 17, 25, 27]] = 1
    lengths[[21, 33]] = np.sqrt(2)
    lengths[[13, 23]] = (1 + np.sqrt(2)) / 2
    return lengths[1 + _BITS @ np.array([10, 2] * 4)]


def _window_tables() -> tuple[Floats, Floats]:
    """Return Crofton's length and the Euler number per outline pixel, by the 8 bits of its neighbours.

    A window that holds one pixel of the nucleus gives it all to that pixel; with two or three, the two that have a
    pixel of another label beside them, within the window, share.
    """
    bits = _BITS == 1
    crofton, euler = np.zeros(256), np.zeros(256)
    for before, corner, after in _WINDOWS:
        beside, opposite = bits[:, before].astype(int) + bits[:, after], bits[:, corner]
        one, diagonal = (beside == 0) & ~opposite, (beside == 0) & opposite
        two, three = (beside == 1) & ~opposite, (beside == 1) & opposite
        straight = (
            one + (two + three + 2 * diagonal) / 2
        )  # lines along rows and columns that cross the outline
        oblique = one + (2 * two + three) / 2  # lines along diagonals that do
        crofton += np.pi / 8 * (straight + oblique / np.sqrt(2))
        euler += (one - three / 2 - diagonal) / 4
    return crofton, euler


_PERIMETER = _perimeter_table()
_CROFTON, _EULER = _window_tables()
