"""Masks: bytes that any tool opens, and the same labels back."""

from dataclasses import replace
from io import BytesIO

import imagecodecs
import numpy as np
import pytest
import tifffile
from PIL import Image

from model.errors import MaskError
from model.labels import masks
from model.labels.masks import LazyLabelImage, MaskBlock, encode_mask
from tests.unit.model import label_images


def assert_comes_back(labels):
    back = LazyLabelImage(encode_mask(labels), *labels.shape)[:, :]
    assert back.dtype == np.int32
    np.testing.assert_array_equal(back, labels)


@pytest.fixture
def small_blocks(monkeypatch):
    monkeypatch.setattr(masks, "BLOCK_SIDE", 100)


@pytest.mark.parametrize(
    "name", ["drawn", "coins", "gaps", "empty", "pixel", "row", "column", "drawn, int64, turned"]
)
def test_labels_come_back_as_they_were(name):
    assert_comes_back(label_images.EXAMPLES[name])


def test_a_small_image_is_one_block():
    (block,) = encode_mask(label_images.drawn())
    assert (block.row0, block.col0, block.height, block.width) == (0, 0, 256, 256)
    assert block.encoding == "tiff-zlib"


def test_a_large_image_is_cut_into_blocks(small_blocks):
    blocks = encode_mask(label_images.drawn())
    assert [(block.row0, block.height) for block in blocks[::3]] == [(0, 100), (100, 100), (200, 56)]
    assert [(block.col0, block.width) for block in blocks[:3]] == [(0, 100), (100, 100), (200, 56)]
    assert_comes_back(label_images.drawn())


def test_blocks_may_come_in_any_order(small_blocks):
    labels = label_images.drawn()
    np.testing.assert_array_equal(LazyLabelImage(reversed(encode_mask(labels)), *labels.shape)[:, :], labels)


@pytest.mark.parametrize(("highest", "dtype"), [(65_535, np.uint16), (65_536, np.uint32)])
def test_16_bits_hold_65535_nuclei_and_32_bits_more(highest, dtype):
    labels = np.array([[0, highest]], np.int32)
    (block,) = encode_mask(labels)
    assert tifffile.imread(BytesIO(block.data)).dtype == dtype
    assert_comes_back(labels)


def test_other_tools_open_a_block():
    (block,) = encode_mask(label_images.coins())
    np.testing.assert_array_equal(Image.open(BytesIO(block.data)), label_images.coins())
    np.testing.assert_array_equal(imagecodecs.tiff_decode(block.data), label_images.coins())  # libtiff
    with tifffile.TiffFile(BytesIO(block.data)) as file:
        assert file.pages.first.compression == tifffile.COMPRESSION.ADOBE_DEFLATE


def test_the_same_labels_give_the_same_bytes():
    assert encode_mask(label_images.drawn()) == encode_mask(label_images.drawn().copy())


def test_a_mask_is_small():
    (block,) = encode_mask(label_images.drawn())
    assert len(block.data) < label_images.drawn().size / 8


@pytest.mark.parametrize(
    "labels", [np.zeros((0, 5), np.int32), np.zeros((2, 2, 2), np.int32), np.array([[-1]])]
)
def test_what_is_no_label_image_is_refused(labels):
    with pytest.raises(ValueError, match="label"):
        encode_mask(labels)


def only_block(labels=None) -> MaskBlock:
    return encode_mask(label_images.drawn() if labels is None else labels)[0]


def damaged(block: MaskBlock) -> bytes:
    middle = len(block.data) // 2
    return block.data[:middle] + bytes([block.data[middle] ^ 0xFF]) + block.data[middle + 1 :]


@pytest.mark.parametrize("share", [0, 0.1, 0.5, 0.999])
def test_truncated_data_is_an_error(share):
    block = only_block()
    cut = replace(block, data=block.data[: int(len(block.data) * share)])
    with pytest.raises(MaskError, match="row 0, column 0 can't be read"):
        LazyLabelImage([cut], 256, 256)[:, :]


def test_damaged_data_is_an_error():
    block = only_block()
    with pytest.raises(MaskError, match="can't be read"):
        LazyLabelImage([replace(block, data=damaged(block))], 256, 256)[:, :]


def test_data_of_another_size_is_an_error():
    block = replace(only_block(), height=255)
    with pytest.raises(MaskError, match=r"should be 255 × 256; its data is \(256, 256\)"):
        LazyLabelImage([block], 255, 256)[:, :]


def test_an_unknown_encoding_is_an_error():
    with pytest.raises(MaskError, match="encoded as 'png'"):
        LazyLabelImage([replace(only_block(), encoding="png")], 256, 256)[:, :]


def test_a_block_outside_of_the_mask_is_an_error():
    with pytest.raises(MaskError, match="lies outside of a mask of 200 × 256"):
        LazyLabelImage([only_block()], 200, 256)[:, :]


def test_a_missing_block_is_an_error(small_blocks):
    with pytest.raises(MaskError, match="blocks are missing: 3136 of 65536 pixels"):
        LazyLabelImage(encode_mask(label_images.drawn())[:-1], 256, 256)[:, :]


def test_a_block_that_comes_twice_is_an_error():
    with pytest.raises(MaskError, match="overlaps another block"):
        LazyLabelImage([only_block(), only_block()], 256, 256)[:, :]
