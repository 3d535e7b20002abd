"""Overviews: small pictures for looking through many images."""

from io import BytesIO

import numpy as np
import pytest
from PIL import Image

from model.labels.masks import LazyLabelImage, encode_mask
from model.labels.overview import LONGEST_SIDE, draw_overview, find_edges, find_range, to_light
from model.reading.plane import Plane
from tests.examples import label_image


def draw(pixels, labels, *, colour=False):
    picture = Image.open(BytesIO(draw_overview(Plane(pixels, colour), labels)))
    assert picture.format == "JPEG"
    return np.asarray(picture)


def test_an_overview_is_small_however_large_the_image_is():
    pixels = np.zeros((3 * LONGEST_SIDE, 100, 1), np.uint16)
    assert draw(pixels, np.zeros(pixels.shape[:2], np.int32)).shape == (LONGEST_SIDE, 34, 3)


@pytest.mark.parametrize("dtype", [np.uint8, np.uint16, np.float32])
def test_nuclei_have_a_coloured_outline_and_keep_their_light(dtype):
    labels = label_image(3)
    picture = draw(np.where(labels > 0, 200, 20)[..., None].astype(dtype), labels).astype(int)
    coloured = np.ptp(picture, axis=2) > 60
    assert coloured[find_edges(labels)].mean() > 0.8
    assert not coloured[labels == 0].all()
    assert picture[16, 80].min() > 200


def test_a_mask_in_blocks_is_drawn_alike():
    labels = label_image(3)
    pixels = np.where(labels > 0, 200, 20)[..., None].astype(np.uint8)
    blocks = LazyLabelImage(encode_mask(labels), *labels.shape)
    assert (draw(pixels, blocks) == draw(pixels, labels)).all()


def test_colours_of_a_stain_stay_what_they_are():
    pixels = np.zeros((32, 32, 3), np.uint8)
    pixels[...] = 240, 200, 220
    pixels[8:16, 8:16] = 90, 40, 120
    picture = draw(pixels, np.zeros((32, 32), np.int32), colour=True).astype(int)
    red, green, blue = picture[12, 12]
    assert blue > red > green


def test_what_is_no_number_is_black():
    pixels = np.full((4, 4), np.nan, np.float32)
    assert find_range(pixels) == (0.0, 1.0)
    assert to_light(pixels, 0.0, 1.0).max() == 0
    assert to_light(np.array([np.inf, -np.inf], np.float32), 0.0, 1.0).tolist() == [255, 0]


def test_a_flat_image_has_a_range_all_the_same():
    dark, bright = find_range(np.full((4, 4), 7, np.uint16))
    assert bright > dark == 7
