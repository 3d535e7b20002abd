"""Every reader opens a file through its path's `open`, and nowhere else: that is where a worker's sandbox is.

The path in these tests has a name that leads nowhere: whoever opens a file by its name, in Python or in C, finds none.
"""

import io
from pathlib import Path, PosixPath

import numpy as np
import pytest
import tifffile
from PIL import Image

from model.hashing import hash_file
from model.reading import read_planes
from model.reading.planes import READERS, FileFormat
from tests.unit.model.microscopes import write_czi, write_lif, write_nd2

GRAY = np.arange(48 * 64, dtype=np.uint8).reshape(48, 64)
STACK = GRAY.reshape(1, 1, 1, 1, 48, 64).astype(np.uint16)
"""Scenes, T, Z, C, H, W."""


class NamelessPath(PosixPath):
    """Names nothing; `open` gives the file of another path."""

    content: Path

    def open(self, mode: str = "rb", **options: object) -> io.BufferedReader:
        return self.content.open(mode, **options)


def picture(path: Path, kind: str) -> None:
    Image.fromarray(GRAY).save(path, kind)


WRITERS = {
    FileFormat.PNG: lambda path: picture(path, "png"),
    FileFormat.JPEG: lambda path: picture(path, "jpeg"),
    FileFormat.BMP: lambda path: picture(path, "bmp"),
    FileFormat.TIFF: lambda path: tifffile.imwrite(path, GRAY, tile=(16, 16), compression="zlib"),
    FileFormat.CZI: lambda path: write_czi(path, STACK, ("DAPI",)),
    FileFormat.ND2: lambda path: write_nd2(path, np.moveaxis(STACK, (0, 1, 2, 3), (1, 0, 2, 5)), ("DAPI",)),
    FileFormat.LIF: lambda path: write_lif(path, {"image": STACK[0]}, ("DAPI",), 1.0),
}


@pytest.fixture
def nameless(tmp_path):
    def nameless(write):
        write(tmp_path / "there")
        path = NamelessPath("/nowhere/at/all")
        path.content = tmp_path / "there"
        return path

    return nameless


def pixels_of(path: Path) -> list[np.ndarray]:
    return [np.asarray(plane.pixels)[::1, ::1] for plane in read_planes(path)]


def test_every_format_is_tried():
    assert WRITERS.keys() == READERS.keys()


@pytest.mark.parametrize("file_format", WRITERS, ids=lambda file_format: file_format.value)
def test_a_reader_opens_through_the_path(nameless, file_format):
    path = nameless(WRITERS[file_format])

    pixels = pixels_of(path)

    assert all(np.array_equal(*pair) for pair in zip(pixels, pixels_of(path.content), strict=True))
    assert pixels[0].shape[:2] == (48, 64)


OME = {"ome": True, "metadata": {"axes": "ZYX"}}
TIFFS = {
    "tiles": {"tile": (16, 16), "compression": "zlib"},
    "strips": {"rowsperstrip": 5, "compression": "lzw"},
    "uncompressed": {},
    "BigTIFF": {"bigtiff": True, "tile": (16, 16)},
}


@pytest.mark.parametrize("options", TIFFS.values(), ids=TIFFS)
def test_so_does_one_that_decodes_region_by_region(nameless, options, monkeypatch):
    monkeypatch.setattr("model.reading.plane.LARGE", 100)
    path = nameless(lambda path: tifffile.imwrite(path, GRAY, **options))

    (plane,) = read_planes(path)

    assert not isinstance(plane.pixels, np.ndarray)
    np.testing.assert_array_equal(plane.pixels[10:40, 20:50][..., 0], GRAY[10:40, 20:50])


@pytest.mark.parametrize("options", [OME, {}], ids=["OME", "plain"])
def test_so_does_one_of_stacks(nameless, options):
    path = nameless(
        lambda path: tifffile.imwrite(path, np.stack([GRAY] * 4), photometric="minisblack", **options)
    )

    assert len(pixels_of(path)) == 4


def test_a_checksum_is_taken_through_the_path(nameless):
    path = nameless(WRITERS[FileFormat.PNG])

    assert hash_file(path) == hash_file(path.content)
