"""Focus of an image: power spectrum and Laplacian of a channel, as sums over pieces of it."""

from dataclasses import dataclass, field
from functools import cache

import numpy as np
from scipy import fft

from model.arrays import Floats, PixelArray

TILE_SIDE = 256
"""Pixels along a tile of which the spectrum is taken; smaller images are one tile, of their shorter side."""

ROWS_AT_ONCE = 32
"""Rows that stay in the processor's cache while their Laplacian is summed."""

SPECTRUM_SHARE = 1 / 8
"""Of a tile's side: frequencies up to this many cycles a tile count, as in CellProfiler; beyond, there is noise."""


@dataclass
class PowerSpectrum:
    """Power of a channel by spatial frequency, summed over tiles (Welch's method).

    Attributes:
        size: (H, W) of the image.
    """

    size: tuple[int, int]
    _power: Floats | float = field(default=0.0, init=False)

    @property
    def side(self) -> int:
        """Pixels along a tile."""
        return min(TILE_SIDE, *self.size)

    def add(self, channel: PixelArray) -> None:
        """Add the whole tiles of a piece (h, w) that begins where a tile does; those that aren't finite don't count."""
        side = self.side
        rows, columns = (length // side for length in channel.shape)
        tiles = channel[: rows * side, : columns * side].reshape(rows, side, columns, side).swapaxes(1, 2)
        for row in tiles:
            finite = row[np.isfinite(row).all(axis=(1, 2))].astype(np.result_type(row.dtype, np.float32))
            finite -= finite.mean(axis=(1, 2), keepdims=True, dtype=np.float64).astype(finite.dtype)
            spectrum = fft.rfft2(finite, workers=1)
            self._power = self._power + (spectrum.real**2 + spectrum.imag**2).sum(axis=0, dtype=np.float64)

    @property
    def slope(self) -> float:
        """Slope of log power over log frequency; NaN for a blank image, or one too small."""
        if np.ndim(self._power) != 2:
            return np.nan
        ring, weight = _frequency_rings(self.side)
        power = np.bincount(ring, np.ravel(self._power) * weight)
        frequencies = np.arange(2, int(self.side * SPECTRUM_SHARE))
        of_rings = power[frequencies]
        if len(frequencies) < 2 or not (np.isfinite(of_rings) & (of_rings > 0)).all():
            return np.nan
        return _slope(np.log(frequencies), np.log(of_rings))


def _slope(x: Floats, y: Floats) -> float:
    """Return the slope of the line that fits points best."""
    away = x - x.mean()
    return float((away * y).sum() / np.square(away).sum())


@cache
def _frequency_rings(side: int) -> tuple[np.ndarray, Floats]:
    """Return the ring of each term of `rfft2`, flattened, by CellProfiler's count, and how many it stands for."""
    down = fft.fftfreq(side, 1 / side)[:, None]
    along = fft.rfftfreq(side, 1 / side)
    ring = np.hypot(down, along).astype(np.int64) + 1
    mirrored = (along > 0) & (along < side / 2)
    return ring.reshape(-1), np.broadcast_to(1.0 + mirrored, ring.shape).reshape(-1)


@dataclass
class LaplacianSums:
    """Sums of the Laplacian over a channel: four times a pixel, less the four beside it, where it has four."""

    _count: int = field(default=0, init=False)
    _sum: float = field(default=0.0, init=False)
    _squares: float = field(default=0.0, init=False)

    def add(self, channel: PixelArray) -> None:
        """Add the pixels inside of a piece (h, w), all but those along its border; what isn't finite doesn't count."""
        for begin in range(0, len(channel) - 2, ROWS_AT_ONCE):
            self._add_band(channel[begin : begin + ROWS_AT_ONCE + 2])

    def _add_band(self, channel: PixelArray) -> None:
        values = channel.astype(np.float64)
        laplacian = 4 * values[1:-1, 1:-1]
        for beside in (values[:-2, 1:-1], values[2:, 1:-1], values[1:-1, :-2], values[1:-1, 2:]):
            laplacian -= beside
        if channel.dtype.kind == "f":
            laplacian = laplacian[np.isfinite(laplacian)]
        self._count += laplacian.size
        self._sum += float(laplacian.sum())
        self._squares += float(np.square(laplacian, out=laplacian).sum())

    @property
    def variance(self) -> float:
        """NaN where no pixel has four neighbours."""
        if not self._count:
            return np.nan
        return self._squares / self._count - (self._sum / self._count) ** 2
