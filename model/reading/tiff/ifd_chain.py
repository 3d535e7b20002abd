"""The chain of image file directories (IFDs), one for each page of a TIFF file.

tifffile ends a chain that is cut off or bites its tail with a line in its log, and returns fewer pages; it also goes
on without a description that is cut off, which may say that pages are channels. Results would be silently wrong, so
the chain is walked here first.

Source: *TIFF Revision 6.0* (Adobe 1992), section 2; BigTIFF (Aware Systems) for the wide form.
"""

import struct
from dataclasses import dataclass
from pathlib import Path
from typing import BinaryIO

from model.errors import ImageError

BYTE_ORDERS = {b"II": "<", b"MM": ">"}

VALUE_BYTES = {
    1: 1,
    2: 1,
    3: 2,
    4: 4,
    5: 8,
    6: 1,
    7: 1,
    8: 2,
    9: 4,
    10: 8,
    11: 4,
    12: 8,
    13: 4,
    16: 8,
    17: 8,
    18: 8,
}
"""Bytes per value of each type of tag."""

ESSENTIAL_TAGS = {270, 273, 279, 320, 324, 325, 347, 50838, 50839}
"""Tags without which pages mean something else: description, places of the pixels, palette, JPEG tables, ImageJ's."""


@dataclass(frozen=True)
class IfdFormat:
    """Binary layout of an IFD: formats of `struct` for its parts."""

    count: str
    entry: str  # tag, type, number of values, the values or where they are
    pointer: str
    inline: int  # this many bytes of values fit into an entry

    @classmethod
    def of(cls, order: str, *, wide: bool) -> "IfdFormat":
        """Return the form of a classic TIFF, or of a wide one (BigTIFF)."""
        if wide:
            return cls(order + "Q", order + "HHQQ", order + "Q", 8)
        return cls(order + "H", order + "HHII", order + "I", 4)


def check_ifd_chain(path: Path, file: BinaryIO) -> None:
    """Follow the chain of IFDs from the header to its end; leaves the file at its beginning.

    Raises:
        ImageError: `truncated` where an IFD or what it needs lies beyond the end of the file, `damaged` where
            the chain is a loop or has no page.
    """
    size = file.seek(0, 2)
    form, offset = _read_header(path, file, size)
    if offset == 0:
        raise ImageError("damaged", f"{path} is a TIFF without pages: its writer probably never finished it.")
    seen: set[int] = set()
    while offset:
        if offset in seen:
            raise ImageError("damaged", f"{path} is damaged: its list of pages runs in a circle.")
        seen.add(offset)
        offset = _check_ifd(path, file, size, form, offset)
    file.seek(0)


def _read_header(path: Path, file: BinaryIO, size: int) -> tuple[IfdFormat, int]:
    start = _read(path, file, size, 0, 4)
    wide = 43 in start[2:]  # 42 in a classic TIFF
    form = IfdFormat.of(BYTE_ORDERS[start[:2]], wide=wide)
    pointer = _read(path, file, size, 8 if wide else 4, struct.calcsize(form.pointer))
    return form, struct.unpack(form.pointer, pointer)[0]


def _check_ifd(path: Path, file: BinaryIO, size: int, form: IfdFormat, offset: int) -> int:
    """Check one IFD, and return where the next one begins; 0 after the last."""
    start = struct.calcsize(form.count)
    (count,) = struct.unpack(form.count, _read(path, file, size, offset, start))
    entries = count * struct.calcsize(form.entry)
    content = _read(path, file, size, offset + start, entries + struct.calcsize(form.pointer))
    for tag, type_, values, place in struct.iter_unpack(form.entry, content[:entries]):
        length = values * VALUE_BYTES.get(type_, 1)
        if tag in ESSENTIAL_TAGS and length > form.inline and place + length > size:
            raise _truncated(path, place + length)
    following: int = struct.unpack(form.pointer, content[entries:])[0]
    return following


def _read(path: Path, file: BinaryIO, size: int, offset: int, length: int) -> bytes:
    if offset + length > size:
        raise _truncated(path, offset + length)
    file.seek(offset)
    return file.read(length)


def _truncated(path: Path, end: int) -> ImageError:
    return ImageError(
        "truncated",
        f"{path} ends too early: its list of pages needs at least {end:,} bytes. "
        "The copy was probably interrupted. Copy it again.",
    )
