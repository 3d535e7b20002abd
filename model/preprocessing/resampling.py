"""Images and maps at another size: what lies between the pixels of a file and the pixels that the network sees.

Shrunk, a pixel is the mean of the area that it covers; enlarged, it is interpolated linearly. Both hold places: the
point (row, column) of an image lies at (row + 1/2) · zoom - 1/2 of the zoomed one, so that what comes back lies where
it was.
"""

from dataclasses import dataclass
from fractions import Fraction
from functools import lru_cache

import numpy as np
from numpy.typing import NDArray
from scipy import sparse

from model.arrays import FloatImage, Region

Sides = tuple["ZoomedSide", "ZoomedSide"]
"""Rows and columns of a whole image."""


def zoomed_side(side: int, zoom: Fraction) -> int:
    """Return how many pixels a side has at a zoom; a last one that is covered in part counts."""
    return -int(-side * zoom // 1)


def resample(image: FloatImage, zoom: Fraction) -> FloatImage:
    """Return an image at another size: (H, W, C) → (⌈H · zoom⌉, ⌈W · zoom⌉, C) float32."""
    if zoom == 1:
        return image
    height, width = image.shape[:2]
    return _apply(_weights(height, zoom), _weights(width, zoom), image)


def resample_labels(labels: NDArray[np.int32], zoom: Fraction) -> NDArray[np.int32]:
    """Resample labels (H, W) → (h, w), placed as `resample` does: each pixel has the label of its centre."""
    rows, columns = (_centres(side, zoom) for side in labels.shape)
    return labels[rows[:, None], columns]


def bring_back(maps: FloatImage, shape: tuple[int, int], zoom: Fraction) -> FloatImage:
    """Return what the network saw of a zoomed image in the image's own pixels: (h, w, C) → (*shape, C) float32."""
    if zoom == 1:
        return maps
    rows, columns = (_way_back(side, zoom) for side in shape)
    return _apply(rows, columns, maps)


@dataclass(frozen=True)
class ZoomedSide:
    """One side of an image, in its own pixels and in those that the network sees, so that it may be worked on in parts.

    What a part gives is bit by bit what the whole does: each pixel takes the same shares of the same others.

    Attributes:
        length: in pixels of the image.
        zoom: how large the network sees it.
    """

    length: int
    zoom: Fraction

    @property
    def zoomed_length(self) -> int:
        """Length in pixels that the network sees."""
        return zoomed_side(self.length, self.zoom)

    def sources(self, zoomed: slice) -> slice:
        """Return the image's pixels that some of those that the network sees are made of."""
        return _columns_of(_weights(self.length, self.zoom)[zoomed])

    def restored(self, zoomed_before: int) -> int:
        """Return how many of the image's first pixels come back from so many of the first that the network sees."""
        return int(np.searchsorted(self._needed[1], zoomed_before))

    def restored_from(self, zoomed_start: int) -> int:
        """Return the first of the image's pixels that comes back from what the network sees from here on."""
        return int(np.searchsorted(self._needed[0], zoomed_start))

    def touched(self, zoomed: slice) -> slice:
        """Return the image's pixels that take any share of what the network sees there."""
        return slice(self.restored(zoomed.start), self.restored_from(zoomed.stop))

    def showing(self, zoomed: slice, sources: slice) -> sparse.csr_array:
        """Return what pixels that the network sees take of pixels of the image."""
        return _weights(self.length, self.zoom)[zoomed, sources]

    def restoring(self, pixels: slice, zoomed: slice) -> sparse.csr_array:
        """Return what pixels of the image take of pixels that the network saw."""
        return _way_back(self.length, self.zoom)[pixels, zoomed]

    @property
    def _needed(self) -> tuple[NDArray[np.intp], NDArray[np.intp]]:
        return _needed(self.length, self.zoom)


def resample_part(part: FloatImage, sides: Sides, sources: Region, zoomed: Region) -> FloatImage:
    """Return what the network sees of a part of an image, as `resample` would.

    Args:
        part: the image's pixels at `sources`, (h, w, C).
        sides: of the whole image.
        sources: rows and columns of the image, all that `zoomed` is made of.
        zoomed: rows and columns of the zoomed image.
    """
    if sides[0].zoom == 1:
        return part[relative_to(zoomed, sources)]
    rows, columns = (side.showing(*spans) for side, *spans in zip(sides, zoomed, sources, strict=True))
    return _apply(rows, columns, part)


def bring_back_part(maps: FloatImage, sides: Sides, zoomed: Region, pixels: Region) -> FloatImage:
    """Return what the network saw of a part of a zoomed image in the image's own pixels, as `bring_back` would.

    Args:
        maps: what it saw at `zoomed`, (h, w, maps).
        sides: of the whole image.
        zoomed: rows and columns of the zoomed image, all that `pixels` come back from.
        pixels: rows and columns of the image.
    """
    if sides[0].zoom == 1:
        return maps[relative_to(pixels, zoomed)]
    rows, columns = (side.restoring(*spans) for side, *spans in zip(sides, pixels, zoomed, strict=True))
    return _apply(rows, columns, maps)


def relative_to(region: Region, outer: Region) -> Region:
    """Return where a region lies in one around it."""
    rows, columns = (
        slice(side.start - around.start, side.stop - around.start)
        for side, around in zip(region, outer, strict=True)
    )
    return rows, columns


def _apply(rows: sparse.csr_array, columns: sparse.csr_array, image: FloatImage) -> FloatImage:
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
    zoomed = zoomed_side(side, zoom)
    return _areas(zoomed, 1 / zoom)[:side] if zoom > 1 else _interpolation(side, zoomed, 1 / zoom)


@lru_cache(64)
def _needed(side: int, zoom: Fraction) -> tuple[NDArray[np.intp], NDArray[np.intp]]:
    """First and last pixel that the network sees of which each pixel of an image takes a share, along one side."""
    matrix = _way_back(side, zoom)
    return _extremes(matrix, np.minimum), _extremes(matrix, np.maximum)


def _columns_of(matrix: sparse.csr_array) -> slice:
    return slice(int(matrix.indices.min()), int(matrix.indices.max()) + 1)


def _extremes(matrix: sparse.csr_array, extreme: np.ufunc) -> NDArray[np.intp]:
    """Return the least or the greatest column in each row; none is empty."""
    extremes: NDArray[np.intp] = extreme.reduceat(matrix.indices, matrix.indptr[:-1])
    return extremes


def _matrix(pixels: NDArray[np.intp], shares: NDArray[np.float64], side: int) -> sparse.csr_array:
    places = np.repeat(np.arange(len(pixels)), pixels.shape[1])
    entries = (shares.astype(np.float32).ravel(), (places, pixels.ravel()))
    matrix = sparse.csr_array(entries, shape=(len(pixels), side))
    matrix.eliminate_zeros()
    return matrix


def _centres(side: int, zoom: Fraction) -> NDArray[np.intp]:
    places = (np.arange(zoomed_side(side, zoom)) + 0.5) / float(zoom)
    return np.minimum(np.floor(places).astype(np.intp), side - 1)
