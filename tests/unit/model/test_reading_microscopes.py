"""Zeiss CZI, Nikon ND2, Leica LIF: scenes, time points, slices, channels, pixel sizes; and what is refused."""

import sys

import numpy as np
import pytest

from model.errors import ImageError
from model.reading import read_planes

from .images import refusal
from .microscopes import write_czi, write_lif, write_nd2

NAMES = ("EGFP", "DAPI")
SHAPE = (2, 2, 3, 2, 5, 7)
"""Scenes, T, Z, C, H, W."""


def numbered(*shape: int, dtype="uint16") -> np.ndarray:
    return (np.arange(np.prod(shape)) % 60_000).reshape(shape).astype(dtype)


def as_czi(path, values, um=None):
    write_czi(path, values, NAMES, um)


def as_nd2(path, values, um=None, **options):
    write_nd2(path, np.moveaxis(values, (0, 1, 2, 3), (1, 0, 2, 5)), NAMES, um, **options)


def as_lif(path, values, um=1.0, **options):
    write_lif(path, {f"image {i}": scene for i, scene in enumerate(values)}, NAMES, um, **options)


WRITERS = pytest.mark.parametrize("write", [as_czi, as_nd2, as_lif])


@pytest.fixture
def path(tmp_path):
    return tmp_path / "a"


@WRITERS
@pytest.mark.parametrize("dtype", ["uint8", "uint16"])
def test_each_scene_time_point_and_slice_is_a_plane_with_its_channels(write, path, dtype):
    values = numbered(*SHAPE, dtype=dtype)
    write(path, values)

    planes = list(read_planes(path))

    assert [(p.scene, p.t, p.z) for p in planes] == list(np.ndindex(SHAPE[:3]))
    for plane in planes:
        expected = np.moveaxis(values[plane.scene, plane.t, plane.z], 0, -1)
        np.testing.assert_array_equal(plane.pixels, expected)
        assert plane.pixels.dtype == dtype
        assert not plane.colour


@WRITERS
def test_channels_have_names_and_pixels_a_size(write, path):
    write(path, numbered(*SHAPE), 0.325)

    plane = next(read_planes(path))

    assert plane.channel_names == NAMES
    assert plane.pixel_size_um == pytest.approx(0.325)


@pytest.mark.parametrize("write", [as_czi, as_nd2])
def test_a_size_that_is_not_stated_is_none(write, path):
    write(path, numbered(*SHAPE))

    assert next(read_planes(path)).pixel_size_um is None


def test_a_leica_file_without_dyes_names_the_colours_of_its_channels(path):
    as_lif(path, numbered(*SHAPE), dyes=False)

    assert next(read_planes(path)).channel_names == NAMES


@WRITERS
def test_a_single_plane(write, path):
    values = numbered(1, 1, 1, 2, 5, 7)
    write(path, values)

    (plane,) = read_planes(path)

    np.testing.assert_array_equal(plane.pixels, np.moveaxis(values[0, 0, 0], 0, -1))


@pytest.mark.parametrize("compression", ["zstd0:ExplicitLevel=1", "zstd1:ExplicitLevel=1"])
def test_compressed_czi(path, compression):
    values = numbered(1, 1, 1, 1, 64, 64)
    write_czi(path, values, ["DAPI"], compression_options=compression)

    (plane,) = read_planes(path)

    np.testing.assert_array_equal(plane.pixels[..., 0], values[0, 0, 0, 0])


def test_colour_czi_is_red_green_blue(path):
    from pylibCZIrw import czi

    rgb = numbered(5, 7, 3, dtype="uint8")
    with czi.create_czi(str(path), exist_ok=True) as file:
        file.write(rgb[..., ::-1].copy())  # as CZI has it

    (plane,) = read_planes(path)

    assert plane.colour
    np.testing.assert_array_equal(plane.pixels, rgb)


