"""How large the nuclei are that a network knows, and at which zoom it is shown others; belongs to its weights."""

import math
from dataclasses import dataclass
from fractions import Fraction

LADDER = tuple(
    Fraction(*zoom)
    for zoom in ((1, 16), (1, 12), (1, 8), (1, 6), (1, 4), (1, 3), (1, 2), (2, 3), (1, 1), (3, 2), (2, 1))
)
"""All zooms at which images are seen: few, so that images of the same kind are seen alike."""

ENLARGED = 4 / 3
"""Smaller nuclei are enlarged to about this many times the smallest known diameter: farther costs more and shows none
better."""


@dataclass(frozen=True)
class KnownDiameters:
    """Nuclear diameters that a network knows, in the pixels that it is shown.

    Attributes:
        smallest: nuclei below are enlarged, to a little more than this.
        largest: nuclei above are shrunk.
        best: to about this diameter.
    """

    smallest: float
    largest: float
    best: float

    def zoom(self, diameter: float) -> Fraction:
        """Return at which zoom to show nuclei of a diameter.

        Args:
            diameter: area-weighted median, in pixels of the image; 0 if there are no nuclei.
        """
        if diameter <= 0 or self.smallest <= diameter <= self.largest:
            return Fraction(1)
        small = diameter < self.smallest
        wanted = ENLARGED * self.smallest if small else self.best
        possible = [zoom for zoom in LADDER if zoom != 1 and (zoom > 1) == small]
        return min(possible, key=lambda zoom: abs(math.log(diameter * float(zoom) / wanted)))


def limit_zoom(zoom: Fraction, size: tuple[int, int], max_pixels: int) -> Fraction:
    """Return a zoom, or the next lower one at which an image (H, W) has no more pixels than that; 1 always counts."""
    fitting = [
        step for step in LADDER if step <= zoom and (step <= 1 or size[0] * size[1] * step**2 <= max_pixels)
    ]
    return max(fitting)
