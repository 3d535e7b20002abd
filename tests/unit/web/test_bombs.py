"""Decompression bombs in the viewer: one picture fails, in words, and the page lives on.

A bomb never has results; here it takes the place of an image that has, with the database telling its stamp and content
as those that were measured: nothing is left between it and the process that draws.
"""

import struct
import zlib
from hashlib import sha256
from io import BytesIO
from pathlib import Path

import numpy as np
import pytest
import tifffile
from PIL import Image
from sqlalchemy import update

from nuqleus.database.engine import writing
from nuqleus.database.tables import File
from nuqleus.file_stat import FileStat
from tests.unit.web.shown import SQUARES, Shown

CLAIMED = 100_000


def claiming_png(compressed: bytes, side: int = CLAIMED) -> bytes:
    """A PNG that claims a size, whatever its data hold."""
    head = struct.pack(">IIBBBBB", side, side, 8, 0, 0, 0, 0)
    parts = ((b"IHDR", head), (b"IDAT", compressed), (b"IEND", b""))
    chunks = (
        struct.pack(">I", len(data)) + kind + data + struct.pack(">I", zlib.crc32(kind + data))
        for kind, data in parts
    )
    return b"\x89PNG\r\n\x1a\n" + b"".join(chunks)


def claiming_tiff(side: int = CLAIMED) -> bytes:
    """A TIFF that claims a size, and has a strip of zeros."""
    stream = BytesIO()
    tifffile.imwrite(stream, np.zeros((64, 64), np.uint8), compression="zlib", metadata=None)
    stream.seek(0)
    with tifffile.TiffFile(stream, mode="r+") as file:
        for name in ("ImageWidth", "ImageLength", "RowsPerStrip"):
            file.pages[0].tags[name].overwrite(side, dtype="I")
        stream.seek(0)
        return stream.read()


def inflating_tiff() -> bytes:
    """A TIFF of 64 × 64 pixels, of which the only strip becomes 300 MB."""
    stream = BytesIO()
    tifffile.imwrite(stream, np.zeros((64, 64), np.uint8), compression="zlib", metadata=None)
    end = len(stream.getvalue())
    bomb = zlib.compress(bytes(300_000_000), 9)
    stream.seek(0)
    with tifffile.TiffFile(stream, mode="r+") as file:
        file.pages[0].tags["StripOffsets"].overwrite([end], dtype="I")
        file.pages[0].tags["StripByteCounts"].overwrite([len(bomb)], dtype="I")
        stream.seek(0)
        return stream.read()[:end] + bomb


def open_instead(shown: Shown, name: str, content: bytes) -> tuple[int, str]:
    """Put a file into the place of a measured image, and open it in the viewer; returns the answer."""
    path = shown.inbox / name
    if name.endswith(".png"):
        Image.fromarray(SQUARES).save(path)
    else:
        tifffile.imwrite(path, SQUARES)
    image = shown.measure(name)
    path.write_bytes(content)
    stat, digest = FileStat.of(path.stat()), sha256(content).hexdigest()
    with writing(shown.engine) as connection:
        connection.execute(update(File).where(File.path == name).values(**stat._asdict(), sha256=digest))
    answer = shown.page.get(f"/images/{image}/tiles/1/0/0")
    return answer.status_code, answer.text


@pytest.mark.parametrize(
    ("name", "content"),
    [
        ("claims.png", claiming_png(zlib.compress(bytes(1000)))),
        ("inflates.png", claiming_png(zlib.compress(bytes(100_000_000), 9))),
        ("claims.tif", claiming_tiff()),
    ],
)
def test_an_image_that_claims_ten_gigapixels_is_refused_in_words(shown, name, content):
    status, text = open_instead(shown, name, content)
    assert status == 404
    assert "pixels" in text
    assert name in text


def test_a_strip_that_inflates_to_far_more_than_the_image_takes_no_more_memory_than_the_image(shown):
    status, text = open_instead(shown, "inflates.tif", inflating_tiff())
    assert (status, "inflates.tif" in text) in ((404, True), (200, False))
    lives = [drawing for drawing in shown.site.painter._processes if drawing._process]
    assert all(peak_megabytes(drawing._process.pid) < 700 for drawing in lives)


def test_the_page_lives_on(shown):
    open_instead(shown, "last.png", claiming_png(b""))
    path = shown.inbox / "after.png"
    Image.fromarray(SQUARES).save(path)
    image = shown.measure("after.png")
    assert shown.picture(f"/images/{image}/tiles/1/0/0").shape == (48, 240, 3)


def peak_megabytes(pid: int) -> float:
    lines = Path(f"/proc/{pid}/status").read_text().splitlines()
    return next(int(line.split()[1]) for line in lines if line.startswith("VmHWM")) / 1000
