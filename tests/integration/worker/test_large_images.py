"""The real network on large images: blocks leave no seams."""

from pathlib import Path

import numpy as np
import pytest
import tifffile

from model.labels.masks import LazyLabelImage
from model.labels.overlaps import overlap
from model.samples.drawn import FieldOfView, fluorescence
from model.segmentation.segmenter import Segmenter
from worker.pipeline import process

pytestmark = pytest.mark.integration


@pytest.fixture(scope="module")
def segmenter() -> Segmenter:
    return Segmenter.load()


@pytest.fixture(scope="module")
def picture() -> np.ndarray:
    """Its sides are multiples of what the network's coarsest level sees as a pixel, so that copies are in step."""
    return fluorescence(FieldOfView(1032, 1032, 260), seed=1).pixels


@pytest.fixture
def labels_of(tmp_path: Path, segmenter: Segmenter, monkeypatch: pytest.MonkeyPatch):
    def labels_of(pixels: np.ndarray, *, large: int) -> np.ndarray:
        monkeypatch.setattr("model.reading.plane.LARGE", large)
        tifffile.imwrite(tmp_path / "a.tif", pixels, tile=(256, 256), compression="zlib")
        (image,) = process(tmp_path / "a.tif", segmenter)
        assert (image.masks[0].height < len(pixels)) == (pixels.size > large)
        return LazyLabelImage(image.masks, image.height, image.width)[:, :]

    return labels_of


def test_an_image_in_blocks_shows_what_it_shows_as_a_whole(labels_of, picture, monkeypatch):
    monkeypatch.setattr("model.segmentation.prediction.TILE_SIDE", 640)  # else the picture is a single tile,
    monkeypatch.setattr("model.blockwise.block_layout.BLOCK_SIDE", 256)  # and a single block
    monkeypatch.setattr("model.blockwise.block_layout.LARGEST_NUCLEUS", 100)

    whole, blocks = labels_of(picture, large=10**9), labels_of(picture, large=10**5)

    pairs = np.unique(np.stack([whole.ravel(), blocks.ravel()]), axis=1)
    assert whole.max() > 200
    assert pairs.shape[1] == whole.max() + 1 == blocks.max() + 1


def test_a_mosaic_of_4096_pixels_shows_what_its_parts_show(labels_of, picture):
    """Away from the cuts, where a part doesn't know how its nuclei go on; blocks have their seams elsewhere."""
    side = len(picture)

    part = labels_of(picture, large=10**9)
    mosaic = labels_of(np.tile(picture, (4, 4))[:4096, :4096], large=10**7)

    for row, column in np.ndindex(4, 4):
        copy = mosaic[row * side : (row + 1) * side, column * side : (column + 1) * side]
        seen = part[: copy.shape[0], : copy.shape[1]]
        pairs = overlap(seen, copy)
        alike = pairs.truth.labels[pairs.rows[pairs.ious > 0.9]]
        inside = away_from_edges(seen, 64)
        assert len(inside) > 150
        assert np.isin(inside, alike).all(), (row, column)


def away_from_edges(labels: np.ndarray, width: int) -> np.ndarray:
    """Labels that lie nowhere in the frame of this width."""
    frame = np.ones(labels.shape, bool)
    frame[width:-width, width:-width] = False
    return np.setdiff1d(labels, labels[frame])
