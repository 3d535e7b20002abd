"""The black surround of a bright field of stained tissue is no ground, and the field no nucleus."""

import numpy as np
import pytest
from PIL import Image

from model.arrays import PixelArray
from model.blockwise.normalised_plane import NormalisedPlane
from model.preprocessing.normalisation import normalise
from model.preprocessing.surround import find_surround
from model.reading.plane import Plane

SIDE = 240
ROWS, COLUMNS = np.mgrid[:SIDE, :SIDE]
PINK, PURPLE = (225, 170, 205), (90, 50, 130)


def discs(radius: int, step: int) -> np.ndarray:
    """(SIDE, SIDE), where drawn nuclei are."""
    return np.hypot(ROWS % step - step // 2, COLUMNS % step - step // 2) < radius


def tissue() -> np.ndarray:
    noise = np.random.default_rng(1).normal(0, 3, (SIDE, SIDE, 3))
    return (np.where(discs(9, 40)[..., None], PURPLE, PINK) + noise).astype(np.uint8)


def turned(field: np.ndarray) -> np.ndarray:
    return np.asarray(Image.fromarray(field).rotate(20, expand=True))


def of_an_eyepiece(field: np.ndarray) -> np.ndarray:
    light = np.clip((110 - np.hypot(ROWS - SIDE / 2, COLUMNS - SIDE / 2)) / 3, 0.01, 1)
    return (field * light[..., None]).astype(np.uint8)


def cut_off(field: np.ndarray) -> np.ndarray:
    return np.where((COLUMNS < SIDE // 3)[..., None], 0, field).astype(np.uint8)


SURROUNDED = pytest.mark.parametrize("surrounded", [turned, of_an_eyepiece, cut_off])


@SURROUNDED
@pytest.mark.parametrize("dtype", ["uint8", "uint16", "float32"])
def test_a_black_surround_is_filled_with_the_colour_of_the_field(surrounded, dtype: str):
    pixels = surrounded(tissue()).astype(dtype) * np.array(257 if dtype == "uint16" else 1, dtype)
    black = pixels.max(axis=-1) <= 0.02 * float(pixels.max())
    image = normalise(pixels)
    ground = np.median(image[~black], axis=0)
    assert np.abs(image[black] - ground).max() < 0.05


def test_the_field_looks_as_without_its_surround():
    field = tissue()
    framed = np.pad(field, ((60, 60), (60, 60), (0, 0)))
    np.testing.assert_allclose(normalise(framed)[60:-60, 60:-60], normalise(field), atol=0.03)


@SURROUNDED
def test_parts_of_an_image_have_the_surround_of_the_whole(surrounded):
    pixels = surrounded(tissue())
    plane = NormalisedPlane(Plane(pixels, colour=True))
    parts = [plane.normalise(pixels[:70]), plane.normalise(pixels[70:])]
    np.testing.assert_array_equal(np.concatenate(parts), normalise(pixels))


def fluorescence(colour: tuple[int, int, int]) -> PixelArray:
    """Nuclei in one colour, on a ground that was clipped to black."""
    return (discs(12, 40)[..., None] * np.array(colour)).astype(np.uint8)


def black_pigment() -> PixelArray:
    return np.where((np.hypot(ROWS - 60, COLUMNS - 60) < 4)[..., None], 0, tissue()).astype(np.uint8)


@pytest.mark.parametrize(
    "pixels",
    [
        tissue(),
        black_pigment(),
        fluorescence((40, 60, 220)),
        fluorescence((220, 220, 220)),
        fluorescence((255, 190, 120)),
        np.repeat(cut_off(tissue())[..., :1], 3, axis=-1),
        cut_off(tissue())[..., :1],
        np.zeros((50, 50, 3), np.uint8),
        np.full((50, 50, 3), np.nan, np.float32),
    ],
    ids=["tissue", "pigment", "blue", "white", "hot", "gray as RGB", "gray", "black", "nan"],
)
def test_what_is_black_in_other_images_stays(pixels: PixelArray):
    assert find_surround(pixels) is None
