"""Series whose planes don't lie in pages: a (Y, X, C) array that was saved plainly has a page for each row.

They are decoded as a whole, and put into order.
"""

import math
from collections.abc import Iterator
from pathlib import Path

import numpy as np
from tifffile import TiffPageSeries

from model.errors import ImageError
from model.reading.metadata import ImageMetadata
from model.reading.plane import FREE_CHANNELS, Plane, check_size, with_metadata
from model.reading.tiff.layout import CHANNEL, PIXEL, Layout, axes_of

SLIVER = 16
"""Pages no wider than this are no images, but rows with their channels, if there are enough of them."""

PLENTY = 4
"""So many times longer than a sliver is wide are the sides of the image that it is a row of."""

STACKED = "QIZ"
"""Axes that count slices."""

AT_LEAST = 32
"""Pixels that these sides have at least."""


def axes_across_pages(path: Path, series: TiffPageSeries) -> str | None:
    """Return the axes of a series whose planes reach across pages; None where each page holds a plane.

    Raises:
        ImageError: `unsupported-format`: pages are slivers of images, and of which can't be told.
    """
    axes, shape = axes_of(series), series.get_shape(squeeze=True)
    page = series.keyframe
    if _are_said(axes) and not set(PIXEL) <= set(axes[-len(page.axes) :]):
        return axes
    if page.axes == PIXEL and len(shape) >= 3 and _are_slivers(shape):
        if shape[-1] != min(shape[-3:]):
            raise _slivers(path, shape)
        return STACKED[: len(shape) - 3] + "YXC"
    return None


def _are_said(axes: str) -> bool:
    """Whether axes come from the file's metadata: what tifffile makes up are I and Q."""
    return set(PIXEL) <= set(axes) and set(axes).isdisjoint("QI") and len(set(axes)) == len(axes)


def _are_slivers(shape: tuple[int, ...]) -> bool:
    thin = min(shape[-2:])
    return thin <= SLIVER and min(max(shape[-2:]), shape[-3]) >= max(AT_LEAST, PLENTY * thin)


def _slivers(path: Path, shape: tuple[int, ...]) -> ImageError:
    return ImageError(
        "unsupported-format",
        f"{path} can't be read: it has {shape[-3]} pages of {shape[-1]} × {shape[-2]} pixels, which are no images, and "
        "what they are isn't said. Save it with channels first, or say so: imwrite(…, metadata={'axes': 'YXC'}).",
    )


class WholeSeriesReader:
    """Reader of a series that is decoded as a whole.

    Attributes:
        layout: of its planes: axes but Y, X and C count them.
    """

    def __init__(self, path: Path, series: TiffPageSeries, axes: str, metadata: ImageMetadata) -> None:
        self._path, self._series, self._axes, self._metadata = path, series, axes, metadata
        self._shape = dict(zip(axes, series.get_shape(squeeze=True), strict=True))
        outer = [axis for axis in axes if axis not in PIXEL + CHANNEL]
        sizes = tuple(self._shape[axis] for axis in outer)
        self.layout = Layout(
            ("".join(outer), sizes), (PIXEL, (self._shape["Y"], self._shape["X"])), colour=False
        )

    def check(self, max_pixels: int) -> None:
        """Refuse what is too large to be decoded at once, from the header alone."""
        channels = self._shape.get(CHANNEL, 1)
        check_size(self._path, self._shape["Y"], self._shape["X"], channels, max_pixels)
        check_size(self._path, 1, math.prod(self._shape.values()), 1, FREE_CHANNELS * max_pixels)

    def planes(self, first_scene: int) -> Iterator[Plane]:
        """Yield the planes, once all are decoded."""
        outer = self.layout.outer[0]
        order = [
            self._axes.index(axis) for axis in outer + PIXEL + (CHANNEL if CHANNEL in self._axes else "")
        ]
        values = self._series.asarray().reshape(tuple(self._shape.values())).transpose(order)
        for place in np.ndindex(values.shape[: len(outer)]):
            scene, t, z = self.layout.position(place)
            image = values[place]
            pixels = np.ascontiguousarray(image if image.ndim == 3 else image[..., None])
            yield with_metadata(
                Plane(pixels, colour=False, scene=first_scene + scene, t=t, z=z), self._metadata
            )
