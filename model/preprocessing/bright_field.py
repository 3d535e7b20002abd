"""Bright fields of stained tissue: light in all colours, which fluorescence never is, and coloured in places."""

import numpy as np

from model.arrays import AnyArray, FloatImage, Floats

LIGHT, COLOURED = 0.25, 0.1
"""Bright fields are light in all colours (their median, of white), and stained (differing by so much of it)."""

STAINED_SHARE, CORE_SHARE = 0.05, 0.01
"""So few of the pixels may be stained: of a field of tissue, and of a slide with a core of tissue on it."""

SAMPLES = 1 << 16
"""Colours are told from about as many pixels."""


def some_of(pixels: AnyArray) -> Floats:
    """Return about `SAMPLES` of some pixels (n, 3), evenly spaced."""
    return pixels[:: 1 + len(pixels) // SAMPLES].astype(np.float64)


def is_stained_bright_field(pixels: AnyArray, white: float, share: float = STAINED_SHARE) -> bool:
    """Whether pixels (n, 3), of which some are looked at, are light in all colours, and a share of them stained."""
    field = some_of(pixels)
    darkest = field.min(axis=-1)
    coloured = np.quantile(field.max(axis=-1) - darkest, 1 - share)
    return bool(np.median(darkest) >= LIGHT * white and coloured >= COLOURED * white)


def shows_stained_tissue(image: FloatImage) -> bool:
    """Whether what isn't dark in a normalised image (H, W, C) is a bright field of stained tissue."""
    if image.shape[-1] != 3:
        return False
    recorded = image[image.max(axis=-1) >= LIGHT]
    return bool(recorded.size) and is_stained_bright_field(recorded, 1.0, CORE_SHARE)
