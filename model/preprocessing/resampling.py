"""Images and maps at another size: what lies between the pixels of a file and the pixels that the network sees.

Shrunk, a pixel is the mean of the area that it covers; enlarged, it is interpolated linearly. Both hold places: the
point (row, column) of an image lies at (row + 1/2) · zoom - 1/2 of the zoomed one, so that what comes back lies where
it was.
"""

from fractions import Fraction
from functools import lru_cache

import numpy as np
from numpy.typing import NDArray
from scipy import sparse

Array = NDArray[np.float32]


def zoomed_side(side: int, zoom: Fraction) -> int:
    """Return how many pixels a side has at a zoom; a last one that is covered in part counts."""
    return -int(-side * zoom // 1)


def resample(image: Array, zoom: Fraction) -> Array:
    """Return an image at another size: (H, W, C) → (⌈H · zoom⌉, ⌈W · zoom⌉, C) float32."""
    if zoom == 1:
        return image
    height, width = image.shape[:2]
    return _apply(_weights(height, zoom), _weights(width, zoom), image)


def resample_labels(labels: NDArray[np.int32], zoom: Fraction) -> NDArray[np.int32]:
    """Return a label image at another size, as `resample` places it: each pixel has the label of its centre."""
    rows, columns = (_centres(side, zoom) for side in labels.shape)
    return labels[rows[:, None], columns]


def bring_back(maps: Array, shape: tuple[int, int], zoom: Fraction) -> Array:
    """Return what the network saw of a zoomed image in the image's own pixels: (h, w, C) → (*shape, C) float32."""
    if zoom == 1:
        return maps
    rows, columns = (_way_back(side, zoom) for side in shape)
    return _apply(rows, columns, maps)


def _apply(rows: sparse.csr_array, columns: sparse.csr_array, image: Array) -> Array:
    height, width, channels = image.shape
    half = (rows @ image.reshape(height, width * channels)).reshape(-1, width, channels)
    turned = np.ascontiguousarray(half.transpose(1, 0, 2))
    done = (columns @ turned.reshape(width, -1)).reshape(-1, half.shape[0], channels)
    return np.ascontiguousarray(done.transpose(1, 0, 2))


@lru_cache(64)
def _weights(side: int, zoom: Fraction) -> sparse.csr_array:
    """What each zoomed pixel takes of each pixel along one side: (⌈side · zoom⌉, side)."""
    if zoom > 1:
        return _interpolation(zoomed_side(side, zoom), side, zoom)
    return _areas(side, zoom)


def _areas(side: int, zoom: Fraction) -> sparse.csr_array:
    """Shares of the pixels that a larger pixel covers."""
    count, length = zoomed_side(side, zoom), float(1 / zoom)
    first = np.arange(count) * length
    last = np.minimum(first + length, side)
    reach = int(np.ceil(length)) + 1
    covered = np.floor(first + 1e-9).astype(np.intp)[:, None] + np.arange(reach)
    shares = np.minimum(covered + 1, last[:, None]) - np.maximum(covered, first[:, None])
    shares = np.where(covered < side, np.maximum(shares, 0), 0)
    return _matrix(np.minimum(covered, side - 1), shares / (last - first)[:, None], side)


def _interpolation(count: int, side: int, zoom: Fraction) -> sparse.csr_array:
    """Shares of the two pixels beside each of `count` places that are `zoom` times as close."""
    places = np.clip((np.arange(count) + 0.5) / float(zoom) - 0.5, 0, side - 1)
    before = np.floor(places).astype(np.intp)
    share = places - before
    pixels = np.stack((before, np.minimum(before + 1, side - 1)), axis=1)
    return _matrix(pixels, np.stack((1 - share, share), axis=1), side)


@lru_cache(64)
def _way_back(side: int, zoom: Fraction) -> sparse.csr_array:
    """What each pixel of an image takes of each pixel that the network saw, along one side."""
    seen = zoomed_side(side, zoom)
    return _areas(seen, 1 / zoom)[:side] if zoom > 1 else _interpolation(side, seen, 1 / zoom)


def _matrix(pixels: NDArray[np.intp], shares: NDArray[np.float64], side: int) -> sparse.csr_array:
    places = np.repeat(np.arange(len(pixels)), pixels.shape[1])
    entries = (shares.astype(np.float32).ravel(), (places, pixels.ravel()))
    matrix = sparse.csr_array(entries, shape=(len(pixels), side))
    matrix.eliminate_zeros()
    return matrix


def _centres(side: int, zoom: Fraction) -> NDArray[np.intp]:
    places = (np.arange(zoomed_side(side, zoom)) + 0.5) / float(zoom)
    return np.minimum(np.floor(places).astype(np.intp), side - 1)
