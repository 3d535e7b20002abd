"""`Plane`: one two-dimensional image of a file, and the limits of its size."""

from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any, Protocol

import numpy as np
from numpy.typing import NDArray

from model.errors import ImageError
from model.reading.metadata import ChannelMetadata, ImageMetadata, align_channels, number_nameless
from model.reading.pixel_size import NO_PIXEL_SIZE, PixelSize

MAX_PIXELS = 400_000_000
"""Larger planes are refused: 20,000 × 20,000 pixels in float32 with their masks still fit a common machine."""

FREE_CHANNELS = 4
"""So many channels don't count against the limit of pixels; further ones do, or a header could claim terabytes."""

LARGE = 25_000_000
"""Planes with more pixels are processed in blocks, and decoded by regions where their file allows it."""


class Pixels(Protocol):
    """Array-like pixels: an array, or pixels decoded region by region on demand (`model.reading.tiff.regions`)."""

    @property
    def shape(self) -> tuple[int, ...]:
        """(H, W, C)."""

    @property
    def dtype(self) -> np.dtype[Any]:
        """Of the arrays that slicing gives."""

    def __getitem__(self, key: Any, /) -> NDArray[Any]:
        """`pixels[r0:r1, c0:c1]` → (h, w, C) array."""

    def __array__(self, dtype: Any = None, /) -> NDArray[Any]:
        """`numpy.asarray(pixels)`: all of them."""


@dataclass(frozen=True)
class Plane:
    """One image of a file.

    Attributes:
        pixels: (H, W, C) in the file's own dtype and native byte order. C is 1 for gray and 3 for RGB colour; else
            the channels of a fluorescence image. Alpha is gone. NaN and infinities stay. An array; of a plane with
            more pixels than `LARGE` perhaps something that decodes what is sliced.
        colour: the three channels are red, green and blue of one colour image.
        scene: position, series or page size, counted from 0.
        t: time point, counted from 0.
        z: slice, or page of a stack that doesn't say what its pages are, counted from 0.
        pixel_size: side of a pixel, and where it comes from or why it isn't known.
        channels: one per channel where the file tells something of them, else empty; either all have names or none.
        scene_name: what the file calls the scene: a position, a well, a series.
        nuclear_channel: the channel that shows the nuclei, once somebody has chosen it (`model.reading.channels`).
        nuclear_channel_by: how it was chosen (`model.reading.channels.ChosenBy`); None before.
        projection: `max` or `mean` where a z-stack was made one image (`model.reading.projection`).
        missing_channels: numbers of channels that a field of a plate lacks, whose pixels are zero
            (`model.reading.field`).
    """

    pixels: Pixels
    colour: bool
    scene: int = 0
    t: int = 0
    z: int = 0
    pixel_size: PixelSize = NO_PIXEL_SIZE
    channels: tuple[ChannelMetadata, ...] = ()
    scene_name: str | None = None
    nuclear_channel: int | None = None
    nuclear_channel_by: str | None = None
    projection: str | None = None
    missing_channels: tuple[int, ...] = ()

    @property
    def pixel_size_um(self) -> float | None:
        """Micrometres per pixel where the file says so believably and pixels are square, else None."""
        return self.pixel_size.um

    @property
    def pixel_size_from(self) -> str:
        """Which part of the file gave the pixel size; without one, why (`model.reading.pixel_size`)."""
        return self.pixel_size.origin

    @property
    def channel_names(self) -> tuple[str, ...]:
        """One per channel where the file names them, else empty."""
        names = tuple(channel.name for channel in self.channels)
        return names if any(names) else ()

    @property
    def is_large(self) -> bool:
        """Whether it is processed in blocks."""
        return is_large(*self.pixels.shape[:2])


def with_metadata(plane: Plane, metadata: ImageMetadata) -> Plane:
    """Return a plane with what its file says about it."""
    channels = () if plane.colour else align_channels(metadata.channels, plane.pixels.shape[2])
    return replace(
        plane,
        pixel_size=metadata.pixel_size,
        channels=number_nameless(channels),
        scene_name=metadata.scene_name,
    )


def is_large(height: int, width: int) -> bool:
    """Whether a plane of this size is processed in blocks."""
    return height * width > LARGE


def check_size(path: Path, height: int, width: int, channels: int, max_pixels: int) -> None:
    """Refuse a plane that is too large, or has no pixels at all.

    Raises:
        ImageError: `too-many-pixels` or `damaged`.
    """
    if min(height, width, channels) < 1:
        raise ImageError("damaged", f"{path} is damaged: it claims to be {width} × {height} pixels large.")
    if height * width * max(1.0, channels / FREE_CHANNELS) > max_pixels:
        raise ImageError(
            "too-many-pixels",
            f"{path} has {width:,} × {height:,} pixels in {channels} channel(s), more than the limit of "
            f"{max_pixels:,}. Cut it into smaller images, or raise the limit where there is memory for it.",
        )
