"""Quality of each channel of an image: focus, saturation, background; collected cell by cell."""

from dataclasses import dataclass, field

import numpy as np

from model.arrays import Bools, PixelArray
from model.measurements.background import Background
from model.measurements.cells import Cell
from model.measurements.columns import QUALITY_COLUMNS, Table, in_table_order
from model.measurements.focus import LaplacianSums, PowerSpectrum


@dataclass
class Extreme:
    """How many pixels of a channel have its least (sign -1) or largest (1) value."""

    sign: int
    _value: float = field(default=-np.inf, init=False)
    _count: int = field(default=0, init=False)

    def add(self, values: PixelArray) -> None:
        """Add finite pixels (P,)."""
        if not values.size:
            return
        extreme = values.max() if self.sign > 0 else values.min()
        value = self.sign * float(extreme)
        if value > self._value:
            self._value, self._count = value, 0
        if value == self._value:
            self._count += int(np.count_nonzero(values == extreme))

    def fraction(self, pixels: int) -> float:
        """Return the share that they are of so many; NaN of none."""
        return self._count / pixels if pixels else np.nan


class ChannelQuality:
    """Quality of a channel of an image (H, W)."""

    def __init__(self, size: tuple[int, int]) -> None:
        self._spectrum = PowerSpectrum(size)
        self._laplacian = LaplacianSums()
        self._highest, self._lowest = Extreme(1), Extreme(-1)
        self._pixels = 0

    def add(self, channel: PixelArray, cell: Cell, size: tuple[int, int]) -> None:
        """Add a cell of an image of this size, as its window (h, w) shows it."""
        inner = channel[cell.inner]
        self._spectrum.add(inner)
        self._laplacian.add(channel[_grown(cell, size)])
        finite = inner[np.isfinite(inner)] if inner.dtype.kind == "f" else inner
        self._pixels += finite.size
        self._highest.add(finite)
        self._lowest.add(finite)

    def columns(self) -> dict[str, float]:
        """Return what is known by now."""
        return {
            "power_log_log_slope": self._spectrum.slope,
            "laplacian_variance": self._laplacian.variance,
            "fraction_at_max": self._highest.fraction(self._pixels),
            "fraction_at_min": self._lowest.fraction(self._pixels),
        }


class ImageQualityMeasurement:
    """Quality of an image (H, W) with so many channels: a row of `QUALITY_COLUMNS` a channel."""

    def __init__(self, size: tuple[int, int], channels: int) -> None:
        self._size = size
        self._background = Background(size, channels)
        self._channels = [ChannelQuality(size) for _ in range(channels)]

    def add(self, pixels: PixelArray, background: Bools, cell: Cell) -> None:
        """Add a cell as its window shows it: the pixels (h, w, C), and which of them are background (h, w)."""
        self._background.add(pixels[cell.inner], background[cell.inner], cell.region)
        for number, channel in enumerate(self._channels):
            channel.add(pixels[..., number], cell, self._size)

    def table(self) -> Table:
        """Return `QUALITY_COLUMNS`: arrays (C,)."""
        rows = [channel.columns() for channel in self._channels]
        table: Table = {name: np.array([row[name] for row in rows]) for name in rows[0]}
        table["channel"] = np.arange(len(rows))
        table["background"] = medians = self._background.medians()
        table["illumination_gradient"] = self._background.gradients(medians)
        return in_table_order(table, QUALITY_COLUMNS)


def _grown(cell: Cell, size: tuple[int, int]) -> tuple[slice, slice]:
    """Return where in its window a cell lies with a pixel around it, as far as the image goes."""
    rows, columns = (
        slice(max(0, part.start - 1) - seen.start, min(part.stop + 1, length) - seen.start)
        for part, seen, length in zip(cell.region, cell.window, size, strict=True)
    )
    return rows, columns
