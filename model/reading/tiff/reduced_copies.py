"""Reduced copies: series of a TIFF that show the same content as a larger one, at a lower resolution.

Levels of pyramids, thumbnails and overviews are often not marked as such: a flat conversion writes each level as an
image of its own. What is alike, and not only alike in size, is found by correlation of a few places; the coarse
structure (vignetting, tissue against glass) doesn't count, as it is alike in different images, too.
"""

import math
from collections.abc import Iterator, Sequence
from functools import partial

import numpy as np
from numpy.typing import NDArray
from scipy.ndimage import uniform_filter
from tifffile import TiffFile, TiffPage, TiffPageSeries

from model.arrays import AnyArray
from model.reading.metadata import value_or_default
from model.reading.tiff.page_samples import PLACES, PageSamples, can_be_sampled, span

SMALLER = 1.4
"""From this ratio of the sides on, a series may be a copy of another one."""

ASPECT_TOLERANCE = 0.02
"""Ratios in height and width may differ by this share, or by a pixel of the smaller one."""

NEIGHBOURS = 4
"""So many larger series are compared with a smaller one, those next to it in the file."""

WINDOW, WIDEST = 128, 4_096
"""Sides of the places that are compared: in the smaller series, and at most in the larger one."""

NEAR = 15
"""Structure within this many pixels counts."""

ALIKE = 0.5
"""Least correlation of copies: that of different images is about 0, that of copies about 0.9."""

LARGE_SIDE = 2_048
"""What nothing can be compared of, as it is blank, is a copy of series from this height or width on."""

Sizes = tuple[int, int]
Image = NDArray[np.float32]


def drop_reduced_copies(
    tif: TiffFile, series: Sequence[tuple[int, TiffPageSeries]]
) -> list[tuple[int, TiffPageSeries]]:
    """Return the numbered series of a file without reduced copies of others."""
    kept: list[tuple[int, TiffPageSeries]] = []
    for place, (number, one) in enumerate(series):
        near = sorted(range(len(series)), key=lambda other: abs(other - place))
        larger = (series[other][1] for other in near if _may_be_copy(_size(one), _size(series[other][1])))
        if not any(
            value_or_default(partial(is_copy, tif, one, other), False)
            for other, _ in zip(larger, range(NEIGHBOURS), strict=False)
        ):
            kept.append((number, one))
    return kept


def is_copy(tif: TiffFile, small: TiffPageSeries, large: TiffPageSeries) -> bool:
    """Whether a series shows what a larger one shows; both by their first page."""
    pages = small.keyframe, large.keyframe
    if not all(map(can_be_sampled, pages)):
        return max(_size(large)) >= LARGE_SIDE
    comparable = False
    for images in _places(tif, *pages):
        correlation = _correlation(*images)
        if correlation >= ALIKE:
            return True
        comparable = comparable or not math.isnan(correlation)
    return not comparable and max(_size(large)) >= LARGE_SIDE


def _size(series: TiffPageSeries) -> Sizes:
    return series.keyframe.imagelength, series.keyframe.imagewidth


def _may_be_copy(small: Sizes, large: Sizes) -> bool:
    ratios = [b / max(1, a) for a, b in zip(small, large, strict=True)]
    allowed = max(ASPECT_TOLERANCE, 1 / max(1, min(small))) * max(ratios)
    return min(ratios) >= SMALLER and abs(ratios[0] - ratios[1]) <= allowed


def _places(tif: TiffFile, small: TiffPage, large: TiffPage) -> Iterator[tuple[Image, Image]]:
    """Yield what both pages show of a few places: the larger one's averaged to the pixels of the smaller."""
    readers = [PageSamples(tif, page) for page in (small, large)]
    height, width = small.imagelength, small.imagewidth
    ratios = large.imagelength / height, large.imagewidth / width
    side = max(8, min(WINDOW, int(WIDEST / max(ratios))))
    for row, column in PLACES:
        rows, columns = span(row, height, side), span(column, width, side)
        wide = [_scaled(one, ratio) for one, ratio in zip((rows, columns), ratios, strict=True)]
        region = readers[1].read((wide[0][0], wide[0][-1]), (wide[1][0], wide[1][-1]))
        yield _brightness(readers[0].read(rows, columns)), _averaged(_brightness(region), *wide)


def _scaled(pixels: tuple[int, int], ratio: float) -> list[int]:
    """Where the pixels of a span begin in the larger page, and where the last one ends."""
    return [int(position * ratio) for position in range(pixels[0], pixels[1] + 1)]


def _averaged(region: Image, rows: list[int], columns: list[int]) -> Image:
    sums = np.add.reduceat(region, np.array(rows[:-1]) - rows[0], axis=0)
    sums = np.add.reduceat(sums, np.array(columns[:-1]) - columns[0], axis=1)
    return (sums / np.outer(np.diff(rows), np.diff(columns))).astype(np.float32)


def _brightness(samples: AnyArray) -> Image:
    return np.asarray(samples.astype(np.float32).mean(axis=(0, 3)))


def _correlation(a: Image, b: Image) -> float:
    """Correlation of fine structure; NaN where one of both has none."""
    fine = [image - uniform_filter(image, NEAR) for image in (a, b)]
    spread = [float(np.sqrt((image**2).sum())) for image in fine]
    if min(spread) == 0 or not np.isfinite(spread).all():
        return math.nan
    return float((fine[0] * fine[1]).sum() / (spread[0] * spread[1]))
