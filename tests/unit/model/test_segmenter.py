"""The shipped network on images of every size and kind."""

import numpy as np
import pytest

from model.arrays import Labels
from model.evaluation.matching import match_nuclei
from model.network.config import UNetConfig
from model.network.forward_pass import BatchedForwardPass
from model.network.precision import Precision
from model.network.unet import build_unet
from model.segmentation.prediction import HALO, TILE_SIDE, halo, predict_maps, tile_side
from model.segmentation.segmenter import Segmenter
from model.weights import SHIPPED, read_card


@pytest.fixture(scope="module")
def segmenter() -> Segmenter:
    return Segmenter.load()


def discs(height: int = 128, width: int = 128, *, radius: float = 9.0) -> tuple[np.ndarray, int]:
    """Bright soft discs on a dark ground, on a grid so that none touch."""
    rows, columns = np.mgrid[:height, :width]
    image = np.zeros((height, width))
    centres = [(r, c) for r in range(20, height - 15, 32) for c in range(20, width - 15, 32)]
    for row, column in centres:
        image += 1 / (1 + np.exp(np.hypot(rows - row, columns - column) - radius))
    noise = np.random.default_rng(0).normal(0, 0.01, image.shape)
    return ((image * 150 + 10) * (1 + noise)).astype(np.uint8), len(centres)


def test_discs_are_found_one_by_one(segmenter: Segmenter):
    image, count = discs()
    result = segmenter.segment(image)
    assert result.labels.max() == count
    assert set(result.seconds) == {"normalise", "network", "instances"}


@pytest.mark.parametrize("dtype", ["uint8", "uint16", "int32", "float32", "float64"])
def test_the_dtype_does_not_matter(segmenter: Segmenter, dtype: str):
    image, count = discs()
    assert segmenter.segment(image.astype(dtype)).labels.max() == count


@pytest.mark.parametrize("size", [(1, 1), (1, 37), (3, 5), (17, 64), (130, 131)])
def test_the_mask_has_exactly_the_size_of_the_image(segmenter: Segmenter, size: tuple[int, int]):
    image, _ = discs(160, 160)
    labels = segmenter.segment(image[: size[0], : size[1]]).labels
    assert labels.shape == size
    assert labels.dtype == np.int32


def test_colour_is_accepted_and_gray_as_colour_is_the_same(segmenter: Segmenter):
    image, _ = discs()
    gray = segmenter.segment(image).labels
    assert (segmenter.segment(np.repeat(image[..., None], 3, axis=2)).labels == gray).all()


def test_a_constant_image_is_no_error(segmenter: Segmenter):
    assert segmenter.segment(np.full((64, 64), 9, np.uint8)).labels.shape == (64, 64)


def whole_and_tiled(monkeypatch: pytest.MonkeyPatch, precision: Precision) -> tuple[Labels, Labels]:
    segmenter = Segmenter.load(precision=precision)
    image, _ = discs(500, 420)
    whole = segmenter.segment(image).labels
    monkeypatch.setattr("model.segmentation.prediction.TILE_SIDE", 3 * HALO)
    return whole, segmenter.segment(image).labels


def test_tiles_leave_no_seam(monkeypatch: pytest.MonkeyPatch):
    whole, tiled = whole_and_tiled(monkeypatch, "float32")
    assert (tiled == whole).all()


def test_tiles_change_no_more_than_the_rounding_of_bfloat16_does(monkeypatch: pytest.MonkeyPatch):
    """How a product is summed up depends on the tile's size, and shows where numbers have eight bits."""
    whole, tiled = whole_and_tiled(monkeypatch, "mixed_bfloat16")
    assert match_nuclei(whole, tiled).precision[8] > 0.95  # at an IoU of 0.9


def test_tiles_begin_in_step_with_the_network(segmenter: Segmenter):
    multiple = segmenter.card.network.multiple
    assert tile_side(segmenter.config) % multiple == halo(segmenter.config) % multiple == 0


def test_a_network_that_sees_images_enlarged_sees_smaller_tiles_of_them():
    plain, enlarged = UNetConfig(), UNetConfig(zoom=(4, 3))
    assert (plain.unzoomed(TILE_SIDE), plain.unzoomed(HALO)) == (TILE_SIDE, HALO)
    assert (enlarged.unzoomed(TILE_SIDE), enlarged.unzoomed(HALO)) == (0.75 * TILE_SIDE, 0.75 * HALO)
    assert (
        enlarged.unzoomed(TILE_SIDE) % enlarged.multiple == enlarged.unzoomed(HALO) % enlarged.multiple == 0
    )


def test_sub_pixels_land_where_they_belong():
    config = UNetConfig(widths=(4, 8), outputs=("foreground",))
    network = build_unet(config)
    kernel, bias = network.get_layer("logits").get_weights()
    network.get_layer("logits").set_weights(
        [np.zeros_like(kernel), np.array([0.0, 1.0, 2.0, 3.0], np.float32)]
    )
    block = network.predict_on_batch(np.zeros((1, 8, 8, 3), np.float32))[0, :2, :2, 0]
    assert block.tolist() == [[0, 1], [2, 3]]
    assert bias.shape == (4,)


def test_maps_are_probabilities(segmenter: Segmenter):
    config = read_card(SHIPPED).network
    network = build_unet(config)
    maps = predict_maps(
        BatchedForwardPass(network), config, np.random.default_rng(0).random((40, 50, 1), np.float32)
    )
    assert maps.shape == (40, 50, len(config.outputs))
    assert maps.min() >= 0
    assert maps.max() <= 1
