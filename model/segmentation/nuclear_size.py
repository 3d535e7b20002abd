"""How large the nuclei of an image are, and at which zoom the network sees them as large as it knows them.

A first look at low zoom tells whether there are nuclei too large for the network: shrunk, they are whole, where at
their own size it would see pieces. Only where there are none does an image's own size tell how small its nuclei are.
"""

from collections.abc import Callable, Iterable, Iterator
from fractions import Fraction

import numpy as np
from numpy.typing import NDArray

from model.arrays import Labels

FIRST_LOOK = Fraction(1, 3)
"""Zoom of the first look: nuclei of 30 to 150 pixels are recognised there, at a ninth of the price of the whole."""

FARTHER = Fraction(1, 4)
"""How much smaller the next look is, where nuclei are too large even so."""

FARTHEST = Fraction(1, 16)

WINDOW = 256
"""Side of the windows of a large image that are looked at, in pixels that the network sees."""

WINDOWS = 4
"""How many of them along each side: 0.26 Mpixel in all."""

SHRINKS = 0.5
"""What a second look must find of the diameter that the first one found, or else that was a cluster of small nuclei."""

Look = Callable[[Fraction], Iterable[Labels]]
"""Shows an image at a zoom to a network, whole or in windows: label images, in pixels that the network sees."""


def area_weighted_diameter(labels: Labels) -> float:
    """Return the median diameter of nuclei, each weighted by its area, in pixels; 0 without nuclei.

    Half of all nuclear pixels are of nuclei that are at least as large: specks do not count, however many.
    """
    return weighted_median_diameter(np.bincount(labels.reshape(-1))[1:])


def weighted_median_diameter(areas: NDArray[np.integer]) -> float:
    """Return the same of nuclei of these areas, in pixels, in any order."""
    sorted_areas = np.sort(areas[areas > 0])
    if not sorted_areas.size:
        return 0.0
    middle = np.searchsorted(np.cumsum(sorted_areas), sorted_areas.sum() / 2)
    return float(2 * np.sqrt(sorted_areas[middle] / np.pi))


def estimate_diameter(look: Look, largest: float) -> float:
    """Return the area-weighted median diameter of large nuclei from a few looks at low zoom.

    Args:
        look: shows the image at a zoom.
        largest: nuclei above this diameter, in pixels that it sees, are too large for the network.

    Returns:
        Diameter in pixels of the image; 0 if nothing is found. What is below about 10 / `FIRST_LOOK` pixels may be
        missed or merged.
    """
    zoom = FIRST_LOOK
    while True:
        diameter = _diameter_at(look, zoom)
        if diameter * zoom <= largest or zoom * FARTHER < FARTHEST:
            return diameter
        zoom *= FARTHER


def find_windows(height: int, width: int, zoom: Fraction) -> Iterator[tuple[slice, slice]]:
    """Return what of an image is looked at to tell the size of its nuclei: all of it, or windows spread evenly."""
    side = int(WINDOW / zoom)
    if height * width <= (WINDOWS * side) ** 2:
        yield slice(0, height), slice(0, width)
        return
    for row in _starts(height, side):
        for column in _starts(width, side):
            yield slice(row, row + side), slice(column, column + side)


def _starts(length: int, side: int) -> list[int]:
    count = min(WINDOWS, -(-length // side))
    gap = max(0, length - side) / max(1, count - 1)
    return [round(number * gap) for number in range(count)]


def _diameter_at(look: Look, zoom: Fraction) -> float:
    areas = [np.bincount(labels.reshape(-1))[1:] for labels in look(zoom)]
    return weighted_median_diameter(np.concatenate(areas)) / float(zoom)
