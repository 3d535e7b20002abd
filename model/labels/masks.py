"""Stored masks: a label image in blocks of bytes, each a TIFF that any tool opens.

A block is a plain one-page TIFF, zlib-compressed, of unsigned 16-bit integers, or 32-bit where a label is above
65,535 or the image was too large to be worked on at once. All blocks of a mask have the same dtype. Small images are
one block.
"""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from io import BytesIO
from typing import Protocol

import numpy as np
import tifffile
from numpy.typing import NDArray

from model.arrays import AnyLabels, Labels
from model.errors import MaskError

BLOCK_SIDE = 2048
ENCODING = "tiff-zlib"


@dataclass(frozen=True)
class MaskBlock:
    """A rectangle of a label image.

    Attributes:
        row0: its first row in the image.
        col0: its first column.
        height: its rows.
        width: its columns.
        encoding: how `data` is encoded; `tiff-zlib`.
        data: the label image of the rectangle; labels are the image's.
    """

    row0: int
    col0: int
    height: int
    width: int
    encoding: str
    data: bytes


def encode_mask(labels: AnyLabels) -> list[MaskBlock]:
    """Encode a label image (H, W) in blocks of at most 2048 × 2048 pixels.

    Raises:
        ValueError: not two-dimensional, empty, or labels that no unsigned 32-bit integer holds.
    """
    dtype = _block_dtype(labels)
    return [
        _encode(labels[row0 : row0 + BLOCK_SIDE, col0 : col0 + BLOCK_SIDE].astype(dtype), row0, col0)
        for row0, col0 in _corners(*labels.shape)
    ]


def encode_block(labels: AnyLabels, row0: int, col0: int) -> MaskBlock:
    """Encode a block (h, w) of a label image that is not known as a whole yet, in 32 bits."""
    return _encode(labels.astype(np.uint32, copy=False), row0, col0)


class LazyLabelImage:
    """Label image in blocks, which are decoded where it is sliced: `mask[r0:r1, c0:c1]` → int32 array.

    Slices are as numpy's, but go forward only.

    Attributes:
        shape: (H, W).

    Raises:
        MaskError: a block lies outside of the image; or the blocks don't cover each pixel once. When slicing: a block
            can't be read, or has another size than it says.
    """

    def __init__(self, blocks: Iterable[MaskBlock], height: int, width: int) -> None:
        self.shape = height, width
        self._blocks = list(blocks)
        _check_cover(self._blocks, height, width)

    def __getitem__(self, key: tuple[slice, slice], /) -> Labels:
        """Put a region together."""
        rows, columns = (range(*side.indices(length)) for side, length in zip(key, self.shape, strict=True))
        region = np.zeros((len(rows), len(columns)), np.int32)
        for block in self._blocks:
            row_in, row_of = _shared(rows, block.row0, block.height)
            column_in, column_of = _shared(columns, block.col0, block.width)
            if region[row_in, column_in].size:
                region[row_in, column_in] = _decode(block)[row_of, column_of]
        return region


class LabelImage(Protocol):
    """(H, W), 0 background, 1..N nuclei: to be sliced by rows and columns, `labels[r0:r1, c0:c1]`."""

    @property
    def shape(self) -> tuple[int, ...]:
        """(H, W)."""

    def __getitem__(self, key: tuple[slice, slice], /) -> Labels:
        """Return a region."""


def _shared(wanted: range, first: int, length: int) -> tuple[slice, slice]:
    """Return which of the wanted rows (or columns) lie in a block, counted among those wanted and in the block."""
    skipped = max(0, -(-(first - wanted.start) // wanted.step))
    until = max(skipped, min(len(wanted), -(-(first + length - wanted.start) // wanted.step)))
    start = wanted.start + skipped * wanted.step - first
    return slice(skipped, until), slice(start, start + (until - skipped) * wanted.step, wanted.step)


def _check_cover(blocks: list[MaskBlock], height: int, width: int) -> None:
    covered = 0
    for i, block in enumerate(blocks):
        rows, columns = _place(block, height, width)
        for other in blocks[:i]:
            beside = other.row0 >= rows.stop or rows.start >= other.row0 + other.height
            if not (beside or other.col0 >= columns.stop or columns.start >= other.col0 + other.width):
                raise MaskError(f"{_name(block)} overlaps another block of the mask")
        covered += block.height * block.width
    if covered < height * width:
        missing = height * width - covered
        raise MaskError(f"blocks are missing: {missing} of {height * width} pixels of the mask are in none")


def _block_dtype(labels: AnyLabels) -> type[np.unsignedinteger]:
    if labels.ndim != 2 or not labels.size:
        raise ValueError(f"a label image has rows and columns; received shape {labels.shape}")
    lowest, highest = int(labels.min()), int(labels.max())
    if lowest < 0 or highest > np.iinfo(np.int32).max:
        raise ValueError(f"labels must be 0 to {np.iinfo(np.int32).max}; received {lowest} to {highest}")
    return np.uint16 if highest <= np.iinfo(np.uint16).max else np.uint32


def _corners(height: int, width: int) -> Iterator[tuple[int, int]]:
    for row0 in range(0, height, BLOCK_SIDE):
        for col0 in range(0, width, BLOCK_SIDE):
            yield row0, col0


def _encode(pixels: NDArray[np.unsignedinteger], row0: int, col0: int) -> MaskBlock:
    height, width = pixels.shape
    return MaskBlock(row0, col0, height, width, ENCODING, _encode_tiff(pixels))


def _encode_tiff(pixels: NDArray[np.unsignedinteger]) -> bytes:
    """Return a one-page TIFF in one strip, which every reader takes, and the same bytes for the same labels."""
    stream = BytesIO()
    tifffile.imwrite(
        stream,
        pixels,
        photometric="minisblack",
        compression="zlib",
        rowsperstrip=len(pixels),
        metadata=None,
        software=False,
    )
    return stream.getvalue()


def _place(block: MaskBlock, height: int, width: int) -> tuple[slice, slice]:
    rows, cols = (block.row0, block.row0 + block.height), (block.col0, block.col0 + block.width)
    if min(rows + cols) < 0 or rows[1] > height or cols[1] > width:
        raise MaskError(f"{_name(block)} lies outside of a mask of {height} × {width} pixels")
    return slice(*rows), slice(*cols)


def _decode(block: MaskBlock) -> AnyLabels:
    if block.encoding != ENCODING:
        raise MaskError(f"{_name(block)} is encoded as {block.encoding!r}; this version reads {ENCODING!r}")
    try:
        labels = tifffile.imread(BytesIO(block.data))
    except Exception as error:  # tifffile and its codecs raise whatever they stumble over
        raise MaskError(f"{_name(block)} can't be read: {error}") from error
    if labels.shape != (block.height, block.width):
        raise MaskError(
            f"{_name(block)} should be {block.height} × {block.width}; its data is {labels.shape}"
        )
    return labels


def _name(block: MaskBlock) -> str:
    return f"the mask block at row {block.row0}, column {block.col0}"
