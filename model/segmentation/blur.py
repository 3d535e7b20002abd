"""Gaussian blur of an image where somebody looks at it: nuclei are a small part of most images.

The image is cut into tiles; only those that are asked for are blurred, each by two small matrix products. Values are
those of `scipy.ndimage.gaussian_filter`, but for float32's rounding.
"""

from functools import cache

import numpy as np
from numpy.lib.stride_tricks import sliding_window_view
from numpy.typing import NDArray

Image = NDArray[np.float32]

TILE = 32
"""Side of a tile. Smaller ones see more of the same pixels, larger ones more that nobody asked for."""

TRUNCATE = 4.0
"""Standard deviations from a pixel beyond which nothing adds to it."""


def blur(image: Image, where: NDArray[np.bool_], sigma: float) -> Image:
    """Blur an image (H, W), mirrored at its edges; what isn't asked for by `where` (H, W) may stay 0."""
    band = _band(sigma)
    reach = band.shape[1]
    height, width = image.shape
    asked = _tiles_with(where)
    seen = sliding_window_view(_mirrored(image, reach - TILE), (reach, reach))[::TILE, ::TILE][asked]
    blurred = np.zeros((asked.shape[0], TILE, asked.shape[1], TILE), np.float32)
    blurred.swapaxes(1, 2)[asked] = band @ seen @ band.T
    return blurred.reshape(asked.shape[0] * TILE, -1)[:height, :width]


@cache
def _band(sigma: float) -> Image:
    """Return the matrix (TILE, TILE + 2 · radius) that blurs a line: each row weighs what a pixel sees."""
    radius = int(TRUNCATE * sigma + 0.5)
    away = np.arange(TILE + 2 * radius) - radius - np.arange(TILE)[:, None]
    weights = np.where(abs(away) <= radius, np.exp(-0.5 * (away / sigma) ** 2), 0)
    return (weights / weights.sum(axis=1, keepdims=True)).astype(np.float32)


def _mirrored(image: Image, margins: int) -> Image:
    """Add what all tiles see, the last ones filled up."""
    margin = margins // 2
    return np.pad(image, [(margin, margin + -side % TILE) for side in image.shape], mode="symmetric")


def _tiles_with(where: NDArray[np.bool_]) -> NDArray[np.bool_]:
    """Return which tiles hold a pixel that is asked for."""
    height, width = where.shape
    bands = np.maximum.reduceat(where, np.arange(0, height, TILE), axis=0)
    return np.maximum.reduceat(bands, np.arange(0, width, TILE), axis=1)
