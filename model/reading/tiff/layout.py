"""Layout of a TIFF series: which of its pages make which plane.

tifffile names the axes of a series with letters, from ImageJ's, OME's or its own metadata. Here they become scene,
time point, z and channels:

    T          t
    Z, I, Q    z: slices, and pages of a stack that doesn't say what its pages are
    C          channels of one plane; for colour pages, scenes
    S          samples of a pixel (see photometry.py)
    others     scenes: positions, tiles, angles, phases, …
"""

import math
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray
from tifffile import TiffPageSeries

TIME = "T"
DEPTH = "ZIQ"
CHANNEL = "C"
UNSAID = "IQ"
PIXEL = "YX"
SAMPLE = "S"

Index = tuple[int, ...]


@dataclass(frozen=True)
class Layout:
    """Axes and lengths of a series, split where pages begin.

    Attributes:
        outer: axes that count pages, one letter each, and their lengths.
        inner: axes within a page, and their lengths.
        colour: pages are colour images, so that C counts images.
    """

    outer: tuple[str, Index]
    inner: tuple[str, Index]
    colour: bool

    @classmethod
    def of(cls, series: TiffPageSeries, *, colour: bool, pages: str | None = None) -> "Layout":
        """Read the layout of a series; pages that don't fit its metadata are a plain stack.

        Args:
            series: the pages.
            colour: they are colour images.
            pages: the axis that pages count, where that is known better than the series says.
        """
        page = series.keyframe
        axes, shape, inner = axes_of(series), series.get_shape(squeeze=True), len(page.shape)
        outer: tuple[str, Index] = ("I", (len(series),))
        within = page.axes
        if shape[-inner:] == page.shape and set(PIXEL) <= set(axes[-inner:]):
            outer, within = (axes[:-inner], shape[:-inner]), _with_samples(axes[-inner:], page.axes)
        return cls((_known_better(outer[0], pages), outer[1]), (within, page.shape), colour)

    @property
    def pages(self) -> int:
        """How many pages the series has."""
        return math.prod(self.outer[1])

    @property
    def channels(self) -> int:
        """How many channels (or samples) a plane has before alpha is dropped."""
        sizes = [*zip(*self.outer, strict=True), *zip(*self.inner, strict=True)]
        return math.prod(size for axis, size in sizes if axis == SAMPLE or axis in self._channel_axes)

    @property
    def scenes(self) -> int:
        """How many scenes the series has."""
        sizes = [*zip(*self.outer, strict=True), *zip(*self.inner, strict=True)]
        return math.prod(size for axis, size in sizes if self._counts_scenes(axis))

    def page_groups(self) -> Iterator[tuple[Index, list[int]]]:
        """Yield, for each place outside the pages, its index and the numbers of the pages that are its channels.

        The places of a z-stack follow one another, whatever their order in the file.
        """
        axes, shape = self.outer
        numbers = np.arange(self.pages).reshape(shape)
        joined = [i for i, axis in enumerate(axes) if axis in self._channel_axes]
        kept = [i for i in range(len(axes)) if i not in joined]
        numbers = numbers.transpose(kept + joined)
        deep = [axes[i] in DEPTH for i in kept]
        places = np.ndindex(tuple(shape[i] for i in kept))
        for index in sorted(places, key=lambda index: _without_depth(deep, index)):
            yield index, numbers[index].ravel().tolist()

    def split(self, block: NDArray[Any]) -> Iterator[tuple[Index, NDArray[Any]]]:
        """Yield the images in pages of one place, with their index within the page.

        Args:
            block: (..., channels): the axes of a page without S, then the channels.
        """
        axes = self.inner[0].replace(SAMPLE, "")
        kept = [i for i, axis in enumerate(axes) if axis not in PIXEL + self._channel_axes]
        joined = [i for i, axis in enumerate(axes) if axis in self._channel_axes]
        ordered = block.transpose([*kept, axes.index("Y"), axes.index("X"), *joined, len(axes)])
        for index in np.ndindex(ordered.shape[: len(kept)]):
            image = ordered[index]
            yield index, np.ascontiguousarray(image.reshape(*image.shape[:2], -1))

    def position(self, index: Index) -> tuple[int, int, int]:
        """Return scene, t and z of an index over the axes that remain outside an image."""
        axes = [
            (a, n)
            for a, n in [*zip(*self.outer, strict=True), *zip(*self.inner, strict=True)]
            if self._counts(a)
        ]
        found = {"scene": 0, "t": 0, "z": 0}
        for (axis, size), i in zip(axes, index, strict=True):
            name = "t" if axis in TIME else "z" if axis in DEPTH else "scene"
            found[name] = found[name] * size + i
        return found["scene"], found["t"], found["z"]

    @property
    def _channel_axes(self) -> str:
        return "" if self.colour else CHANNEL

    def _counts(self, axis: str) -> bool:
        return axis not in PIXEL + SAMPLE + self._channel_axes

    def _counts_scenes(self, axis: str) -> bool:
        return self._counts(axis) and axis not in TIME + DEPTH


def axes_of(series: TiffPageSeries) -> str:
    """Return the axes of a series, a letter each; people write `cyx` as well as `CYX`."""
    axes = str(series.get_axes(squeeze=True))
    return axes.upper() if set(PIXEL.lower()) <= set(axes) else axes


def _with_samples(axes: str, page: str) -> str:
    """Return the axes of a page with S for its samples, which metadata may call channels."""
    return page if axes.replace(CHANNEL, SAMPLE) == page else axes


def _known_better(axes: str, pages: str | None) -> str:
    """Return the axes that count pages: the only one, or those that aren't said, replaced by what is known of them."""
    if pages is None:
        return axes
    return pages if len(axes) == 1 else "".join(pages if axis in UNSAID else axis for axis in axes)


def _without_depth(deep: list[bool], index: Index) -> Index:
    """Return the part of an index that isn't about z."""
    return tuple(i for i, is_deep in zip(index, deep, strict=True) if not is_deep)
