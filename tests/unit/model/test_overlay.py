"""The picture of an image with its nuclei: what is drawn, where, and in which colours."""

import numpy as np
import pytest

from model.labels.overlay import LINES, choose_colours, draw_overlay, find_lines, to_picture

BLANK = np.zeros((12, 12, 1), np.uint8)


def two_touching() -> np.ndarray:
    labels = np.zeros((12, 12), np.int32)
    labels[2:8, 0:5], labels[2:8, 5:10] = 1, 2
    return labels


def honeycomb(side: int) -> np.ndarray:
    """Square nuclei without gaps: each touches eight others."""
    cells = np.arange(1, side * side + 1, dtype=np.int32).reshape(side, side)
    return np.kron(cells, np.ones((5, 5), np.int32))


@pytest.mark.parametrize("dtype", [np.uint8, np.uint16, np.int16, np.int32, np.float32, np.float64, np.bool_])
@pytest.mark.parametrize("channels", [1, 2, 3, 4, 5, 7])
def test_any_image_becomes_an_rgb_picture_of_its_size(dtype, channels):
    pixels = np.random.default_rng(0).integers(0, 2, (9, 14, channels)).astype(dtype)

    picture = draw_overlay(pixels, np.zeros((9, 14), np.int32))

    assert picture.shape == (9, 14, 3)
    assert picture.dtype == np.uint8


def test_the_image_stays_visible_between_the_lines():
    pixels = np.random.default_rng(0).integers(0, 255, (12, 12, 3)).astype(np.uint8)
    labels = two_touching()

    inside = ~find_lines(labels)

    assert (draw_overlay(pixels, labels)[inside] == to_picture(pixels)[inside]).all()


def test_a_line_lies_inside_its_nucleus_and_is_one_pixel_wide():
    labels = np.zeros((12, 12), np.int32)
    labels[2:9, 3:10] = 1

    expected = labels > 0
    expected[3:8, 4:9] = False

    assert (find_lines(labels) == expected).all()


def test_a_nucleus_cut_by_the_border_has_no_line_along_it():
    lines = find_lines(two_touching())

    assert not lines[4, 0]
    assert lines[2, 0]


def test_touching_nuclei_have_a_line_each_in_colours_of_their_own():
    labels = two_touching()

    picture = draw_overlay(BLANK, labels)

    left, right = picture[4, 4], picture[4, 5]
    assert tuple(left) in {tuple(c) for c in LINES}
    assert tuple(right) in {tuple(c) for c in LINES}
    assert tuple(left) != tuple(right)


def test_no_two_neighbours_share_a_colour_even_where_all_nuclei_touch():
    labels = honeycomb(len(LINES))  # numbers alone would give each the colour of the one below
    colour = choose_colours(labels)[labels]

    for here, there in (
        (np.s_[:, :-1], np.s_[:, 1:]),
        (np.s_[:-1], np.s_[1:]),
        (np.s_[:-1, :-1], np.s_[1:, 1:]),
    ):
        meet = labels[here] != labels[there]
        assert (colour[here] != colour[there])[meet].all()


def test_lines_grow_with_the_image():
    labels = np.zeros((30, 3500), np.int32)
    labels[:, 1000:2000] = 1

    assert find_lines(labels)[15].sum() == 2 * 4


def test_a_dim_image_is_stretched():
    ramp = np.linspace(100, 160, 400, dtype=np.uint16).reshape(20, 20, 1)

    picture = to_picture(ramp)

    assert picture.min() == 0
    assert picture.max() == 255


def test_other_channel_counts_add_a_colour_each():
    pixels = np.zeros((2, 2, 2), np.uint16)
    pixels[0, 0, 0] = pixels[1, 1, 1] = 900

    picture = to_picture(pixels)

    assert picture[0, 0].tolist() == [0, 0, 255]
    assert picture[1, 1].tolist() == [0, 255, 0]


def test_an_image_without_nuclei_is_just_the_image():
    pixels = np.arange(144, dtype=np.uint8).reshape(12, 12, 1)

    assert (draw_overlay(pixels, np.zeros((12, 12), np.int32)) == to_picture(pixels)).all()
