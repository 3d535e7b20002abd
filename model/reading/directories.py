"""The chain of directories (pages) of a TIFF file.

tifffile ends a chain that is cut off or bites its tail with a line in its log, and returns fewer pages. A stack that
silently lost its end would give wrong results, so the chain is walked here first.

Source: *TIFF Revision 6.0* (Adobe 1992), section 2; BigTIFF (Aware Systems) for the wide form.
"""

import struct
from pathlib import Path
from typing import BinaryIO

from model.errors import ImageError

BYTE_ORDERS = {b"II": "<", b"MM": ">"}


def check_directories(path: Path, file: BinaryIO) -> None:
    """Follow the chain of directories from the header to its end; leaves the file at its beginning.

    Raises:
        ImageError: `truncated` where a directory lies beyond the end of the file, `damaged` where the chain is a
            loop or has no page.
    """
    size = file.seek(0, 2)
    seen: set[int] = set()
    offset, order, wide = _header(path, file)
    if offset == 0:
        raise ImageError("damaged", f"{path} is a TIFF without pages: its writer probably never finished it.")
    while offset:
        if offset in seen:
            raise ImageError("damaged", f"{path} is damaged: its list of pages runs in a circle.")
        seen.add(offset)
        offset = _next(path, file, offset, size, order, wide)
    file.seek(0)


def _header(path: Path, file: BinaryIO) -> tuple[int, str, bool]:
    file.seek(0)
    start = file.read(16)
    order = BYTE_ORDERS[start[:2]]
    wide = 43 in start[2:4]  # BigTIFF
    field = start[8:16] if wide else start[4:8]
    if len(field) < (8 if wide else 4):
        raise _cut(path, 0)
    return struct.unpack(order + ("Q" if wide else "I"), field)[0], order, wide


def _next(path: Path, file: BinaryIO, offset: int, size: int, order: str, wide: bool) -> int:
    """Return where the directory after the one at `offset` begins; 0 after the last."""
    count_format, pointer_format, entry = ("Q", "Q", 20) if wide else ("H", "I", 12)
    count_size, pointer_size = struct.calcsize(count_format), struct.calcsize(pointer_format)
    if offset + count_size > size:
        raise _cut(path, offset)
    file.seek(offset)
    (count,) = struct.unpack(order + count_format, file.read(count_size))
    end = offset + count_size + count * entry
    if end + pointer_size > size:
        raise _cut(path, offset)
    file.seek(end)
    following: int = struct.unpack(order + pointer_format, file.read(pointer_size))[0]
    return following


def _cut(path: Path, offset: int) -> ImageError:
    return ImageError(
        "truncated",
        f"{path} ends too early: its list of pages goes on at byte {offset:,}, beyond the end of the file. "
        "The copy was probably interrupted. Copy it again.",
    )
