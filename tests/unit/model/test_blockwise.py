"""Images in blocks give what they give as a whole, on drawn nuclei; the network's part is played by a threshold."""

from collections.abc import Iterator
from dataclasses import replace
from fractions import Fraction
from functools import cache

import numpy as np
import pytest
from scipy import ndimage

from model.blockwise import block_layout
from model.blockwise.block_layout import assign_new_nuclei, choose_block_sizes, cut_blocks
from model.blockwise.normalised_plane import NormalisedPlane
from model.blockwise.segmentation import BlockwiseSegmentation, join_results
from model.labels.masks import LazyLabelImage
from model.measurements import measure_intensities, measure_shapes, with_confidence
from model.preprocessing.normalisation import fit_normalisation, normalise, sample_step
from model.preprocessing.resampling import ZoomedSide, resample
from model.reading import Plane
from model.segmentation.tiling import cut_tiles
from tests.fake_segmenter import TiledThreshold, draw_discs
from tests.small_blocks import shrink_blocks

NETWORK = TiledThreshold()


@pytest.fixture(autouse=True)
def small_blocks(monkeypatch: pytest.MonkeyPatch) -> None:
    shrink_blocks(monkeypatch, LARGEST_ZOOMED=24)


@cache
def nuclei(height: int, width: int, pitch: int = 24) -> np.ndarray:
    """Two channels, of which the second is a blurred first: (height, width, 2) uint16."""
    light = draw_discs(height, width, pitch=pitch).astype(np.uint16)
    return np.stack([100 + light, ndimage.uniform_filter(light, 5)], axis=-1)


def plane(pixels: np.ndarray) -> NormalisedPlane:
    return NormalisedPlane(Plane(pixels, colour=False, nuclear_channel=0))


def in_blocks(pixels: np.ndarray, network: TiledThreshold = NETWORK):
    masks, shapes, intensities = join_results(list(BlockwiseSegmentation(plane(pixels), network)))
    return LazyLabelImage(masks, *pixels.shape[:2])[:, :], shapes, intensities


def whole(pixels: np.ndarray, network: TiledThreshold = NETWORK) -> np.ndarray:
    return network.find_in(normalise(pixels[..., :1])).labels


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
        (shapes, with_confidence(measure_shapes(labels), None)),
        (intensities, measure_intensities(labels, pixels)),
    ):
        assert list(found) == list(expected)
        for name, values in expected.items():
            assert found[name].dtype == values.dtype
            np.testing.assert_allclose(found[name], values, rtol=1e-9, err_msg=name)


ZOOMS = [Fraction(*zoom) for zoom in ((1, 6), (1, 4), (1, 3), (1, 2), (2, 3), (3, 2), (2, 1))]


@pytest.mark.parametrize("zoom", ZOOMS, ids=str)
def test_blocks_show_the_nuclei_of_the_whole_image_at_every_zoom(zoom: Fraction):
    pixels = nuclei(600, 730, 24 * max(1, round(1 / zoom)))
    network = replace(NETWORK, zoom=zoom)

    labels, shapes, _ = in_blocks(pixels, network)

    assert len(BlockwiseSegmentation(plane(pixels), network)) > 1
    assert shapes["label"].size > 10
    assert_same_nuclei(labels, whole(pixels, network))


@pytest.mark.parametrize("zoom", [*ZOOMS, Fraction(1)], ids=str)
def test_the_network_sees_in_blocks_what_it_sees_of_the_whole_at_every_zoom(zoom, monkeypatch):
    pixels = nuclei(700, 430)
    image = resample(normalise(pixels[..., :1]), zoom)
    sides = ZoomedSide(700, zoom), ZoomedSide(430, zoom)
    blocks = cut_blocks(sides, choose_block_sizes(96, 16, 8, zoom))
    seen = []
    monkeypatch.setattr(
        TiledThreshold,
        "predict",
        lambda self, part, tile: (
            seen.append((part, tile)) or np.zeros((*part[tile.read][tile.inner].shape[:2], 1), np.float32)
        ),
    )

    in_blocks(pixels, replace(NETWORK, zoom=zoom))

    tiles = [tile for block in blocks for tile in block.tiles]
    for (part, there), tile in zip(seen, tiles, strict=True):
        assert part[there.read].tobytes() == image[tile.read].tobytes()


@pytest.mark.parametrize("zoom", [Fraction(1, 4), Fraction(2, 3), Fraction(1), Fraction(3, 2)], ids=str)
@pytest.mark.parametrize("place", [0, 17, 40, 63, 101])
def test_the_largest_nucleus_is_never_cut(zoom: Fraction, place: int):
    pixels = np.zeros((500, 560, 1), np.uint8)
    pixels[100 + place : 148 + place, 90 + place : 138 + place] = 200

    labels, _, _ = in_blocks(pixels, replace(NETWORK, zoom=zoom))

    assert labels.max() == 1
    assert_same_nuclei(labels, whole(pixels, replace(NETWORK, zoom=zoom)))


@pytest.mark.parametrize("zoom", [Fraction(1, 16), *ZOOMS, Fraction(1)], ids=str)
def test_blocks_need_about_the_same_memory_at_every_zoom(zoom: Fraction, monkeypatch: pytest.MonkeyPatch):
    monkeypatch.undo()  # sizes as they are
    sides = ZoomedSide(20_000, zoom), ZoomedSide(20_000, zoom)
    blocks = cut_blocks(sides, choose_block_sizes(1056, 120, 24, zoom))
    for span in (block.rows for block in blocks if block.columns.index == 0):
        assert span.window.stop - span.window.start <= 4400
        assert span.zoomed_read.stop - span.zoomed_read.start <= 2500
        assert span.new.start - span.window.start >= min(span.new.start, 400 + 2 * 64)


