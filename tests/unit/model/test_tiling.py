"""Tiles cover an image once, with context around what is kept."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from model.segmentation.tiling import cut_tiles

SIDE, HALO = 64, 8


@given(height=st.integers(1, 300), width=st.integers(1, 300))
def test_written_parts_cover_every_pixel_once_with_a_margin_of_context(height: int, width: int):
    written = np.zeros((height, width), int)
    for tile in cut_tiles(height, width, SIDE, HALO):
        written[tile.write] += 1
        for read, write, length in zip(tile.read, tile.write, (height, width), strict=True):
            assert read.stop - read.start <= SIDE
            assert write.start - read.start >= HALO or read.start == 0
            assert read.stop - write.stop >= HALO or read.stop == length
    assert (written == 1).all()


def test_the_inner_part_of_what_was_read_is_what_is_written():
    image = np.arange(200 * 150).reshape(200, 150)
    copy = np.zeros_like(image)
    for tile in cut_tiles(200, 150, SIDE, HALO):
        copy[tile.write] = image[tile.read][tile.inner]
    assert (copy == image).all()


def test_an_image_no_larger_than_a_tile_is_one_tile():
    assert len(list(cut_tiles(SIDE, SIDE, SIDE, HALO))) == 1


def test_a_tile_that_is_all_halo_is_refused():
    with pytest.raises(ValueError, match="larger than its two halos"):
        list(cut_tiles(10, 10, 16, 8))
