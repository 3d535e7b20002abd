"""z-stacks made one image: the brightest value or the mean of each pixel, without the stack in memory."""

import tracemalloc

import numpy as np
import pytest
import tifffile

from model.reading import Plane, projection, read_planes
from model.reading.metadata import ChannelMetadata
from model.reading.projection import project


def stack(values: np.ndarray, **place: int) -> list[Plane]:
    """(Z, H, W, C) → its planes."""
    return [
        Plane(pixels, colour=False, z=z, channels=(ChannelMetadata("DAPI"),), **place)
        for z, pixels in enumerate(values)
    ]


def numbers(dtype: str, shape=(5, 4, 3, 2)) -> np.ndarray:
    return np.random.default_rng(1).integers(0, 100, shape).astype(dtype)


@pytest.mark.parametrize("dtype", ["uint8", "int16", "uint16", "uint32", "float32", "float64", "bool"])
def test_the_brightest_value_keeps_the_dtype(dtype: str):
    values = numbers(dtype)

    (image,) = project(stack(values), "max")

    assert image.pixels.dtype == dtype
    np.testing.assert_array_equal(image.pixels, values.max(axis=0))


@pytest.mark.parametrize(
    ("dtype", "expected"),
    [
        *((dtype, "float32") for dtype in ("bool", "uint8", "int16", "uint16", "float16", "float32")),
        *((dtype, "float64") for dtype in ("int32", "uint32", "float64")),
    ],
)
def test_the_mean_is_as_fine_as_the_file(dtype: str, expected: str):
    values = numbers(dtype)

    (image,) = project(stack(values), "mean")

    assert image.pixels.dtype == expected
    np.testing.assert_allclose(image.pixels, values.astype(np.float64).mean(axis=0), rtol=1e-6)


def test_large_values_do_not_overflow():
    (image,) = project(stack(np.full((300, 1, 1, 1), 65_535, np.uint16)), "mean")

    assert image.pixels.item() == 65_535


@pytest.mark.parametrize(("dtype", "value"), [("uint16", 65_535), ("int16", -32_768)])
def test_stacks_beyond_what_32_bits_add_up_do_not_overflow(dtype: str, value: int):
    planes = (
        Plane(np.full((1, 1, 1), value, dtype), colour=False, z=z) for z in range(projection.EXACT_SUMS + 2)
    )

    (image,) = project(planes, "mean")

    assert image.pixels.item() == value


@pytest.mark.parametrize("dtype", ["uint8", "int16", "uint16", "float16", "float32", "float64", "int32"])
def test_the_mean_of_an_image_of_several_bands_is_that_of_float64(dtype: str, monkeypatch):
    monkeypatch.setattr(projection, "BAND", 3)
    values = numbers(dtype, (7, 11, 5, 2)) - np.array(50, dtype)

    (image,) = project(stack(values), "mean")

    total = values.astype(np.float64).sum(axis=0)
    np.testing.assert_array_equal(image.pixels, (total / len(values)).astype(image.pixels.dtype))


@pytest.mark.parametrize(
    ("how", "dtype", "most"), [("max", "uint16", 2), ("mean", "uint16", 4), ("mean", "float32", 8)]
)
def test_the_memory_of_a_projection(how: str, dtype: str, most: int, monkeypatch):
    """Bytes for each pixel, besides the planes: what docs/large-images.md promises."""
    monkeypatch.setattr(projection, "BAND", 16)
    side = 512
    planes = stack(np.ones((3, side, side, 1), dtype))
    next(project(iter(planes), how))  # what is loaded once stays
    tracemalloc.start()
    try:
        next(project(iter(planes), how))
        peak = tracemalloc.get_traced_memory()[1]
    finally:
        tracemalloc.stop()

    assert peak < (most + 1) * side * side


def test_the_brightest_value_passes_over_nan():
    values = np.array([np.nan, 3, 1], np.float32).reshape(3, 1, 1, 1)

    (image,) = project(stack(values), "max")

    assert image.pixels.item() == 3


@pytest.mark.parametrize("how", ["max", "mean"])
def test_each_scene_and_time_point_is_one_image_at_z_0(how: str):
    planes = [
        plane
        for scene in range(2)
        for t in range(3)
        for plane in stack(np.full((4, 2, 2, 1), 10 * scene + t), scene=scene, t=t)
    ]

    images = list(project(planes, how))

    assert [(i.scene, i.t, i.z, i.projection) for i in images] == [
        (scene, t, 0, how) for scene in range(2) for t in range(3)
    ]
    assert [i.pixels[0, 0, 0] for i in images] == [0, 1, 2, 10, 11, 12]
    assert images[0].channel_names == ("DAPI",)


@pytest.mark.parametrize("how", ["max", "mean"])
def test_a_single_plane_stays_as_it_is(how: str):
    (plane,) = stack(numbers("uint8", (1, 4, 3, 1)))

    assert list(project([plane], how)) == [plane]


def test_planes_stay_planes():
    planes = stack(numbers("uint8"))

    assert list(project(planes, "planes")) == planes


def test_what_was_read_is_not_changed():
    planes = stack(numbers("uint8"))
    before = planes[0].pixels.copy()

    list(project(planes, "max"))

    np.testing.assert_array_equal(planes[0].pixels, before)


@pytest.mark.parametrize("axes", ["TZCYX", "ZTCYX", "CZTYX", "ZCTYX"])
def test_the_order_of_a_file_does_not_matter(tmp_path, axes: str):
    values = np.random.default_rng(2).integers(0, 999, (3, 4, 2, 5, 6)).astype(np.uint16)  # T, Z, C, Y, X
    ordered = values.transpose(["TZCYX".index(axis) for axis in axes])
    tifffile.imwrite(tmp_path / "a.ome.tif", ordered, ome=True, metadata={"axes": axes})

    images = list(project(read_planes(tmp_path / "a.ome.tif"), "max"))

    assert [image.t for image in images] == [0, 1, 2]
    for image in images:
        np.testing.assert_array_equal(image.pixels, np.moveaxis(values[image.t].max(axis=0), 0, -1))


@pytest.mark.parametrize("how", ["max", "mean"])
@pytest.mark.parametrize("axes", ["TZYX", "ZTYX"])
def test_the_stack_is_never_held(tmp_path, how: str, axes: str):
    side, planes = 256, 40
    shape = {"T": 2, "Z": planes // 2, "Y": side, "X": side}
    tifffile.imwrite(
        tmp_path / "a.ome.tif",
        np.ones([shape[axis] for axis in axes], np.uint16),
        ome=True,
        metadata={"axes": axes},
    )

    next(project(read_planes(tmp_path / "a.ome.tif"), how))  # what is loaded once stays
    tracemalloc.start()
    try:
        for _ in project(read_planes(tmp_path / "a.ome.tif"), how):
            pass
        peak = tracemalloc.get_traced_memory()[1]
    finally:
        tracemalloc.stop()

    assert peak < planes / 2 * side * side * 2
