"""What reading returns: one two-dimensional image of a file."""

from dataclasses import dataclass
from pathlib import Path
from typing import Any

from numpy.typing import NDArray

from model.errors import ImageError

MAX_PIXELS = 400_000_000
"""Larger planes are refused: 20,000 × 20,000 pixels in float32 with their masks still fit a common machine."""

FREE_CHANNELS = 4
"""So many channels don't count against the limit of pixels; further ones do, or a header could claim terabytes."""


@dataclass(frozen=True)
class Plane:
    """One image of a file.

    Attributes:
        pixels: (H, W, C) in the file's own dtype and native byte order. C is 1 for gray and 3 for RGB colour; else
            the channels of a fluorescence image. Alpha is gone. NaN and infinities stay.
        colour: the three channels are red, green and blue of one colour image.
        scene: position, series or page size, counted from 0.
        t: time point, counted from 0.
        z: slice, or page of a stack that doesn't say what its pages are, counted from 0.
        pixel_size_um: micrometres per pixel where the file says so believably and pixels are square, else None.
        channel_names: one per channel where the file names them, else empty.
    """

    pixels: NDArray[Any]
    colour: bool
    scene: int = 0
    t: int = 0
    z: int = 0
    pixel_size_um: float | None = None
    channel_names: tuple[str, ...] = ()


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
