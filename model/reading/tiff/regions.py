"""Lazy pixels: regions of planes that are too large to be decoded at once."""

from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np

from model.arrays import AnyArray
from model.reading.decoder_errors import as_image_error
from model.reading.tiff.photometry import Conversion
from model.reading.tiff.segments import Span, StoredPage

BAND = 1024
"""Rows that are decoded at a time where only every second, third, … one is wanted."""

ALL = slice(None)


class RegionPixels:
    """Lazily decoded pixels: `pixels[r0:r1, c0:c1]` → (h, w, C) array.

    Slices are as numpy's, but go forward only; `pixels[..., channels]` and `numpy.asarray` decode the whole plane.
    The file is opened for each slice. Slicing raises `ImageError` where the file is damaged, and `OSError` where it
    can't be read.

    Attributes:
        shape: (H, W, C).
        dtype: of the arrays that slicing gives.
    """

    def __init__(self, path: Path, pages: Sequence[StoredPage | None], conversion: Conversion) -> None:
        """Join the pages that are a plane's channels; None stands for one without stored pixels, which is zero."""
        self._path = path
        self._pages = pages
        self._conversion = conversion
        self._like = next(page for page in pages if page is not None)
        pixel = self._convert(self._like.blank((0, 1), (0, 1)))
        self.shape: tuple[int, ...] = (*self._like.shape[1:3], pixel.shape[2] * len(pages))
        self.dtype: np.dtype[Any] = pixel.dtype

    def __getitem__(self, key: Any, /) -> AnyArray:
        """Decode a region."""
        keys = key if isinstance(key, tuple) else (key,)
        keys = (ALL, ALL, *keys[1:]) if keys[0] is Ellipsis else keys
        rows, columns, channels = (*keys, ALL, ALL)[:3]
        return np.ascontiguousarray(self._region(rows, columns)[..., channels])

    def __array__(self, dtype: Any = None, copy: bool | None = None) -> AnyArray:
        """Decode the whole plane."""
        return self[:].astype(dtype or self.dtype, copy=False)

    def _region(self, rows: slice, columns: slice) -> AnyArray:
        top, bottom, down = rows.indices(self.shape[0])
        left, right, across = columns.indices(self.shape[1])
        if down == across == 1:
            return self._decode((top, bottom), (left, right))
        band = -(-BAND // down) * down
        bands = [
            self._decode((row, min(row + band, bottom)), (left, right))[::down, ::across].copy()
            for row in range(top, bottom, band)
        ]
        return np.concatenate(bands)

    def _decode(self, rows: Span, columns: Span) -> AnyArray:
        with as_image_error(self._path), self._path.open("rb") as file:
            samples = [
                self._like.blank(rows, columns) if page is None else page.read(file, rows, columns)
                for page in self._pages
            ]
            channels = [self._convert(page) for page in samples]
        return channels[0] if len(channels) == 1 else np.concatenate(channels, axis=2)

    def _convert(self, samples: AnyArray) -> AnyArray:
        """(S, h, w, C), where S or C is 1 → (h, w, channels)."""
        return self._conversion.apply(
            samples[0] if len(samples) == 1 else np.moveaxis(samples[..., 0], 0, -1)
        )
