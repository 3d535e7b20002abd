"""Histogram of an image's own values: percentiles and thresholds without sorting pixels."""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from skimage.filters import threshold_otsu

from model.arrays import Ints, PixelArray

BINS = 256
"""Of equal width, that a threshold is chosen from."""


@dataclass(frozen=True)
class Histogram:
    """Histogram with a bin for each value that occurs; where hardly any are equal, one for each pixel.

    Attributes:
        values: (L,) float32, ascending.
        cumulative_counts: (L,) pixels up to and including each value.
    """

    values: NDArray[np.float32]
    cumulative_counts: Ints

    @property
    def pixels(self) -> int:
        """How many pixels there are."""
        return int(self.cumulative_counts[-1])

    @property
    def variance(self) -> float:
        """Variance of the pixels."""
        return float(np.average((self.values - self.mean) ** 2, weights=self._counts))

    @property
    def mean(self) -> float:
        """Mean of the pixels."""
        return float(np.average(self.values.astype(np.float64), weights=self._counts))

    @property
    def _counts(self) -> Ints:
        return np.diff(self.cumulative_counts, prepend=0)

    def percentile(self, percent: float) -> float:
        """Return the value below which this many pixels of a hundred lie, interpolated as `numpy.percentile` does."""
        rank = (self.pixels - 1) * (percent / 100)
        below = int(rank)
        ranks = below, min(below + 1, self.pixels - 1)
        low, high = self.values[np.searchsorted(self.cumulative_counts, ranks, side="right")].tolist()
        return low + (high - low) * (rank - below)

    def split(self, threshold: float) -> tuple["Histogram", "Histogram"]:
        """Return the pixels at or below a threshold, and those above."""
        cut = int(np.searchsorted(self.values, threshold, side="right"))
        below = Histogram(self.values[:cut], self.cumulative_counts[:cut])
        return below, Histogram(
            self.values[cut:], self.cumulative_counts[cut:] - (below.pixels if cut else 0)
        )

    def otsu_threshold(self) -> float:
        """Return Otsu's threshold, as `skimage.filters.threshold_otsu` finds it in float32 pixels (Otsu 1979)."""
        first, last = self.values[0], self.values[-1]
        if first == last:
            return float(first)
        edges = np.linspace(first, last, BINS + 1, dtype=np.float32)
        before = np.append(self.cumulative_counts, 0)[
            np.searchsorted(self.values, edges[:-1]) - 1
        ]  # none: the 0 at the end
        counts = np.diff(before, append=self.pixels)
        return float(threshold_otsu(hist=(counts, (edges[:-1] + edges[1:]) / 2)))


def compute_histogram(pixels: PixelArray) -> Histogram:
    """Return the histogram of finite pixels of any numeric dtype and shape, at least one."""
    if pixels.dtype in (np.uint8, np.uint16):
        counts = np.bincount(pixels.reshape(-1))
        values = np.flatnonzero(counts)
        return Histogram(values.astype(np.float32), np.cumsum(counts[values]))
    ordered = np.sort(pixels.astype(np.float32, copy=False), axis=None)
    return Histogram(ordered, np.arange(1, ordered.size + 1))
