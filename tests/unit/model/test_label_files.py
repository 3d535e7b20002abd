"""Label images as files: the labels again, however large, and whether they lie in memory or in blocks."""

import numpy as np
import pytest
import tifffile

from model.labels import label_files, masks
from model.labels.label_files import write_label_image
from model.labels.masks import LazyLabelImage, encode_mask
from tests.unit.model import label_images


@pytest.fixture(params=[(2048, 1 << 18), (100, 1 << 18), (100, 5_000), (64, 1)])
def bands(request, monkeypatch):
    for name, value in zip(("BAND", "STRIP_BYTES"), request.param, strict=True):
        monkeypatch.setattr(label_files, name, value)


@pytest.mark.parametrize("name", ["drawn", "gaps", "empty", "row", "column"])
def test_labels_come_back(bands, tmp_path, name):
    labels = label_images.EXAMPLES[name]

    write_label_image(tmp_path / "a.tif", labels)

    np.testing.assert_array_equal(tifffile.imread(tmp_path / "a.tif"), labels)


def test_a_mask_in_blocks_gives_the_same_file(bands, tmp_path, monkeypatch):
    monkeypatch.setattr(masks, "BLOCK_SIDE", 90)
    labels = label_images.drawn()

    write_label_image(tmp_path / "whole.tif", labels)
    write_label_image(tmp_path / "blocks.tif", LazyLabelImage(encode_mask(labels), *labels.shape))

    assert (tmp_path / "blocks.tif").read_bytes() == (tmp_path / "whole.tif").read_bytes()


@pytest.mark.parametrize(("highest", "dtype"), [(65_535, np.uint16), (65_536, np.uint32)])
def test_16_bits_where_they_suffice(tmp_path, highest, dtype):
    write_label_image(tmp_path / "a.tif", np.array([[0, highest]], np.int32))

    assert tifffile.imread(tmp_path / "a.tif").dtype == dtype