def test_numbers_run_from_1_without_gaps():
    labels, shapes, _ = in_blocks(nuclei(350, 500))

    assert np.unique(labels).tolist() == list(range(labels.max() + 1))
    assert shapes["label"].tolist() == list(range(1, labels.max() + 1))


def test_more_than_65535_nuclei_are_numbered(monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setattr(block_layout, "BLOCK_SIDE", 512)
    pixels = np.zeros((1030, 1030, 1), np.uint8)
    pixels[1::4, 1::4] = pixels[2::4, 1::4] = 200

    labels, shapes, _ = in_blocks(pixels, replace(NETWORK, tile_side=480))

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
    predict = TiledThreshold.predict

    def spy(self, image, tile):
        seen.append(image[tile.read])
        return predict(self, image, tile)

    monkeypatch.setattr(TiledThreshold, "predict", spy)
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

    list(BlockwiseSegmentation(plane(pixels), NETWORK))

    assert pixels.largest <= max(widest**2 * 2, pixels._pixels[:: sample_step(400, 500)].size)


@pytest.mark.parametrize("dtype", ["uint8", "uint16", "float32"])
def test_parts_are_normalised_as_the_whole_is(dtype: str, monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setattr("model.preprocessing.normalisation.MAX_SAMPLES", 5000)
    pixels = nuclei(250, 300)[..., :1].astype(dtype)
    if dtype == "float32":
        pixels[0, :3, 0] = np.nan, np.inf, -np.inf
    normalisation = plane(pixels).normalisation

    parts = [normalisation(pixels[rows : rows + 70]) for rows in range(0, 250, 70)]

    np.testing.assert_array_equal(np.concatenate(parts), normalise(pixels))


def test_what_is_not_a_number_counts_as_the_lowest_value_wherever_that_is(monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setattr("model.preprocessing.normalisation.MAX_SAMPLES", 100)
    pixels = np.full((200, 200, 1), np.nan, np.float32)
    pixels[::20, ::20], pixels[101, 103] = 900, 70

    assert plane(pixels).normalisation.lowest == 70


def test_an_almost_constant_plane_is_looked_at_as_a_whole(monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setattr("model.preprocessing.normalisation.MAX_SAMPLES", 100)
    pixels = np.full((200, 200, 1), 7, np.uint16)
    pixels[101, 103] = 900

    normalisation = plane(pixels).normalisation

    assert (normalisation.low, normalisation.high) == (7, 900)
    assert fit_normalisation(pixels, lambda: [pixels]) == normalisation


def assign(found: np.ndarray, block: block_layout.Block, known: np.ndarray | None = None) -> np.ndarray:
    """The nuclei that are new, by their numbers."""
    known = np.zeros_like(found) if known is None else known
    return np.where(known > 0, 0, assign_new_nuclei(found, known, block)[found])


class TestAssigningNewNuclei:
    """Two blocks beside each other; the first ends at column 144, and the second sees columns from 78 on again."""

    @pytest.fixture
    def blocks(self) -> Iterator[block_layout.Block]:
        sides = ZoomedSide(90, NETWORK.zoom), ZoomedSide(300, NETWORK.zoom)
        left, right = cut_blocks(sides, choose_block_sizes(96, 16, 8, NETWORK.zoom))[:2]
        assert left.columns.window == slice(0, 144)
        assert right.columns.window.start == 144 - 66
        return left, right

    def window(self, block: block_layout.Block) -> np.ndarray:
        rows, columns = block.window
        return np.zeros((rows.stop - rows.start, columns.stop - columns.start), np.int32)

    def test_a_nucleus_away_from_the_seam_is_assigned(self, blocks):
        found = self.window(blocks[0])
        found[10:20, 30:40] = 1

        assert (assign(found, blocks[0]) == found).all()

    def test_one_at_the_seam_is_left_to_the_next_block(self, blocks):
        found = self.window(blocks[0])
        found[10:20, 30:40], found[10:20, 130:140] = 1, 2

        assert np.unique(assign(found, blocks[0])).tolist() == [0, 1]

    def test_one_that_the_next_block_can_not_see_whole_is_not(self, blocks):
        found = self.window(blocks[0])
        found[10:20, 60:144] = 1

        assert (assign(found, blocks[0]) == found).all()

    def test_one_that_is_known_is_not_assigned_again_though_it_looks_different(self, blocks):
        found, known = self.window(blocks[1]), self.window(blocks[1])
        found[10:20, 0:10], known[10:19, 0:9] = 1, 7

        assert assign(found, blocks[1], known).max() == 0

    def test_known_pixels_stay_with_whom_they_belong_to(self, blocks):
        found, known = self.window(blocks[1]), self.window(blocks[1])
        found[10:20, 40:60], known[10:20, 40:43] = 1, 7

        assigned = assign(found, blocks[1], known)

        assert assigned[10:20, 40:43].max() == 0
        assert (assigned[10:20, 43:60] == 1).all()

    def test_a_part_of_one_that_an_earlier_block_saw_whole_and_dropped_is_not(self, blocks):
        found = self.window(blocks[1])
        found[10:20, 0:12], found[10:20, 20:40] = 1, 2

        assert np.flatnonzero(assign(found, blocks[1])).size == 20 * 10

    def test_at_the_image_s_own_border_nothing_is_unsure(self, blocks):
        found = self.window(blocks[0])
        found[0:5, 30:40], found[85:90, 60:70] = 1, 2

        assert assign(found, blocks[0]).max() == 2
