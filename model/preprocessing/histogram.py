"""How often each value occurs in an image: what percentiles and thresholds are found from, without sorting pixels."""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from skimage.filters import threshold_otsu

BINS = 256
"""Of the histogram that a threshold is chosen from."""


@dataclass(frozen=True)
class Levels:
    """The values of an image, ascending: each once, or, where hardly any are equal, as often as it occurs.

    Attributes:
        values: (L,) float32.
        until: (L,) pixels up to and including each.
    """

    values: NDArray[np.float32]
    until: NDArray[np.int64]

    @property
    def pixels(self) -> int:
        """How many pixels there are."""
        return int(self.until[-1])

    @property
    def variance(self) -> float:
        """Of the pixels."""
        return float(np.average((self.values - self.mean) ** 2, weights=self._counts))

    @property
    def mean(self) -> float:
        """Of the pixels."""
        return float(np.average(self.values.astype(np.float64), weights=self._counts))

    @property
    def _counts(self) -> NDArray[np.int64]:
        return np.diff(self.until, prepend=0)

    def percentile(self, percent: float) -> float:
        """Return the value below which so many pixels of a hundred lie, interpolated as `numpy.percentile` does."""
        rank = (self.pixels - 1) * (percent / 100)
        below = int(rank)
        ranks = below, min(below + 1, self.pixels - 1)
        low, high = self.values[np.searchsorted(self.until, ranks, side="right")].tolist()
        return low + (high - low) * (rank - below)

    def split(self, threshold: float) -> tuple["Levels", "Levels"]:
        """Return the pixels at or below a threshold, and those above."""
        cut = int(np.searchsorted(self.values, threshold, side="right"))
        below = Levels(self.values[:cut], self.until[:cut])
        return below, Levels(self.values[cut:], self.until[cut:] - (below.pixels if cut else 0))

    def threshold(self) -> float:
        """Return Otsu's threshold, as `skimage.filters.threshold_otsu` finds it in float32 pixels."""
        first, last = self.values[0], self.values[-1]
        if first == last:
            return float(first)
        edges = np.linspace(first, last, BINS + 1, dtype=np.float32)
        before = np.append(self.until, 0)[
            np.searchsorted(self.values, edges[:-1]) - 1
        ]  # none: the 0 at the end
        counts = np.diff(before, append=self.pixels)
        return float(threshold_otsu(hist=(counts, (edges[:-1] + edges[1:]) / 2)))


def find_levels(pixels: NDArray[np.generic]) -> Levels:
    """Return the levels of finite pixels of any numeric dtype and shape, at least one."""
    if pixels.dtype in (np.uint8, np.uint16):
        counts = np.bincount(pixels.reshape(-1))
        values = np.flatnonzero(counts)
        return Levels(values.astype(np.float32), np.cumsum(counts[values]))
    ordered = np.sort(pixels.astype(np.float32, copy=False), axis=None)
    return Levels(ordered, np.arange(1, ordered.size + 1))
