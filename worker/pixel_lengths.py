"""Lengths that somebody gave in pixels or micrometres, in pixels of an image."""

from pathlib import Path

from model.errors import ImageError
from model.reading import Plane
from nuqleus.image_options import in_pixels


def to_pixels(path: Path, plane: Plane, length: str, *, said: str, remedy: str) -> float:
    """Return a length in pixels of an image.

    Args:
        path: of the image's file.
        plane: the image.
        length: `12`, `12 px` or `12 um`.
        said: what is said to be so long, for people.
        remedy: what to do if nobody knows how large pixels are, likewise.

    Raises:
        ImageError: `unknown-pixel-size`.
    """
    pixels = in_pixels(length, plane.pixel_size_um)
    if pixels is None:
        raise ImageError(
            "unknown-pixel-size",
            f"{path}: {said}, but how large its pixels are isn't known ({plane.pixel_size_from}). {remedy}",
        )
    return pixels
