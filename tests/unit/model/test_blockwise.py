"""Images in blocks give what they give as a whole, on drawn nuclei; the network's part is played by a threshold."""

from collections.abc import Iterator
from dataclasses import replace
from functools import cache

import numpy as np
import pytest
from scipy import ndimage

from model.blockwise import block_layout, seams
from model.blockwise.block_layout import assign_new_nuclei, cut_blocks
from model.blockwise.segmentation import BlockwiseSegmentation, fit_plane_normalisation, join_results
from model.labels.masks import LazyLabelImage
from model.measurements import measure_intensities, measure_shapes
from model.preprocessing.normalisation import fit_normalisation, normalise, sample_step
from model.reading import Plane
from model.segmentation.tiling import cut_tiles
from tests.fake_segmenter import TiledThresholdSegmenter, draw_discs

NETWORK = TiledThresholdSegmenter()


@pytest.fixture(autouse=True)
def small_seams(monkeypatch: pytest.MonkeyPatch) -> None:
    for module in (block_layout, seams):
        monkeypatch.setattr(module, "OVERLAP", 64)
    monkeypatch.setattr(block_layout, "EDGE_MARGIN", 8)


@cache
def nuclei(height: int, width: int) -> np.ndarray:
    """Two channels, of which the second is a blurred first: (height, width, 2) uint16."""
    light = draw_discs(height, width).astype(np.uint16)
    return np.stack([100 + light, ndimage.uniform_filter(light, 5)], axis=-1)


def plane(pixels: np.ndarray) -> Plane:
    return Plane(pixels, colour=False)


def in_blocks(pixels: np.ndarray):
    masks, shapes, intensities = join_results(list(BlockwiseSegmentation(plane(pixels), NETWORK)))
    return LazyLabelImage(masks, *pixels.shape[:2])[:, :], shapes, intensities


def whole(pixels: np.ndarray) -> np.ndarray:
    return NETWORK.separate(normalise(pixels[..., :1]))


def assert_same_nuclei(labels: np.ndarray, expected: np.ndarray) -> None:
    """Equal but for the numbers."""
    pairs = np.unique(np.stack([labels.ravel(), expected.ravel()]), axis=1)
    assert len(set(pairs[0])) == len(set(pairs[1])) == pairs.shape[1]
    assert (0, 0) in zip(*pairs, strict=True)


SIZES = [(500, 350), (350, 500), (97, 600), (400, 80), (233, 241)]


@pytest.mark.parametrize("size", SIZES)
def test_blocks_show_the_nuclei_that_the_whole_image_shows(size: tuple[int, int]):
    pixels = nuclei(*size)

    labels, _, _ = in_blocks(pixels)

    assert_same_nuclei(labels, whole(pixels))


@pytest.mark.parametrize("size", SIZES)
def test_they_are_measured_as_in_the_whole_image(size: tuple[int, int]):
    pixels = nuclei(*size)

    labels, shapes, intensities = in_blocks(pixels)

    for found, expected in (
        (shapes, measure_shapes(labels)),
        (intensities, measure_intensities(labels, pixels)),
    ):
        assert list(found) == list(expected)
        for name, values in expected.items():
            assert found[name].dtype == values.dtype
            np.testing.assert_allclose(found[name], values, rtol=1e-9, err_msg=name)


def test_numbers_run_from_1_without_gaps():
    labels, shapes, _ = in_blocks(nuclei(350, 500))

    assert np.unique(labels).tolist() == list(range(labels.max() + 1))
    assert shapes["label"].tolist() == list(range(1, labels.max() + 1))


