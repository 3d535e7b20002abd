"""Samples of some places of a TIFF page, whatever its size: enough to judge what the page is."""

from typing import Any

import numpy as np
from numpy.typing import NDArray
from tifffile import TiffFile, TiffPage

from model.arrays import AnyArray
from model.reading.plane import LARGE
from model.reading.tiff.segments import SegmentCache, Span, decodes_by_region, stored_page

WINDOW = 256
"""Side of the places that are looked at."""

PLACES = ((1, 1), (0, 0), (0, 2), (2, 0), (2, 2))
"""The middle, and the corners: first, middle or last part of the rows and columns."""


def can_be_sampled(page: TiffPage) -> bool:
    """Whether places of a page can be decoded without too much memory."""
    if page.dtype is None or page.shaped[1] != 1:
        return False
    at_once = page.tilewidth * page.tilelength if page.is_tiled else page.imagewidth * page.rowsperstrip
    return (at_once if decodes_by_region(page) else page.imagelength * page.imagewidth) <= LARGE


def span(part: int, length: int, side: int) -> Span:
    """Return the first, middle or last so many of a number of pixels."""
    start = max(0, length - side) * part // 2
    return start, min(length, start + side)


class PageSamples:
    """Samples of a page, decoded by region where that is possible."""

    def __init__(self, tif: TiffFile, page: TiffPage) -> None:
        self._file: Any = tif.filehandle
        self._page = page
        if decodes_by_region(page):
            self._stored = stored_page(page, tif.byteorder, SegmentCache())
        else:
            self._whole: NDArray[Any] = page.asarray().reshape(page.shaped[0], *page.shaped[2:])

    def read(self, rows: Span, columns: Span) -> AnyArray:
        """Return the samples there: (S, H, W, C), where S or C is 1."""
        if hasattr(self, "_stored"):
            return self._stored.read(self._file, rows, columns)
        return self._whole[:, rows[0] : rows[1], columns[0] : columns[1]]

    def some(self) -> AnyArray:
        """Return the samples of pixels in a few places: (N, samples)."""
        height, width = self._page.imagelength, self._page.imagewidth
        read = [self.read(span(row, height, WINDOW), span(column, width, WINDOW)) for row, column in PLACES]
        return np.concatenate(
            [np.moveaxis(values, 0, -2).reshape(-1, values.shape[0] * values.shape[3]) for values in read]
        )
