"""Reader of one series of a TIFF: pages alike → planes.

Never lets a series that lost pages or bytes pass. Values stay as stored (a 12-bit camera gives 0..4095), except that
MinIsWhite is inverted and colour becomes RGB. The Orientation tag is ignored, as ImageJ, Bio-Formats and tifffile do,
so that masks lie on the image that they show.
"""

import math
from collections.abc import Iterable, Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import tifffile
from numpy.typing import NDArray
from tifffile import TiffFile, TiffFrame, TiffPage, TiffPageSeries

from model.errors import ImageError
from model.reading.decoder_errors import as_image_error
from model.reading.metadata import ImageMetadata, align_channels
from model.reading.plane import Pixels, Plane, check_size, is_large, with_metadata
from model.reading.single_colour import gray_if_single_colour
from model.reading.tiff.layout import PIXEL, SAMPLE, Index, Layout
from model.reading.tiff.photometry import JPEGS, Conversion, UnsupportedPixelsError, conversion
from model.reading.tiff.regions import RegionPixels
from model.reading.tiff.sample_kinds import sample_kinds
from model.reading.tiff.segments import (
    ContiguousPage,
    SegmentCache,
    StoredPage,
    decodes_by_region,
    stored_page,
)


class SeriesReader:
    """Reader of a series of pages alike."""

    def __init__(
        self, path: Path, tif: TiffFile, series: TiffPageSeries, metadata: ImageMetadata, pages: str | None
    ) -> None:
        """Decide how pages become planes.

        Args:
            path: of the file.
            tif: the file, opened.
            series: some pages of it.
            metadata: what the file says about them.
            pages: the axis that they count, where that is known better than the series says.
        """
        self.path = path
        self.tif = tif
        self.series = series
        self.page: TiffPage = series.keyframe
        self.conversion: Conversion = _conversion(path, tif, series)
        self.layout = Layout.of(series, colour=self.conversion.colour, pages=pages)
        self.metadata = metadata

    def check(self, max_pixels: int) -> None:
        """Refuse planes that are too large, and pixels that can't be decoded, from the header alone.

        Raises:
            ImageError: `too-many-pixels`, `damaged` or `unsupported-format`.
        """
        check_size(self.path, self.page.imagelength, self.page.imagewidth, self.layout.channels, max_pixels)
        # a decoder takes the memory of a whole tile, however little of it lies in the image
        if self.page.is_tiled and self.page.tilewidth * self.page.tilelength > max_pixels:
            raise ImageError(
                "damaged", f"{self.path} is damaged: its tiles claim to be larger than any image."
            )
        if self.page.compression not in tifffile.TIFF.DECOMPRESSORS:
            raise _unknown_compression(self.path, self.page)

    def planes(self, first_scene: int) -> Iterator[Plane]:
        """Read the planes one by one; places without any stored page are skipped (OME allows them)."""
        groups = list(self.layout.page_groups())
        with as_image_error(self.path):
            stored = self._stored_channels([numbers for _, numbers in groups])
        about = self._metadata_of(stored, len(groups[0][1]))
        for place, numbers in groups:
            with as_image_error(self.path):
                images = self._images([numbers[channel] for channel in stored])
            for within, pixels in images:
                scene, t, z = self.layout.position(place + within)
                yield self._plane(pixels, about, first_scene + scene, t, z)

    def _stored_channels(self, groups: list[list[int]]) -> list[int]:
        """Return which channels have a page at any place: those of an OME set may lie in another file."""
        everywhere = range(len(groups[0]))
        if len(self.series) < self.layout.pages:
            return list(everywhere)
        return [c for c in everywhere if any(self.series[numbers[c]] is not None for numbers in groups)]

    def _metadata_of(self, stored: list[int], pages: int) -> ImageMetadata:
        """Return the metadata with those channels only that are stored; pages may have several samples each."""
        channels = self.metadata.channels
        if len(channels) > pages:
            return self.metadata
        aligned = align_channels(channels, pages)
        return replace(self.metadata, channels=tuple(aligned[channel] for channel in stored if aligned))

    def _images(self, numbers: list[int]) -> Iterable[tuple[Index, Pixels]]:
        """Return the images in the pages of one place, with their index within the page."""
        regions = self._regions(numbers) if self._is_large else None
        if regions is not None:
            return [((), regions)]
        block = self._block(numbers)
        return () if block is None else self.layout.split(block)

    @property
    def _is_large(self) -> bool:
        """Whether a page is one image, and larger than should be decoded at once."""
        one = self.layout.inner[0].replace(SAMPLE, "") == PIXEL
        return one and is_large(self.page.imagelength, self.page.imagewidth)

    def _regions(self, numbers: list[int]) -> RegionPixels | None:
        """Return the pages of one place, to be decoded by regions; None if they can't be, or none is stored."""
        if not decodes_by_region(self.page):
            return None
        cache = SegmentCache()
        pages = [self._by_region(number, cache) for number in numbers]
        return RegionPixels(self.path, pages, self.conversion) if any(pages) else None

    def _by_region(self, number: int, cache: SegmentCache) -> StoredPage | None:
        if len(self.series) < self.layout.pages:
            return ContiguousPage(self.page, self.tif.byteorder, self._contiguous_offset(number))
        page = self.series[number]
        if page is None:
            return None
        _check_bytes(self.path, page, self.tif.filehandle.size)
        self._check_shape(page, page.shape)
        return stored_page(page, self.tif.byteorder, cache)

    def _plane(self, pixels: Pixels, about: ImageMetadata, scene: int, t: int, z: int) -> Plane:
        plane = with_metadata(Plane(pixels, colour=self.conversion.colour, scene=scene, t=t, z=z), about)
        if plane.colour and self.layout.pages == 1:
            return gray_if_single_colour(plane, lossy=self.page.compression in JPEGS)
        return plane

    def _block(self, numbers: list[int]) -> NDArray[Any] | None:
        """Return the pages of one place, (axes of a page without S, channels); None if none is stored."""
        pages = [self._samples(number) for number in numbers]
        stored = next((page for page in pages if page is not None), None)
        if stored is None:
            return None
        filled = [np.zeros_like(stored) if page is None else page for page in pages]
        return filled[0] if len(filled) == 1 else np.concatenate(filled, axis=-1)

    def _samples(self, number: int) -> NDArray[Any] | None:
        """Decode a page: (axes of a page without S, channels)."""
        stored = self._stored(number)
        if stored is None:
            return None
        axes = self.layout.inner[0]
        samples = np.moveaxis(stored, axes.index("S"), -1) if "S" in axes else stored[..., None]
        return self.conversion.apply(samples)

    def _stored(self, number: int) -> NDArray[Any] | None:
        if len(self.series) >= self.layout.pages:
            page = self.series[number]
            return None if page is None else self._decoded(page)
        return self._read_contiguous(number)

    def _decoded(self, page: TiffPage | TiffFrame) -> NDArray[Any]:
        _check_bytes(self.path, page, self.tif.filehandle.size)
        pixels = page.asarray()
        self._check_shape(page, pixels.shape)
        return pixels

    def _check_shape(self, page: TiffPage | TiffFrame, shape: tuple[int, ...]) -> None:
        if shape != self.page.shape:
            raise ValueError(
                f"page {page.index} is {shape}, unlike the others of its stack: {self.page.shape}"
            )

    def _read_contiguous(self, number: int) -> NDArray[Any]:
        """Read a page of a stack that has one directory only, with the pixels of all pages behind each other."""
        self.tif.filehandle.seek(self._contiguous_offset(number))
        dtype = self.series.dtype.newbyteorder(self.tif.byteorder)
        return self.tif.filehandle.read_array(dtype, math.prod(self.page.shape)).reshape(self.page.shape)

    def _contiguous_offset(self, number: int) -> int:
        """Return where in the file such a page begins."""
        offset = self.series.dataoffset
        if offset is None:
            raise ValueError(f"{self.layout.pages} pages announced, {len(self.series)} found")
        start = offset + number * self.page.nbytes
        if start + self.page.nbytes > self.tif.filehandle.size:
            raise _truncated(self.path, number)
        return int(start)


