"""Files to drop: good ones whose nuclei are known, and bad ones of every kind that people drop by mistake."""

import struct
import zlib
from io import BytesIO
from pathlib import Path

import tifffile
from PIL import Image

from model.samples.drawn import FieldOfView, fluorescence, focus_stack, stained

FIELD = FieldOfView(192, 224, 16, radius=11, touching=0.3)
NUCLEI = FIELD.count


def fill_with_good_files(inbox: Path) -> dict[str, int]:
    """Write good files. Returns the number of images in each, by path."""
    (inbox / "day 1/plate").mkdir(parents=True)
    save_png(inbox / "fluorescence.png", seed=1)
    Image.fromarray(stained(FIELD, 2).pixels).save(inbox / "day 1/stained.png")
    tifffile.imwrite(inbox / "day 1/plate/A01.tif", fluorescence(FIELD, 3).pixels)
    stack = focus_stack(FIELD, 4, planes=3).pixels
    tifffile.imwrite(inbox / "stack.tif", stack, photometric="minisblack", metadata={"axes": "ZYX"})
    return {"fluorescence.png": 1, "day 1/stained.png": 1, "day 1/plate/A01.tif": 1, "stack.tif": 3}


def fill_with_bad_files(inbox: Path) -> dict[str, str]:
    """Write files that can't be processed. Returns the kind of error that each must end with, by path."""
    (inbox / "half.png").write_bytes(png_bytes(seed=5)[:-20_000])
    (inbox / "notes.tif").write_text("These are my notes, not an image.\n")
    (inbox / "empty.png").touch()
    (inbox / "huge.png").write_bytes(_header_of_a_huge_png())
    (inbox / "slide.vsi").write_bytes(b"II*\0" + bytes(60))
    return {
        "half.png": "truncated",
        "notes.tif": "not-an-image",
        "empty.png": "empty-file",
        "huge.png": "too-many-pixels",
        "slide.vsi": "unsupported-format",
    }


def fill_with_accessories(inbox: Path) -> dict[str, str]:
    """Write what acquisitions hold beside images. Returns the reason that each is ignored for, by path."""
    ignored = {f"day 1/plate/Index.{number}.xml": "metadata" for number in range(8)}
    ignored |= {"day 1/plate/A01_thumb.png": "thumbnail", "day 1/plate/A01_cp_masks.tif": "mask"}
    for path in ignored:
        (inbox / path).write_bytes(b"<no image/>")
    (inbox / "_slide_/stack1").mkdir(parents=True)
    (inbox / "_slide_/stack1/frame_t.ets").write_bytes(b"pixels")
    return {**ignored, "_slide_": "data-folder"}


def save_png(path: Path, *, seed: int) -> None:
    """Write a 16-bit PNG with NUCLEI nuclei."""
    path.write_bytes(png_bytes(seed=seed))


def png_bytes(*, seed: int) -> bytes:
    """Return what `save_png` writes."""
    file = BytesIO()
    Image.fromarray(fluorescence(FIELD, seed).pixels).save(file, format="PNG")
    return file.getvalue()


def _header_of_a_huge_png() -> bytes:
    header = _chunk(b"IHDR", struct.pack(">IIBBBBB", 100_000, 100_000, 8, 0, 0, 0, 0))
    return b"\x89PNG\r\n\x1a\n" + header + _chunk(b"IDAT", zlib.compress(bytes(1000))) + _chunk(b"IEND", b"")


def _chunk(name: bytes, data: bytes) -> bytes:
    return struct.pack(">I", len(data)) + name + data + struct.pack(">I", zlib.crc32(name + data))
