"""Label image files, for people and other programs."""

import zlib
from collections.abc import Iterator
from pathlib import Path

import numpy as np
import tifffile

from model.arrays import Labels
from model.labels.masks import LabelImage

ENDING = ".label.tif"

BAND = 2048
"""Rows that are held at a time."""

STRIP_BYTES = 1 << 18
"""Bytes, before compression, that are compressed together: enough to find what repeats."""


def write_label_image(path: Path, labels: LabelImage) -> None:
    """Write labels (H, W) as a zlib-compressed TIFF: uint16, or uint32 where a label is above 65,535.

    Raises:
        OSError: it can't be written.
        MaskError: a stored block can't be read.
    """
    height, width = labels.shape
    highest = max(int(band.max()) for band in _bands(labels))
    dtype = np.dtype(np.uint16 if highest <= np.iinfo(np.uint16).max else np.uint32)
    rows = min(BAND, height, max(1, STRIP_BYTES // (width * dtype.itemsize)))
    strips = (
        zlib.compress(band[row : row + rows].astype(dtype).tobytes())
        for band in _bands(labels, BAND // rows * rows)
        for row in range(0, len(band), rows)
    )
    tifffile.imwrite(
        path,
        strips,
        shape=(height, width),
        dtype=dtype,
        rowsperstrip=rows,
        compression="zlib",
        photometric="minisblack",
        metadata=None,
    )


def _bands(labels: LabelImage, rows: int = BAND) -> Iterator[Labels]:
    for row in range(0, labels.shape[0], rows):
        yield labels[row : row + rows, :]
