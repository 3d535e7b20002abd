"""The black surround of a bright-field image: corners of a turned slide, the rim of an eyepiece, what a mosaic lacks.

Nothing was recorded there. Left black, it makes of a bright field of tissue one large nucleus on a dark ground.
"""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from scipy import ndimage

from model.arrays import AnyArray, PixelArray
from model.preprocessing.bright_field import is_stained_bright_field, some_of

BLACK = 0.05
"""A pixel none of whose colours exceeds this share of white is black."""

WHITE_PERCENTILE = 99
"""The percentile of a pixel's brightest colour that is white."""

LEAST_SHARE = 0.002
"""A smaller share of black pixels is dirt, or pigment."""

MAX_TRANSITION = 0.1
"""In bright fields next to nothing is nearly black: at most so many pixels, of those that are black."""

LEAST_PART = 0.05
"""Share of the image that a recorded part has at least; nuclei on a black ground are smaller."""


@dataclass(frozen=True)
class Surround:
    """The black surround of a bright field.

    Attributes:
        darkest: pixels none of whose colours exceeds this belong to it.
        ground: (3,) what they are filled with: the field's median colour.
    """

    darkest: float
    ground: NDArray[np.float64]

    def fill(self, pixels: PixelArray) -> PixelArray:
        """Fill the surround in (..., 3) pixels with the field's ground."""
        filled = pixels.copy()
        filled[_brightest(pixels) <= self.darkest] = self.ground.astype(pixels.dtype)
        return filled


def find_surround(sample: PixelArray) -> Surround | None:
    """Find the black surround of a stained bright field; None in gray images, and where there is none.

    Args:
        sample: of the pixels of an image (h, w, C), evenly spaced.
    """
    if sample.shape[-1] != 3 or sample.dtype.kind not in "uf":
        return None
    brightest = _brightest(sample)
    if brightest.min() > BLACK * float(brightest.max()):  # as in most bright fields; the rest takes longer
        return None
    white = float(np.percentile(brightest, WHITE_PERCENTILE))
    black = brightest <= BLACK * white
    transition = int((brightest <= 2 * BLACK * white).sum() - black.sum())
    if black.mean() < LEAST_SHARE or black.all() or transition > MAX_TRANSITION * black.sum():
        return None
    field = sample[~black]
    if not is_stained_bright_field(field, white) or not _is_in_large_parts(~black):
        return None
    return Surround(BLACK * white, np.median(some_of(field), axis=0))


def _brightest(pixels: AnyArray) -> AnyArray:
    """The largest of each pixel's three colours: (..., 3) → (...)."""
    return np.maximum(np.maximum(pixels[..., 0], pixels[..., 1]), pixels[..., 2])


def _is_in_large_parts(recorded: AnyArray) -> bool:
    """Whether next to all recorded pixels lie in parts that are larger than nuclei."""
    parts, _ = ndimage.label(recorded)
    sizes = np.bincount(parts.ravel())[1:]
    return bool(sizes[sizes >= LEAST_PART * recorded.size].sum() >= 0.95 * sizes.sum())
