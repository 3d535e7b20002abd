"""What the network sees of pixels of any kind."""

import numpy as np
import pytest

from model.preprocessing.normalisation import CLIP_RANGE, normalise


def ramp(dtype: str, top: float) -> np.ndarray:
    return np.linspace(0, top, 10_000).reshape(100, 100, 1).astype(dtype)


@pytest.mark.parametrize(
    ("dtype", "top"),
    [("uint8", 255), ("uint16", 65535), ("int16", 3000), ("float32", 1e-3), ("float64", 1e9)],
)
def test_every_range_and_dtype_becomes_about_nought_to_one(dtype: str, top: float):
    image = normalise(ramp(dtype, top))
    assert image.dtype == np.float32
    assert image.shape == (100, 100, 1)
    assert image.min() == pytest.approx(0, abs=0.02)
    assert image.max() == pytest.approx(1, abs=0.02)


def test_an_image_of_two_axes_gets_a_channel():
    assert normalise(np.zeros((4, 5))).shape == (4, 5, 1)


def test_colours_are_normalised_alike():
    image = np.zeros((50, 50, 3), np.uint8)
    image[:25] = (40, 80, 200)
    red, green, blue = normalise(image)[0, 0]
    assert blue == pytest.approx(1)
    assert red == pytest.approx(0.2, abs=0.01)
    assert green == pytest.approx(0.4, abs=0.01)


def test_a_few_hot_pixels_do_not_darken_the_rest():
    pixels = ramp("uint16", 1000)
    pixels[0, :3] = 65535
    image = normalise(pixels)
    assert image[-1, -1] == pytest.approx(1, abs=0.02)
    assert image.max() == CLIP_RANGE[1]


@pytest.mark.parametrize("value", [0, 7, 65535])
def test_a_constant_image_is_dark_rather_than_an_error(value: int):
    assert (normalise(np.full((9, 9, 1), value, np.uint16)) == 0).all()


def test_a_few_bright_pixels_on_a_constant_ground_are_not_lost():
    pixels = np.full((200, 200, 1), 100, np.uint8)
    pixels[50:52, 50:52] = 200
    assert normalise(pixels)[50, 50] == pytest.approx(1)


def test_what_is_not_a_number_counts_as_the_darkest():
    pixels = ramp("float32", 1.0)
    pixels[0, 0], pixels[0, 1], pixels[0, 2] = np.nan, np.inf, -np.inf
    image = normalise(pixels)
    assert np.isfinite(image).all()
    assert (image[0, :3] == image.min()).all()


def test_an_image_of_nothing_but_nan_is_dark():
    assert (normalise(np.full((5, 5, 1), np.nan, np.float32)) == 0).all()


def field(*, glaring: float, dim: float, share: float) -> np.ndarray:
    """A noisy ground, a share of it dim nuclei, and a square of glaring ones: (200, 200) float."""
    image = np.random.default_rng(0).normal(20, 1, (200, 200))
    image[: int(200 * share)] += dim
    side = int(200 * glaring**0.5)
    image[-side:, -side:] = 250
    return image


def test_a_few_glaring_cells_do_not_darken_the_nuclei_beside_them():
    image = normalise(field(glaring=0.006, dim=10, share=0.3))
    assert image[:60].mean() > 0.5
    assert image[-5:, -5:].mean() > 1.5


def test_nuclei_are_no_glare_however_few_they_are():
    image = normalise(field(glaring=0.006, dim=0, share=0.3))
    assert image[-5:, -5:].mean() == pytest.approx(1, abs=0.1)


def test_bright_nuclei_beside_few_dim_ones_are_no_glare():
    image = normalise(field(glaring=0.006, dim=10, share=0.03))
    assert image[-5:, -5:].mean() == pytest.approx(1, abs=0.1)


def _holds(dtype: str, offset: int) -> bool:
    if dtype == "float64":
        return True
    limits = np.iinfo(dtype)
    return limits.min <= offset and offset + 5_000 <= limits.max


@pytest.mark.parametrize(
    ("dtype", "offset"),
    [
        (dtype, offset)
        for dtype in ("int32", "uint32", "int64", "uint64", "float64")
        for offset in (2**30, 2**31, 2**40, -(2**31))
        if _holds(dtype, offset)
    ],
)
def test_pixels_on_a_large_offset_look_as_without_it(dtype: str, offset: int):
    """float32 knows only every 256th number about 2**31, and every 65,536th about 2**40."""
    values = np.random.default_rng(0).normal(300, 60, (100, 100, 1)).round()
    values[30:50, 30:50] += 2_000

    moved = normalise((values.astype("int64") + offset).astype(dtype))

    np.testing.assert_allclose(moved, normalise(values.astype("int32")), atol=1e-6)


def test_a_dead_pixel_does_not_hide_a_large_offset():
    values = np.random.default_rng(0).normal(300, 60, (100, 100, 1)).round().astype("uint32")
    moved = values + np.uint32(2**31)
    moved[0, 0] = 0

    np.testing.assert_allclose(normalise(moved)[1:], normalise(values)[1:], atol=1e-4)


def test_not_a_number_counts_as_the_darkest_on_a_large_offset_too():
    values = ramp("float64", 4_000.0) + 2**33
    values[5, 5] = np.nan

    image = normalise(values)

    assert image[5, 5] == image.min()
    assert image.max() == pytest.approx(1, abs=0.02)
