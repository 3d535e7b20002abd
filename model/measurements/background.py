"""Background of an image: its median and unevenness in each channel, from evenly spaced pixels away from all nuclei."""

from math import ceil, sqrt

import numpy as np

from model.arrays import Bools, Floats, PixelArray, Region

MAX_SAMPLES = 1 << 20
"""The median of larger images is taken from about this many evenly spaced pixels, background or not .."""

MAX_FITTED = 1 << 11
""".. and the surface that shows how even it is from this many."""

MIN_FITTED = 100
"""Pixels of background that a surface can be fitted to."""


class Background:
    """Background pixels of an image, collected cell by cell.

    Args:
        size: (H, W) of the image.
    """

    def __init__(self, size: tuple[int, int], channels: int) -> None:
        self._size = size
        self._step = _step(size, MAX_SAMPLES)
        self._fit_step = self._step * ceil(_step(size, MAX_FITTED) / self._step)
        self._values = [np.empty((channels, 0))]
        self._fitted = [np.empty((channels, 0))]
        self._places = [np.empty((2, 0))]

    def add(self, pixels: PixelArray, background: Bools, region: Region) -> None:
        """Add a region of the image: its pixels (h, w, C), and which of them are background (h, w)."""
        values, _ = _sample(pixels, background, region, self._step)
        self._values.append(values)
        values, places = _sample(pixels, background, region, self._fit_step)
        self._fitted.append(values)
        self._places.append(places)

    def medians(self) -> Floats:
        """Return the median of each channel, (C,); NaN without background."""
        values = np.concatenate(self._values, axis=1)
        return np.array([_median(channel[np.isfinite(channel)]) for channel in values])

    def gradients(self, medians: Floats) -> Floats:
        """Return how uneven each channel is, (C,): the range of a quadratic surface fitted to it, over its median (C,).

        NaN with few pixels of background, or where the median is not above 0.
        """
        values, places = np.concatenate(self._fitted, axis=1), np.concatenate(self._places, axis=1)
        surface = _quadratic_terms(2 * places / max(self._size) - 1)
        ranges = np.array([_range_of_fit(surface, channel) for channel in values])
        return np.divide(ranges, medians, out=np.full(len(values), np.nan), where=medians > 0)


def _step(size: tuple[int, int], samples: int) -> int:
    return max(1, ceil(sqrt(size[0] * size[1] / samples)))


def _sample(pixels: PixelArray, background: Bools, region: Region, step: int) -> tuple[Floats, Floats]:
    """Return values (C, P) and places (2, P) of a region's background pixels in each `step`-th row and column."""
    row, column = (-part.start % step for part in region)
    some, seen = background[row::step, column::step], pixels[row::step, column::step]
    flat = np.flatnonzero(some)
    values = seen.reshape(-1, pixels.shape[2]).take(flat, axis=0).T.astype(np.float64)
    rows, columns = np.divmod(flat, max(1, some.shape[1]))
    places = region[0].start + row + rows * step, region[1].start + column + columns * step
    return values, np.stack(places).astype(np.float64)


def _median(values: Floats) -> float:
    return float(np.median(values)) if values.size else np.nan


def _quadratic_terms(places: Floats) -> Floats:
    """Return (6, P): what a quadratic surface is a sum of, at places (2, P)."""
    row, column = places
    return np.stack([np.ones_like(row), row, column, row**2, row * column, column**2])


def _range_of_fit(terms: Floats, values: Floats) -> float:
    """Return the range of the surface that fits values (P,) best, where they are; its terms are (6, P)."""
    use = np.isfinite(values)
    if np.count_nonzero(use) < MIN_FITTED:
        return np.nan
    terms, values = terms[:, use], values[use]
    # normal equations by einsum: BLAS would start threads, which takes longer
    squares, products = np.einsum("ip,jp->ij", terms, terms), np.einsum("ip,p->i", terms, values)
    fitted = np.einsum("i,ip->p", np.linalg.lstsq(squares, products)[0], terms)
    return float(np.ptp(fitted))
