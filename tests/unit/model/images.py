"""Small image files made by hand, byte by byte, where no library writes what a test needs."""

import struct
import zlib
from collections.abc import Mapping, Sequence

import numpy as np
import pytest

from model.errors import ImageError
from model.reading import Plane, read_planes

GRAY, RGB, PALETTE, GRAY_ALPHA, RGBA = 0, 2, 3, 4, 6
"""Colour types of PNG."""


def only(path) -> Plane:
    """The plane of a file that must have exactly one."""
    (plane,) = read_planes(path)
    return plane


def refusal(path, **options) -> ImageError:
    """The error that reading all planes of a file ends with; it names the file."""
    with pytest.raises(ImageError) as refused:
        for _ in read_planes(path, **options):
            pass
    assert str(refused.value).startswith(str(path))
    return refused.value


def ramp(height: int = 5, width: int = 7, dtype="uint8", channels: int | None = None) -> np.ndarray:
    """(height, width[, channels]) values 1, 3, 5, …: no two pixels alike."""
    shape = (height, width) if channels is None else (height, width, channels)
    return (np.arange(np.prod(shape)) * 2 + 1).reshape(shape).astype(dtype)


def pack(values: np.ndarray, bits: int) -> list[bytes]:
    """Rows of values as bytes, most significant bit first, each row padded to whole bytes."""
    rows = values.reshape(values.shape[0], -1).astype(np.int64)
    spread = (rows[..., None] >> np.arange(bits)[::-1]) & 1
    return [row.tobytes() for row in np.packbits(spread.reshape(len(rows), -1).astype(np.uint8), axis=1)]


def png(values: np.ndarray, bits: int, colour_type: int, *chunks: tuple[bytes, bytes]) -> bytes:
    """A PNG file; `chunks` come before the pixels (palette, resolution, …)."""
    height, width = values.shape[:2]
    header = struct.pack(">IIBBBBB", width, height, bits, colour_type, 0, 0, 0)
    pixels = zlib.compress(b"".join(b"\0" + row for row in pack(values, bits)))
    every = [(b"IHDR", header), *chunks, (b"IDAT", pixels), (b"IEND", b"")]
    return b"\x89PNG\r\n\x1a\n" + b"".join(png_chunk(*chunk) for chunk in every)


def png_chunk(name: bytes, data: bytes) -> bytes:
    return struct.pack(">I", len(data)) + name + data + struct.pack(">I", zlib.crc32(name + data))


def png_header(width: int, height: int) -> bytes:
    """The beginning of an 8-bit gray PNG of any claimed size, and a few pixels."""
    whole = png(np.zeros((1, 1)), 8, GRAY)
    header = struct.pack(">IIBBBBB", width, height, 8, GRAY, 0, 0, 0)
    return whole[:8] + png_chunk(b"IHDR", header) + whole[8 + 25 :]


def tiff(
    width: int,
    height: int,
    tags: Mapping[int, int | Sequence[int]],
    pixels: bytes = b"",
    *,
    following: int = 0,
) -> bytes:
    """A little-endian TIFF with one directory at byte 8 and the pixels in one strip behind it.

    Args:
        width: ImageWidth.
        height: ImageLength.
        tags: further tags, or other values for the usual ones; written as LONG, several values behind the directory.
        pixels: the strip.
        following: offset of the next directory.
    """
    usual = {256: width, 257: height, 258: 8, 259: 1, 262: 1, 273: 0, 277: 1, 278: height, 279: len(pixels)}
    entries = {
        tag: [value] if isinstance(value, int) else list(value) for tag, value in {**usual, **tags}.items()
    }
    behind = 8 + 2 + 12 * len(entries) + 4
    extra = b"".join(struct.pack(f"<{len(v)}I", *v) for v in entries.values() if len(v) > 1)
    if entries[273] == [0]:
        entries[273] = [behind + len(extra)]
    directory = b""
    for tag, values in sorted(entries.items()):
        directory += struct.pack("<HHII", tag, 4, len(values), values[0] if len(values) == 1 else behind)
        behind += 4 * len(values) if len(values) > 1 else 0
    start = struct.pack("<2sHIH", b"II", 42, 8, len(entries))
    return start + directory + struct.pack("<I", following) + extra + pixels