def test_tiles_of_a_czi_are_one_image(path):
    from pylibCZIrw import czi

    whole = numbered(10, 20)
    with czi.create_czi(str(path), exist_ok=True) as file:
        for column in (0, 10):
            file.write(whole[:, column : column + 10].copy(), location=(column, 0))

    (plane,) = read_planes(path)

    np.testing.assert_array_equal(plane.pixels[..., 0], whole)


def test_colour_nd2_is_red_green_blue(path):
    values = numbered(1, 1, 2, 5, 7, 3, dtype="uint8")
    write_nd2(path, values, ["Brightfield"], colour=True)

    planes = list(read_planes(path))

    assert [plane.z for plane in planes] == [0, 1]
    assert planes[0].colour
    np.testing.assert_array_equal(planes[1].pixels, values[0, 0, 1][..., ::-1])


def test_frames_that_an_nd2_lacks_are_no_images(path):
    as_nd2(path, numbered(*SHAPE), missing=[1, 5])

    assert len(list(read_planes(path))) == np.prod(SHAPE[:3]) - 2


def test_an_nd2_whose_list_names_what_lies_beyond_its_end_is_refused(path):
    as_nd2(path, numbered(*SHAPE))
    whole = bytearray(path.read_bytes())
    entry = whole.rindex(b"ImageDataSeq|5!") + len(b"ImageDataSeq|5!")
    whole[entry : entry + 8] = len(whole).to_bytes(8, "little")
    path.write_bytes(whole)

    assert refusal(path).kind == "truncated"


@WRITERS
def test_planes_that_are_too_large_are_refused_before_the_first(write, path):
    write(path, numbered(*SHAPE))

    assert refusal(path, max_pixels=34).kind == "too-many-pixels"
    assert len(list(read_planes(path, max_pixels=35))) == 12


@WRITERS
@pytest.mark.parametrize("share", [0.02, 0.3, 0.9, 0.999])
def test_a_file_that_was_cut_off_is_refused(write, path, share):
    write(path, numbered(*SHAPE))
    whole = path.read_bytes()
    path.write_bytes(whole[: int(len(whole) * share)])

    assert refusal(path).kind == "truncated"


@WRITERS
def test_damaged_files_are_read_or_refused_and_nothing_else(write, path):
    write(path, numbered(*SHAPE))
    whole = np.frombuffer(path.read_bytes(), np.uint8)
    random = np.random.default_rng(3)
    for _ in range(60):
        damaged = whole.copy()
        # where the structure is: pixels may be anything
        places = random.integers(0, len(whole) if write is as_czi else min(len(whole), 16_000), 12)
        damaged[places] = random.integers(0, 256, len(places))
        damaged[:10] = whole[:10]
        path.write_bytes(damaged.tobytes())
        try:
            for _ in zip(read_planes(path, max_pixels=10_000), range(50), strict=False):
                pass
        except MemoryError:
            assert write is as_czi  # whose library makes room for what a damaged file claims to hold
        except ImageError as error:
            assert error.kind in {"damaged", "truncated", "unsupported-format", "too-many-pixels"}  # noqa: PT017


@pytest.mark.parametrize(
    ("write", "library", "maker"),
    [(as_czi, "pylibCZIrw.czi", "Zeiss"), (as_nd2, "nd2", "Nikon"), (as_lif, "liffile", "Leica")],
)
def test_without_the_extra_the_message_says_how_to_get_it(write, library, maker, path, monkeypatch):
    write(path, numbered(*SHAPE))
    monkeypatch.setitem(sys.modules, library, None)

    error = refusal(path)

    assert error.kind == "unsupported-format"
    assert maker in str(error)
    assert "pip install 'nuqleus[vendor]'" in str(error)
    assert "EXTRAS=vendor" in str(error)


@WRITERS
def test_a_file_is_closed_when_nobody_wants_more_of_it(write, path, recwarn):
    write(path, numbered(*SHAPE))

    planes = read_planes(path)
    first = next(planes)
    planes.close()

    assert first.pixels.shape == (5, 7, 2)
    assert not recwarn.list
