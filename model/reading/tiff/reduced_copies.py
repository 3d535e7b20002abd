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
from model.reading.tiff.segments import Span

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

STRUCTURE = 0.3
"""From this correlation of neighbouring pixels on, a place shows more than noise."""

DARK = 0.05
"""Up to this share of the largest number of its kind, a place is nearly black."""

SEARCHED = 4_000_000
"""Up to so many pixels, the brightest place of the smaller one is compared, too: most of it may be black."""

BRIGHTEST = 48
"""Side of that place: in a larger one the noise around a single nucleus outweighs it."""

LARGE_SIDE = 2_048
"""What nothing can be compared of, as it is blank, is a copy of series from this height or width on …"""

SAME_BRIGHTNESS = 0.05
"""… and of smaller ones, if it is as bright, but for this share, or one step."""

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
    places = []
    for images in _places(tif, *pages):
        if _correlation(*images) >= ALIKE:
            return True
        places.append(images)
    darkest = DARK * max(map(_full, pages))
    if any(_can_differ(image, other, darkest) for image, other in places):
        return False
    return max(_size(large)) >= LARGE_SIDE or _are_equally_bright(places)


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
    places = [(span(row, height, side), span(column, width, side)) for row, column in PLACES]
    brightest = _brightest_place(readers[0], height, width, side)
    for rows, columns in (*places, *brightest):
        wide = [_scaled(one, ratio) for one, ratio in zip((rows, columns), ratios, strict=True)]
        region = readers[1].read((wide[0][0], wide[0][-1]), (wide[1][0], wide[1][-1]))
        yield _brightness(readers[0].read(rows, columns)), _averaged(_brightness(region), *wide)


def _brightest_place(small: PageSamples, height: int, width: int, side: int) -> list[tuple[Span, Span]]:
    """Return the place around the brightest pixel; none of a page that is large itself."""
    if height * width > SEARCHED:
        return []
    pixels = _brightness(small.read((0, height), (0, width)))
    row, column = np.unravel_index(int(np.nan_to_num(pixels).argmax()), pixels.shape)
    side = min(side, BRIGHTEST)
    return [(_around(int(row), height, side), _around(int(column), width, side))]


def _around(centre: int, length: int, side: int) -> Span:
    start = max(0, min(centre - side // 2, length - side))
    return start, min(length, start + side)


def _scaled(pixels: tuple[int, int], ratio: float) -> list[int]:
    """Where the pixels of a span begin in the larger page, and where the last one ends."""
    return [int(position * ratio) for position in range(pixels[0], pixels[1] + 1)]


def _averaged(region: Image, rows: list[int], columns: list[int]) -> Image:
    sums = np.add.reduceat(region, np.array(rows[:-1]) - rows[0], axis=0)
    sums = np.add.reduceat(sums, np.array(columns[:-1]) - columns[0], axis=1)
    return (sums / np.outer(np.diff(rows), np.diff(columns))).astype(np.float32)


def _brightness(samples: AnyArray) -> Image:
    return np.asarray(samples.astype(np.float32).mean(axis=(0, 3)))


def _are_equally_bright(places: Sequence[tuple[Image, Image]]) -> bool:
    means = [float(np.mean([image.mean() for image in images])) for images in zip(*places, strict=True)]
    return abs(means[0] - means[1]) <= max(1.0, SAME_BRIGHTNESS * abs(means[1]))


def _full(page: TiffPage) -> float:
    """Return the largest number of a page's kind; of floats, none is known."""
    return float(np.iinfo(page.dtype).max) if page.dtype is not None and page.dtype.kind in "iu" else 0.0


def _can_differ(small: Image, large: Image, darkest: float) -> bool:
    """Whether two places show enough to be told apart: in the dark, noise alone says nothing."""
    if max(small.max(), large.max()) <= darkest:
        return _has_structure(
            small
        )  # what a copy shows is in the original; the reverse may be lost in few gray levels
    return not math.isnan(_correlation(small, large))


def _has_structure(image: Image) -> bool:
    """Whether neighbouring pixels are alike, as where there is something to see: noise and empty ground are not."""
    fine = _fine(image)
    power = float((fine**2).sum())
    if power == 0 or not np.isfinite(power):
        return False
    neighbours = float((fine[:, 1:] * fine[:, :-1]).sum() + (fine[1:] * fine[:-1]).sum()) / 2
    return neighbours / power > STRUCTURE


def _fine(image: Image) -> Image:
    return np.asarray(image - uniform_filter(image, NEAR))


def _correlation(a: Image, b: Image) -> float:
    """Correlation of fine structure; NaN where one of both has none."""
    fine = [_fine(image) for image in (a, b)]
    spread = [float(np.sqrt((image**2).sum())) for image in fine]
    if min(spread) == 0 or not np.isfinite(spread).all():
        return math.nan
    return float((fine[0] * fine[1]).sum() / (spread[0] * spread[1]))
