"""Pseudo-coloured images: RGB in which one colour alone carries signal → gray.

Microscopes' programs export a channel as RGB, in the colour that it is shown in: DAPI in blue.
"""

from collections.abc import Iterator
from dataclasses import dataclass, replace
from typing import Any

import numpy as np

from model.arrays import AnyArray
from model.reading.metadata import ChannelMetadata
from model.reading.plane import Plane

NAMES = {
    (0,): "red", (1,): "green", (2,): "blue", (1, 2): "cyan", (0, 2): "magenta", (0, 1): "yellow",
}  # fmt: skip
"""What a colour is called, by which of red, green and blue are in it."""

SAMPLE_STEP = 16
"""A first look at every so many-th pixel shows of nearly all colour images that they have several colours."""

BAND = 1_024
"""Rows that are looked at at a time."""

ROUNDING = 1.5
"""So far may values be off from a single colour, in the file's own numbers."""

LOSSY = 0.06
"""In JPEG, by so large a share of the strongest one's range."""

STRONG = 0.5
"""A part of a colour has at least this share of the strongest one's range."""


def gray_if_single_colour(plane: Plane, *, lossy: bool) -> Plane:
    """Return a colour image that has one colour only as gray, with the colour's name; any other as it is.

    Args:
        plane: an RGB colour image.
        lossy: it was compressed by JPEG.
    """
    colour = _find_colour(plane, lossy)
    if colour is None:
        return plane
    parts, strongest = colour.parts, colour.strongest
    channel = ChannelMetadata(NAMES[parts], tuple(NAMES[part,] for part in parts) if len(parts) > 1 else ())
    gray = np.concatenate([band[:, strongest] for band in _bands(plane)]).reshape(*plane.pixels.shape[:2], 1)
    return replace(plane, pixels=gray, colour=False, channels=(channel,))


def was_coloured(plane: Plane) -> bool:
    """Whether a gray image was a pseudo-coloured one."""
    return not plane.colour and plane.channel_names[:1] in [(name,) for name in NAMES.values()]


def _find_colour(plane: Plane, lossy: bool) -> "_Colour | None":
    """Return the only colour of an image; None where it has several, or none.

    Each part of an image in one colour is in one colour, too: most others end at the first look, slides at the first
    band with tissue.
    """
    for part in (
        _bands(plane) if plane.is_large else [plane.pixels[::SAMPLE_STEP, ::SAMPLE_STEP].reshape(-1, 3)]
    ):
        if _Colour.of([part], lossy).is_refuted_by(part, _full_range(plane) if lossy else 0.0):
            return None
    colour = _Colour.of(_bands(plane), lossy)
    if colour.parts not in NAMES or any(colour.is_refuted_by(band) for band in _bands(plane)):
        return None
    return colour


def _full_range(plane: Plane) -> float:
    return float(np.iinfo(plane.pixels.dtype).max) if plane.pixels.dtype.kind in "iu" else 0.0


def _bands(plane: Plane) -> Iterator[AnyArray]:
    """Yield all pixels of a plane, (n, 3) at a time."""
    return (plane.pixels[row : row + BAND].reshape(-1, 3) for row in range(0, plane.pixels.shape[0], BAND))


@dataclass(frozen=True)
class _Colour:
    """The colour that an image has if all its pixels differ in brightness alone.

    Attributes:
        lowest: (3,) values of the darkest pixel.
        ranges: (3,) how far the brightest ones lie above.
        tolerance: how far values may be off.
    """

    lowest: AnyArray
    ranges: AnyArray
    tolerance: float

    @classmethod
    def of(cls, bands: Any, lossy: bool) -> "_Colour":
        extremes = [(band.min(axis=0), band.max(axis=0)) for band in bands]
        lowest = np.min([low for low, _ in extremes], axis=0).astype(np.float64)
        ranges = np.max([high for _, high in extremes], axis=0).astype(np.float64) - lowest
        return cls(lowest, ranges, max(ROUNDING, LOSSY * ranges.max()) if lossy else ROUNDING)

    @property
    def strongest(self) -> int:
        """Which of red, green and blue varies most."""
        return int(self.ranges.argmax())

    @property
    def parts(self) -> tuple[int, ...]:
        """Which of red, green and blue are in the colour; none in one that is constant."""
        strong = (self.ranges > self.tolerance) & (self.ranges >= STRONG * self.ranges.max())
        return tuple(int(part) for part in np.flatnonzero(strong))

    def is_refuted_by(self, pixels: AnyArray, least_range: float = 0.0) -> bool:
        """Whether pixels (..., C) differ in more than brightness; JPEG's errors are those of at least such a range."""
        if self.ranges.max() == 0:
            return False
        values = pixels.astype(np.float32) - self.lowest.astype(np.float32)
        expected = values[..., self.strongest, None] * (self.ranges / self.ranges.max()).astype(np.float32)
        return bool((np.abs(values - expected) > max(self.tolerance, LOSSY * least_range)).any())
