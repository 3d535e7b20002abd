"""File formats, recognised by a file's first bytes (its signature)."""

from enum import Enum
from pathlib import Path

from model.errors import ImageError
from model.reading.unsupported_formats import format_refusal, preview_refusal

SUFFIXES = (".png", ".jpg", ".jpeg", ".bmp", ".tif", ".tiff", ".btf", ".tf8", ".czi", ".nd2", ".lif")
"""The usual endings of files that can be read; for people and dialogs, as reading goes by content."""

SIGNATURE_BYTES = 212
"""Bytes that tell a format: MRC's signature is the last of them."""


class FileFormat(Enum):
    """File formats that can be read."""

    PNG = "PNG"
    JPEG = "JPEG"
    BMP = "BMP"
    TIFF = "TIFF"
    CZI = "CZI"
    ND2 = "ND2"
    LIF = "LIF"


SIGNATURES = {
    b"\x89PNG": FileFormat.PNG,
    b"\xff\xd8\xff": FileFormat.JPEG,
    b"II*\0": FileFormat.TIFF,
    b"MM\0*": FileFormat.TIFF,
    b"II+\0": FileFormat.TIFF,  # BigTIFF
    b"MM\0+": FileFormat.TIFF,
    b"ZISRAWFILE": FileFormat.CZI,
    b"\xda\xce\xbe\x0a": FileFormat.ND2,
    b"\x70\0\0\0": FileFormat.LIF,
}

BMP_HEADERS = {12, 16, 40, 52, 56, 64, 108, 124}
"""Sizes of the header after the file header; "BM" alone also begins many a text."""

LFS_POINTER = b"version https://git-lfs.github.com/spec/"


def sniff(path: Path) -> FileFormat:
    """Recognise the format of a file.

    Raises:
        ImageError: `empty-file`, `git-lfs-pointer`, `unsupported-format` or `not-an-image`.
        OSError: the file can't be opened.
    """
    with path.open("rb") as file:
        head = file.read(SIGNATURE_BYTES)
    found = _match_signature(head)
    refused = _refuse(path, head) if found is None else preview_refusal(path)
    if refused:
        raise refused
    assert found is not None
    return found


def _match_signature(head: bytes) -> FileFormat | None:
    if head[:2] == b"BM" and int.from_bytes(head[14:18], "little") in BMP_HEADERS:
        return FileFormat.BMP
    return next((content for start, content in SIGNATURES.items() if head.startswith(start)), None)


def _refuse(path: Path, head: bytes) -> ImageError:
    if not head:
        return ImageError("empty-file", f"{path} is empty (zero bytes). Copy it again.")
    if head.startswith(LFS_POINTER):
        return ImageError(
            "git-lfs-pointer",
            f"{path} is a Git LFS pointer, not the image itself. Fetch the image with 'git lfs pull'.",
        )
    return format_refusal(path, head) or ImageError(
        "not-an-image",
        f"{path} is not an image: it {_describe_content(head)}. Use PNG, JPEG, BMP, TIFF, CZI, ND2 or LIF.",
    )


def _describe_content(head: bytes) -> str:
    if not any(head):
        return "begins with zero bytes only, as left by an interrupted copy"
    text = head.decode("utf-8", errors="ignore").split("\n")[0].strip()
    if text and text.isprintable():
        return f"is text that begins with {text[:40]!r}"
    return f"begins with the bytes {head[:8].hex(' ')}"