def test_more_than_65535_nuclei_are_numbered(monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setattr(TiledThresholdSegmenter, "tile_side", 480)
    pixels = np.zeros((1030, 1030, 1), np.uint8)
    pixels[1::4, 1::4] = pixels[2::4, 1::4] = 200

    labels, shapes, _ = in_blocks(pixels)

    assert labels.max() == len(shapes["label"]) == 258 * 258 > 65_535
    assert_same_nuclei(labels, whole(pixels))


def test_an_empty_image_has_no_nuclei():
    labels, shapes, intensities = in_blocks(np.zeros((400, 300, 3), np.uint8))

    assert labels.max() == len(shapes["label"]) == len(intensities["label"]) == 0


def test_what_is_larger_than_blocks_see_again_is_cut_but_nowhere_lost():
    pixels = np.zeros((400, 500, 1), np.uint8)
    pixels[40:360, 30:470] = 200

    labels, shapes, _ = in_blocks(pixels)

    assert ((labels > 0) == (pixels[..., 0] > 0)).all()
    assert 1 < len(shapes["label"]) < 20
    assert shapes["area"].sum() == (pixels > 0).sum()
    assert not shapes["touches_border"].any()


def test_the_network_sees_the_tiles_of_the_whole_image_each_once(monkeypatch: pytest.MonkeyPatch):
    pixels = nuclei(250, 300)
    seen = []
    predict = TiledThresholdSegmenter.predict

    def spy(self, image, tile):
        seen.append(image[tile.read])
        return predict(self, image, tile)

    monkeypatch.setattr(TiledThresholdSegmenter, "predict", spy)
    in_blocks(pixels)

    image = normalise(pixels[..., :1])
    expected = [image[tile.read].tobytes() for tile in cut_tiles(250, 300, NETWORK.tile_side, NETWORK.halo)]
    assert sorted(tile.tobytes() for tile in seen) == sorted(expected)


def test_few_blocks_wait_for_their_neighbours_however_the_image_lies():
    for size in ((180, 1500), (1500, 180)):
        segmentation = BlockwiseSegmentation(plane(nuclei(*size)), NETWORK)
        waiting = [len(segmentation._canvas._open) for _ in segmentation]

        assert max(waiting) <= 3
        assert waiting[-1] == 0


def test_every_stage_is_timed():
    segmentation = BlockwiseSegmentation(plane(nuclei(200, 200)), NETWORK)
    list(segmentation)

    assert list(segmentation.seconds) == ["read", "normalise", "network", "instances", "measure"]
    assert all(seconds > 0 for seconds in segmentation.seconds.values())


class SlicedOnly:
    """Pixels that can't be had as a whole."""

    def __init__(self, pixels: np.ndarray) -> None:
        self._pixels = pixels
        self.shape, self.dtype = pixels.shape, pixels.dtype
        self.largest = 0

    def __getitem__(self, key):
        region = self._pixels[key]
        self.largest = max(self.largest, region.size)
        return region


def test_no_more_than_a_block_is_read_at_a_time():
    pixels = SlicedOnly(nuclei(400, 500))
    widest = 2 * NETWORK.tile_side + 64 + NETWORK.halo

    list(BlockwiseSegmentation(replace(plane(pixels), pixels=pixels), NETWORK))

    assert pixels.largest <= max(widest**2 * 2, pixels._pixels[:: sample_step(400, 500)].size)


@pytest.mark.parametrize("dtype", ["uint8", "uint16", "float32"])
def test_parts_are_scalinged_as_the_whole_is(dtype: str, monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setattr("model.preprocessing.normalisation.MAX_SAMPLES", 5000)
    pixels = nuclei(250, 300)[..., :1].astype(dtype)
    if dtype == "float32":
        pixels[0, :3, 0] = np.nan, np.inf, -np.inf
    normalisation = fit_plane_normalisation(plane(pixels))

    parts = [normalisation(pixels[rows : rows + 70]) for rows in range(0, 250, 70)]

    np.testing.assert_array_equal(np.concatenate(parts), normalise(pixels))


def test_what_is_not_a_number_counts_as_the_lowest_value_wherever_that_is(monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setattr("model.preprocessing.normalisation.MAX_SAMPLES", 100)
    pixels = np.full((200, 200, 1), np.nan, np.float32)
    pixels[::20, ::20], pixels[101, 103] = 900, 70

    assert fit_plane_normalisation(plane(pixels)).lowest == 70


def test_an_almost_constant_plane_is_looked_at_as_a_whole(monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setattr("model.preprocessing.normalisation.MAX_SAMPLES", 100)
    pixels = np.full((200, 200, 1), 7, np.uint16)
    pixels[101, 103] = 900

    normalisation = fit_plane_normalisation(plane(pixels))

    assert (normalisation.low, normalisation.high) == (7, 900)
    assert fit_normalisation(pixels, lambda: [pixels]) == normalisation


class TestAssigningNewNuclei:
    """Two blocks beside each other; the first ends at column 144, and the second sees columns from 80 on again."""

    @pytest.fixture
    def blocks(self) -> Iterator[block_layout.Block]:
        left, right = cut_blocks(90, 300, NETWORK.tile_side, NETWORK.halo)[:2]
        assert left.columns.window == slice(0, 144)
        assert right.columns.window.start == 144 - 64
        return left, right

    def window(self, block: block_layout.Block) -> np.ndarray:
        rows, columns = block.window
        return np.zeros((rows.stop - rows.start, columns.stop - columns.start), np.int32)

    def test_a_nucleus_away_from_the_seam_is_assigned(self, blocks):
        found = self.window(blocks[0])
        found[10:20, 30:40] = 1

        assert (assign_new_nuclei(found, np.zeros_like(found), blocks[0]) == found).all()

    def test_one_at_the_seam_is_left_to_the_next_block(self, blocks):
        found = self.window(blocks[0])
        found[10:20, 30:40], found[10:20, 130:140] = 1, 2

        assert np.unique(assign_new_nuclei(found, np.zeros_like(found), blocks[0])).tolist() == [0, 1]

    def test_one_that_the_next_block_can_not_see_whole_is_not(self, blocks):
        found = self.window(blocks[0])
        found[10:20, 60:144] = 1

        assert (assign_new_nuclei(found, np.zeros_like(found), blocks[0]) == found).all()

    def test_one_that_is_known_is_not_assigned_again_though_it_looks_different(self, blocks):
        found, known = self.window(blocks[1]), self.window(blocks[1])
        found[10:20, 0:10], known[10:19, 0:9] = 1, 7

        assert assign_new_nuclei(found, known, blocks[1]).max() == 0

    def test_known_pixels_stay_with_whom_they_belong_to(self, blocks):
        found, known = self.window(blocks[1]), self.window(blocks[1])
        found[10:20, 40:60], known[10:20, 40:43] = 1, 7

        assigned = assign_new_nuclei(found, known, blocks[1])

        assert assigned[10:20, 40:43].max() == 0
        assert (assigned[10:20, 43:60] == 1).all()

    def test_at_the_image_s_own_border_nothing_is_unsure(self, blocks):
        found = self.window(blocks[0])
        found[0:5, 30:40], found[85:90, 60:70] = 1, 2

        assert assign_new_nuclei(found, np.zeros_like(found), blocks[0]).max() == 2
