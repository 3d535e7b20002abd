"""Large planes are decoded where somebody asks: the same pixels as decoded at once, from the tiles in question only."""

from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
import tifffile

from model.errors import ImageError
from model.reading import Plane, read_planes
from model.reading.tiff import segments
from model.reading.tiff.regions import RegionPixels

GRAY = np.random.default_rng(0).integers(0, 60_000, (150, 170), np.uint16)
COLOUR = np.random.default_rng(1).integers(0, 255, (150, 170, 3), np.uint8)
STACK = np.random.default_rng(2).integers(0, 60_000, (3, 150, 170), np.uint16)

REGIONS = [
    np.s_[0:150, 0:170],
    np.s_[40:97, 3:160],
    np.s_[149:150, 169:170],
    np.s_[::7, ::7],
    np.s_[10::3, 5:99:2],
    np.s_[90:, :20],
    np.s_[:],
    np.s_[5:5, 0:9],
    np.s_[200:300, 0:9],
]

STORAGE = {
    "tiles": {"tile": (32, 48), "compression": "zlib"},
    "tiles, predicted": {"tile": (32, 48), "compression": "zstd", "predictor": True},
    "strips": {"rowsperstrip": 11, "compression": "lzw"},
    "one strip": {"rowsperstrip": 150, "compression": "zlib"},
    "uncompressed": {},
    "uncompressed, other byte order": {"byteorder": ">"},
    "uncompressed tiles": {"tile": (16, 16)},
    "BigTIFF": {"tile": (64, 64), "bigtiff": True, "compression": "zlib"},
}


@pytest.fixture(autouse=True)
def everything_is_large(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("model.reading.plane.LARGE", 0)


@pytest.fixture
def written(tmp_path: Path) -> Callable[..., Plane]:
    def write(pixels: np.ndarray, *, byteorder: str = "=", **options: object) -> Plane:
        with tifffile.TiffWriter(
            tmp_path / "a.tif", byteorder=byteorder, bigtiff=options.pop("bigtiff", False)
        ) as file:
            file.write(pixels, **{"photometric": "minisblack", **options})
        (plane,) = read_planes(tmp_path / "a.tif")
        return plane

    return write


def assert_same(plane: Plane, whole: np.ndarray) -> None:
    assert isinstance(plane.pixels, RegionPixels)
    assert plane.pixels.shape == whole.shape
    assert plane.pixels.dtype == whole.dtype
    for region in REGIONS:
        np.testing.assert_array_equal(plane.pixels[region], whole[region])
    np.testing.assert_array_equal(np.asarray(plane.pixels), whole)


@pytest.mark.parametrize("storage", STORAGE)
def test_a_region_is_what_slicing_the_whole_gives(written, storage: str):
    assert_same(written(GRAY, **STORAGE[storage]), GRAY[..., None])


@pytest.mark.parametrize("storage", STORAGE)
@pytest.mark.parametrize("planar", ["contig", "separate"])
def test_so_it_is_in_colour(written, storage: str, planar: str):
    stored_as = COLOUR if planar == "contig" else np.moveaxis(COLOUR, -1, 0)
    plane = written(stored_as, photometric="rgb", planarconfig=planar, **STORAGE[storage])

    assert plane.colour == (planar == "contig")
    assert_same(plane, COLOUR)


def test_inverted_values_are_turned_in_every_region(written):
    assert_same(written(GRAY, photometric="miniswhite", tile=(32, 48)), 65_535 - GRAY[..., None])


def test_single_bits_are_numbers(written):
    assert_same(
        written(GRAY > 30_000, tile=(32, 48), compression="zlib"), (GRAY > 30_000).astype(np.uint8)[..., None]
    )


def test_pages_that_are_channels_are_joined(written):
    plane = written(STACK, tile=(32, 48), compression="zlib", metadata={"axes": "CYX"})

    assert_same(plane, np.moveaxis(STACK, 0, -1))
    np.testing.assert_array_equal(plane.pixels[..., 1:2], STACK[1][..., None])


def test_a_stack_that_has_one_directory_only_is_read_behind_it(tmp_path: Path):
    tifffile.imwrite(tmp_path / "a.tif", STACK, imagej=True, metadata={"axes": "ZYX"})

    for plane in read_planes(tmp_path / "a.tif"):
        assert_same(plane, STACK[plane.z][..., None])


def test_only_the_tiles_in_question_are_decoded(written, monkeypatch: pytest.MonkeyPatch):
    plane = written(GRAY, tile=(16, 16), compression="zlib")
    decoded = count_decoded(monkeypatch)

    plane.pixels[20:40, 20:40]

    assert len(decoded) == 4


def test_a_tile_is_decoded_once_for_neighbouring_regions(written, monkeypatch: pytest.MonkeyPatch):
    plane = written(GRAY, tile=(16, 16), compression="zlib")
    decoded = count_decoded(monkeypatch)

    plane.pixels[20:40, 20:40]
    plane.pixels[20:40, 25:45]

    assert len(decoded) == 4


def test_tiles_that_nobody_wanted_for_long_are_let_go(written, monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setattr(segments, "CACHE_BYTES", 3 * 16 * 16 * 2)
    plane = written(GRAY, tile=(16, 16), compression="zlib")
    decoded = count_decoded(monkeypatch)

    for column in (0, 16, 32, 48, 0):
        plane.pixels[0:10, column : column + 10]

    assert len(decoded) == 5


def test_damage_is_found_where_it_lies(tmp_path: Path):
    path = tmp_path / "a.tif"
    tifffile.imwrite(path, GRAY, tile=(32, 48), compression="zlib")
    with tifffile.TiffFile(path) as file:
        last = file.pages[0].dataoffsets[-1]
    data = bytearray(path.read_bytes())
    data[last : last + 20] = bytes(20)
    path.write_bytes(data)
    (plane,) = read_planes(path)

    np.testing.assert_array_equal(plane.pixels[:30, :30], GRAY[:30, :30, None])
    with pytest.raises(ImageError) as damage:
        plane.pixels[140:, 160:]

    assert damage.value.kind == "damaged"
    assert str(path) in str(damage.value)


def test_a_file_that_ends_too_early_is_refused_before_anything_is_decoded(tmp_path: Path):
    path = tmp_path / "a.tif"
    tifffile.imwrite(path, GRAY, tile=(32, 48))
    path.write_bytes(path.read_bytes()[:-100])

    with pytest.raises(ImageError) as refused:
        next(read_planes(path))

    assert refused.value.kind == "truncated"


def count_decoded(monkeypatch: pytest.MonkeyPatch) -> list[int]:
    numbers: list[int] = []
    decode = segments.SegmentedPage._decode

    def counted(page: segments.SegmentedPage, file: object, number: int) -> np.ndarray | None:
        numbers.append(number)
        return decode(page, file, number)

    monkeypatch.setattr(segments.SegmentedPage, "_decode", counted)
    return numbers
