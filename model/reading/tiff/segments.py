"""Random access to the stored tiles and strips (segments) of a TIFF page.

Only the tiles or strips that a region touches are read; tifffile decodes them one by one. What was decoded last is
kept, since neighbouring regions share tiles, and strips reach from side to side.
"""

from abc import ABC, abstractmethod
from collections import OrderedDict
from collections.abc import Iterator
from itertools import product
from typing import IO, Any

import numpy as np
from tifffile import TiffFrame, TiffPage

from model.arrays import AnyArray
from model.reading.tiff.photometry import JPEGS

Span = tuple[int, int]
"""First and one-past-last row or column."""

Page = TiffPage | TiffFrame

CACHE_BYTES = 128 << 20
"""Decoded tiles and strips of a plane that are kept; one is kept however large it is."""


class SegmentCache:
    """LRU cache of decoded segments, up to `CACHE_BYTES`; the last one stays however large it is."""

    def __init__(self) -> None:
        self._arrays: OrderedDict[tuple[int, int], AnyArray] = OrderedDict()
        self._bytes = 0

    def get(self, key: tuple[int, int]) -> AnyArray | None:
        """Return the segment of a key, or None."""
        if key in self._arrays:
            self._arrays.move_to_end(key)
        return self._arrays.get(key)

    def put(self, key: tuple[int, int], array: AnyArray) -> AnyArray:
        """Add a segment, and evict the least recently used ones."""
        self._arrays[key] = array
        self._bytes += array.nbytes
        while self._bytes > CACHE_BYTES and len(self._arrays) > 1:
            self._bytes -= self._arrays.popitem(last=False)[1].nbytes
        return array


class StoredPage(ABC):
    """Page whose regions can be decoded: samples (S, H, W, C), where S or C is 1.

    Attributes:
        shape: (S, H, W, C).
        dtype: of the samples.
    """

    def __init__(self, page: Page) -> None:
        key = _key(page)
        self.shape: tuple[int, ...] = (key.shaped[0], *key.shaped[2:])
        self.dtype: np.dtype[Any] = np.dtype(key.dtype)

    def blank(self, rows: Span, columns: Span) -> AnyArray:
        """Return a region of zeros: (S, h, w, C)."""
        height, width = (max(0, stop - start) for start, stop in (rows, columns))
        return np.zeros((self.shape[0], height, width, self.shape[3]), self.dtype)

    @abstractmethod
    def read(self, file: IO[bytes], rows: Span, columns: Span) -> AnyArray:
        """Decode a region: (S, h, w, C)."""


class ContiguousPage(StoredPage):
    """Contiguous page: uncompressed samples, row by row, from some offset in the file on."""

    def __init__(self, page: Page, byteorder: str, offset: int) -> None:
        super().__init__(page)
        self._written = self.dtype.newbyteorder(byteorder)  # type: ignore[arg-type]
        self._offset = offset

    def read(self, file: IO[bytes], rows: Span, columns: Span) -> AnyArray:
        """Read as much of each row as is wanted: (S, h, w, C)."""
        region = self.blank(rows, columns)
        for sample, row in product(range(len(region)), range(region.shape[1])):
            pixels = region[sample, row]
            before = (sample * self.shape[1] + rows[0] + row) * self.shape[2] + columns[0]
            file.seek(self._offset + before * self.shape[3] * self.dtype.itemsize)
            data = np.frombuffer(file.read(pixels.nbytes), self._written)
            pixels[:] = data.reshape(pixels.shape)
        return region


class SegmentedPage(StoredPage):
    """Page stored in segments: tiles or strips."""

    def __init__(self, page: Page, cache: SegmentCache) -> None:
        super().__init__(page)
        self._key = key = _key(page)
        self._side = (key.tilelength, key.tilewidth) if key.is_tiled else (key.rowsperstrip, key.imagewidth)
        self._page = page
        self._cache = cache
        key.init_decode()  # while the file is open: it may look something up there
        self._tables: dict[str, Any] = {}
        if JPEGS & {key.compression}:
            self._tables = {"jpegtables": page.jpegtables, "jpegheader": key.jpegheader}

    def read(self, file: IO[bytes], rows: Span, columns: Span) -> AnyArray:
        """Put a region together from the segments that it touches: (S, h, w, C)."""
        region = self.blank(rows, columns)
        if region.size:
            region[:] = self._key.nodata
            for sample, place in product(range(len(region)), self._segments_of(rows, columns)):
                segment = self._segment(file, sample, place)
                if segment is not None:
                    at = (place[0] * self._side[0] - rows[0], place[1] * self._side[1] - columns[0])
                    _paste(segment, region[sample], at)
        return region

    def _segments_of(self, rows: Span, columns: Span) -> Iterator[tuple[int, int]]:
        """Yield row and column, in their grid, of the segments that a region touches."""
        spans = zip((rows, columns), self._side, strict=True)
        yield from product(*(range(start // side, -(-stop // side)) for (start, stop), side in spans))

    def _segment(self, file: IO[bytes], sample: int, place: tuple[int, int]) -> AnyArray | None:
        """Decode a segment: (h, w, C); None stands for one that isn't stored."""
        down, across = (-(-length // side) for length, side in zip(self.shape[1:], self._side, strict=False))
        number = (sample * down + place[0]) * across + place[1]
        cached = self._cache.get((id(self), number))
        return self._decode(file, number) if cached is None else cached

    def _decode(self, file: IO[bytes], number: int) -> AnyArray | None:
        offset, count = self._page.dataoffsets[number], self._page.databytecounts[number]
        if not offset or not count:
            return None
        file.seek(offset)
        segment = self._key.decode(file.read(count), number, **self._tables)[0]
        return self._cache.put((id(self), number), np.asarray(segment)[0])


def decodes_by_region(page: TiffPage) -> bool:
    """Whether pages like this one need not be decoded as a whole."""
    plain = page.fillorder == page.predictor == 1 and not page.is_subsampled
    # not volumes; nor NDPI, which is one JPEG; nor what is worked on after decompression where there is none
    return page.shaped[1] == 1 and page.jpegheader is None and (page.compression != 1 or plain)


def stored_page(page: Page, byteorder: str, cache: SegmentCache) -> StoredPage:
    """Return how to decode regions of a page."""
    if _key(page).is_contiguous:
        return ContiguousPage(page, byteorder, page.dataoffsets[0])
    return SegmentedPage(page, cache)


def _key(page: Page) -> TiffPage:
    """Return the page that says what all pages of a series have in common."""
    assert page.keyframe is not None
    return page.keyframe


def _paste(segment: AnyArray, region: AnyArray, at: tuple[int, int]) -> None:
    """Copy what a segment shares with a region; where it begins is counted from the region's corner."""
    there = tuple(
        slice(max(0, start), start + length) for start, length in zip(at, segment.shape, strict=False)
    )
    shared = region[there]
    skipped = tuple(slice(max(0, -start), None) for start in at)
    shared[:] = segment[skipped][: shared.shape[0], : shared.shape[1]]
