"""Pseudo-coloured images are gray, with the name of their colour; all others stay colour."""

import numpy as np
import pytest
import tifffile
from PIL import Image
from scipy.ndimage import gaussian_filter

from model.reading import read_planes
from model.reading.channels import choose_channel

from .images import only

HUES = {
    "red": (1, 0, 0),
    "green": (0, 1, 0),
    "blue": (0, 0, 1),
    "cyan": (0, 1, 1),
    "magenta": (1, 0, 1),
    "yellow": (1, 1, 0),
}


def nuclei(dtype="uint8") -> np.ndarray:
    random = np.random.default_rng(0)
    blurred = gaussian_filter((random.random((120, 130)) > 0.99).astype(float), 3)
    return (blurred / blurred.max() * np.iinfo(dtype).max * 0.9 + random.random((120, 130)) * 9).astype(dtype)


def coloured(gray: np.ndarray, hue: tuple[float, ...]) -> np.ndarray:
    return np.stack([(gray * part).astype(gray.dtype) for part in hue], axis=-1)


@pytest.fixture(params=["at once", "by region"])
def size(request, monkeypatch):
    if request.param == "by region":
        monkeypatch.setattr("model.reading.plane.LARGE", 0)


@pytest.mark.parametrize("hue", HUES)
@pytest.mark.parametrize("dtype", ["uint8", "uint16"])
@pytest.mark.usefixtures("size")
def test_a_tiff_in_one_colour_is_gray(tmp_path, hue, dtype):
    tifffile.imwrite(tmp_path / "a.tif", coloured(nuclei(dtype), HUES[hue]), photometric="rgb", tile=(64, 64))

    plane = only(tmp_path / "a.tif")

    assert not plane.colour
    assert plane.channel_names == (hue,)
    np.testing.assert_array_equal(plane.pixels[..., 0], nuclei(dtype))


@pytest.mark.parametrize("suffix", [".png", ".bmp"])
def test_so_it_is_in_other_formats(tmp_path, suffix):
    path = tmp_path / f"a{suffix}"
    Image.fromarray(coloured(nuclei(), HUES["blue"])).save(path)

    np.testing.assert_array_equal(only(path).pixels[..., 0], nuclei())


@pytest.mark.parametrize("quality", [75, 95])
def test_in_jpeg_it_is_so_nearly(tmp_path, quality):
    Image.fromarray(coloured(nuclei(), HUES["blue"])).save(tmp_path / "a.jpg", quality=quality)

    plane = only(tmp_path / "a.jpg")

    assert plane.channel_names == ("blue",)
    assert np.abs(plane.pixels[..., 0].astype(int) - nuclei()).mean() < 12


@pytest.mark.parametrize("hue", ["blue", "green"])
def test_a_palette_in_one_colour_is_gray(tmp_path, hue):
    table = coloured(np.arange(256, dtype=np.uint8), HUES[hue]).T.astype(np.uint16) * 257
    tifffile.imwrite(tmp_path / "a.tif", nuclei(), photometric="palette", colormap=table)

    plane = only(tmp_path / "a.tif")

    assert plane.channel_names == (hue,)
    np.testing.assert_array_equal(plane.pixels[..., 0], nuclei())


def test_an_odd_tint_counts_too(tmp_path):
    """ZEN shows DAPI in #00A0FF."""
    tifffile.imwrite(tmp_path / "a.tif", coloured(nuclei(), (0, 160 / 255, 1)), photometric="rgb")

    np.testing.assert_array_equal(only(tmp_path / "a.tif").pixels[..., 0], nuclei())


def merged() -> np.ndarray:
    image = coloured(nuclei(), HUES["blue"])
    image[..., 1] = np.roll(nuclei(), 40, axis=0)
    return image


@pytest.mark.parametrize(
    "image",
    [
        merged(),
        np.repeat(nuclei()[..., None], 3, axis=-1),
        np.zeros((40, 50, 3), np.uint8),
        np.full((40, 50, 3), (10, 20, 200), np.uint8),
        255 - merged(),
    ],
    ids=["two stains", "gray as RGB", "black", "one flat colour", "on white"],
)
@pytest.mark.usefixtures("size")
def test_any_other_image_stays_colour(tmp_path, image):
    tifffile.imwrite(tmp_path / "a.tif", image, photometric="rgb", tile=(64, 64))

    plane = only(tmp_path / "a.tif")

    assert plane.colour
    np.testing.assert_array_equal(plane.pixels, image)


def test_a_single_green_pixel_keeps_an_image_colour(tmp_path):
    image = coloured(nuclei(), HUES["blue"])
    image[77, 78] = (0, 200, 0)
    tifffile.imwrite(tmp_path / "a.tif", image, photometric="rgb")

    assert only(tmp_path / "a.tif").colour


def test_planes_of_a_stack_stay_alike(tmp_path):
    stack = np.stack([merged(), coloured(nuclei(), HUES["blue"])])
    tifffile.imwrite(tmp_path / "a.tif", stack, photometric="rgb")

    assert [plane.colour for plane in read_planes(tmp_path / "a.tif")] == [True, True]


@pytest.mark.parametrize("wanted", ["auto", "blue", "0"])
def test_its_channel_is_the_only_one_and_is_found_by_its_colour(tmp_path, wanted):
    tifffile.imwrite(tmp_path / "a.tif", coloured(nuclei(), HUES["blue"]), photometric="rgb")

    assert choose_channel(tmp_path, only(tmp_path / "a.tif"), wanted).nuclear_channel == 0