def _conversion(path: Path, tif: TiffFile, series: TiffPageSeries) -> Conversion:
    kinds = sample_kinds(path, tif, series)
    is_display = bool(tif.is_imagej or tif.is_ome)
    try:
        return conversion(
            series.keyframe,
            kinds.alpha,
            palette_is_display=is_display,
            samples_are_channels=kinds.are_channels,
        )
    except UnsupportedPixelsError as error:
        raise ImageError(
            "unsupported-format", f"{path} can't be read: {error}. Save it as gray or RGB."
        ) from error


def _unknown_compression(path: Path, page: TiffPage) -> ImageError:
    try:
        name = tifffile.COMPRESSION(page.compression).name
    except ValueError:
        name = "unknown"
    return ImageError(
        "unsupported-format",
        f"{path} is compressed with {name} (TIFF compression {int(page.compression)}), which can't be read. "
        "Save it uncompressed, or with LZW, deflate or zstd.",
    )


def _check_bytes(path: Path, page: TiffPage | TiffFrame, size: int) -> None:
    """Refuse a page whose data lie beyond the end of the file: some decoders would fill up with gray."""
    needed = [page.nbytes] if page.is_contiguous else page.databytecounts
    if any(offset + count > size for offset, count in zip(page.dataoffsets, needed, strict=False)):
        raise _truncated(path, page.index)
    if not page.is_contiguous and len(page.dataoffsets) < math.prod(page.chunked):
        raise ImageError("damaged", f"{path} is damaged: page {page.index} lacks a part of its pixels.")


def _truncated(path: Path, page: Any) -> ImageError:
    return ImageError(
        "truncated",
        f"{path} ends too early: the pixels of page {page} lie beyond the end of the file. "
        "The copy was probably interrupted. Copy it again.",
    )
