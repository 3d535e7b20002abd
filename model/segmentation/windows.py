"""Windows of an image that tell the size of its nuclei: few, spread over it, and where it shows something."""

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from fractions import Fraction
from itertools import pairwise, product

import numpy as np

from model.arrays import FloatImage, Region
from model.preprocessing.normalisation import sample_step

WINDOW = 240
"""Side of a window, in pixels that the network sees."""

WINDOWS = 4
"""How many of them along each side: 0.92 Mpixel in all."""


@dataclass(frozen=True)
class SampledImage:
    """An image that is normalised already, as the size of its nuclei is looked for: it need not be in memory.

    Attributes:
        size: (H, W).
        sample: every `step`-th of its pixels in both directions: (h, w, C).
        step: see `sample`.
        read: returns its pixels in some rows and columns: (h, w, C).
    """

    size: tuple[int, int]
    sample: FloatImage
    step: int
    read: Callable[[Region], FloatImage]


def sample_image(image: FloatImage) -> SampledImage:
    """Return the same of an image in memory: (H, W, C)."""
    height, width = image.shape[:2]
    step = sample_step(height, width)
    return SampledImage((height, width), image[::step, ::step], step, image.__getitem__)


def find_windows(image: SampledImage, zoom: Fraction) -> Iterator[Region]:
    """Return what of an image is shown at a zoom to tell the size of its nuclei: all of it if that is no more.

    A large image is divided into `WINDOWS` × `WINDOWS` sectors. Of each that window is taken whose pixels differ most.
    """
    height, width = image.size
    side = int(WINDOW / zoom)
    if height * width <= (WINDOWS * side) ** 2:
        yield slice(0, height), slice(0, width)
        return
    for rows, columns in product(_sectors(height, side), _sectors(width, side)):
        yield max(
            product(_windows(rows, side), _windows(columns, side)), key=lambda window: _signal(image, window)
        )


def _sectors(length: int, side: int) -> list[slice]:
    count = min(WINDOWS, -(-length // side))
    edges = [round(number * length / count) for number in range(count + 1)]
    return [slice(*edge) for edge in pairwise(edges)]


def _windows(sector: slice, side: int) -> list[slice]:
    """Return windows beside each other in a sector; the last one ends where it does."""
    last = max(sector.start, sector.stop - side)
    return [
        slice(start, min(start + side, sector.stop)) for start in (*range(sector.start, last, side), last)
    ]


def _signal(image: SampledImage, window: Region) -> float:
    rows, columns = (slice(side.start // image.step, -(-side.stop // image.step)) for side in window)
    return float(np.std(image.sample[rows, columns]))
