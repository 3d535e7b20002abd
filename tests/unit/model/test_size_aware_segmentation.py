"""The shipped network zooms for the size of nuclei first, and sees them at the one that it knows."""

from collections.abc import Mapping
from dataclasses import asdict, replace
from fractions import Fraction
from typing import Any

import numpy as np
import pytest

from model.blockwise.normalised_plane import NormalisedPlane
from model.blockwise.segmentation import BlockwiseSegmentation, join_results
from model.labels.masks import LazyLabelImage
from model.measurements import measure_shapes
from model.preprocessing.normalisation import normalise
from model.preprocessing.resampling import bring_back, resample
from model.reading import Plane
from model.segmentation.nuclear_size import Detection, NuclearSize, estimate_diameter
from model.segmentation.prediction import HALO
from model.segmentation.segmenter import Segmenter
from model.segmentation.windows import SampledImage, find_windows, sample_image
from model.training.collection import KNOWN
from model.weights.diameters import LADDER, KnownDiameters
from tests.small_blocks import shrink_blocks
from tests.unit.model.test_segmenter import discs


def with_config(**changes: Any) -> Segmenter:
    """The shipped network, told other things by its card."""
    segmenter = Segmenter.load()
    config: Mapping[str, Any] = {**segmenter.card.config, **changes}
    return Segmenter(segmenter.network, replace(segmenter.card, config=config))


@pytest.fixture(scope="module")
def segmenter() -> Segmenter:
    return with_config(diameters=asdict(KNOWN))


def disc_field(radius: float, count: int = 2) -> np.ndarray:
    """A square field with `count` × `count` bright soft discs."""
    side = int(count * 3 * radius)
    rows, columns = np.mgrid[:side, :side]
    near = [np.abs((places % (3 * radius)) - 1.5 * radius) for places in (rows, columns)]
    image = 1 / (1 + np.exp((np.hypot(*near) - radius) / max(1.0, radius / 10)))
    noise = np.random.default_rng(0).normal(0, 2, image.shape)
    return np.clip(image * 150 + 20 + noise, 0, 255).astype(np.uint8)


@pytest.mark.parametrize("radius", [60, 100])
def test_large_nuclei_are_seen_shrunk_and_come_back_at_their_size(segmenter: Segmenter, radius: float):
    result = segmenter.segment(disc_field(radius))
    assert result.labels.max() == 4
    assert result.zoom < 1
    assert result.diameter == pytest.approx(2 * radius, rel=0.1)
    assert measure_shapes(result.labels)["form_factor"].min() > 0.85


def test_what_is_found_shrunk_but_is_not_even_probable_is_not_believed(segmenter: Segmenter, monkeypatch):
    sure = segmenter.segment(disc_field(60)).image_confidence
    assert sure is not None
    for least in ("SURE", "PROBABLE"):
        monkeypatch.setattr(f"model.segmentation.nuclear_size.{least}", sure + 0.01)
    assert segmenter.segment(disc_field(60)).zoom == 1


def test_what_is_probable_is_believed_where_its_own_size_is_less_sure(segmenter: Segmenter, monkeypatch):
    monkeypatch.setattr("model.segmentation.nuclear_size.SURE", 1.0)
    assert segmenter.segment(disc_field(60)).zoom == Fraction(1, 4)


def test_nuclei_that_the_network_knows_are_seen_as_they_are(segmenter: Segmenter):
    image, count = discs()
    result = segmenter.segment(image)
    assert (result.zoom, result.labels.max()) == (1, count)


def test_a_diameter_that_is_given_is_not_looked_for(segmenter: Segmenter):
    assert segmenter.segment(disc_field(60), segmenter.size_of(40)).zoom == 1
    assert segmenter.segment(disc_field(60), segmenter.size_of(120)).zoom == Fraction(1, 3)


def test_weights_whose_card_says_no_diameters_see_every_image_at_its_own_size():
    own = with_config(diameters=None)
    assert own.segment(disc_field(60)).zoom == 1
    assert own.segment(disc_field(60), own.size_of(120)).zoom == 1


def test_an_image_without_nuclei_stays_as_it_is(segmenter: Segmenter):
    result = segmenter.segment(np.full((80, 80), 7, np.uint8))
    assert (result.zoom, result.diameter) == (1, 0)


def test_without_a_calibration_nobody_knows_how_sure_it_is():
    result = with_config(calibration=None).segment(discs()[0])
    assert result.confidence is None
    assert result.image_confidence is None


def test_with_a_calibration_each_nucleus_has_a_confidence():
    calibration = {"weights": [1.0] + [0.0] * 6, "offset": 0.0}
    result = with_config(calibration=calibration).segment(discs()[0])
    assert result.confidence is not None
    assert result.image_confidence is not None
    assert result.confidence.shape == (result.labels.max(),)
    assert ((result.confidence > 0.5) & (result.confidence < 0.74)).all()  # of a foreground between 0 and 1
    assert 0 < result.image_confidence < 1


def test_nuclei_that_the_network_is_not_sure_of_are_left_out():
    calibration = {"weights": [0.0] * 7, "offset": 0.0}
    params = asdict(replace(Segmenter.load().card.postprocessing, least_confidence=0.6))
    assert with_config(calibration=calibration, postprocessing=params).segment(discs()[0]).labels.max() == 0


def test_a_look_at_low_zoom_tells_the_size_of_large_nuclei():
    zooms: list[Fraction] = []

    def detect_roughly(zoom: Fraction) -> Detection:
        zooms.append(zoom)
        return Detection(zoom, np.array([300 * 300]))

    assert estimate_diameter(detect_roughly, largest=50) == pytest.approx(300 * 2 / np.sqrt(np.pi))
    assert zooms == [Fraction(1, 3), Fraction(1, 12)]  # they were too large at the first


def blank(height: int, width: int, step: int) -> SampledImage:
    sample = np.zeros((-(-height // step), -(-width // step), 1), np.float32)
    return SampledImage((height, width), sample, step, read=lambda region: sample)


def test_windows_of_a_large_image_are_spread_over_it_and_together_no_more_than_a_megapixel():
    windows = list(find_windows(blank(20_000, 30_000, 24), Fraction(1, 3)))
    assert {(rows.start // 5000, columns.start // 7500) for rows, columns in windows} == {
        (row, column) for row in range(4) for column in range(4)
    }
    seen = sum((rows.stop - rows.start) * (columns.stop - columns.start) for rows, columns in windows) / 9
    assert seen <= 1_000_000


def test_windows_lie_where_an_image_shows_something():
    image = blank(20_000, 20_000, 20)
    rng = np.random.default_rng(0)
    image.sample[150:190, 400:430, 0] = rng.random((40, 30))  # pixels 3,000 to 3,800, and 8,000 to 8,600
    hits = [
        (rows, columns)
        for rows, columns in find_windows(image, Fraction(1, 3))
        if image.sample[rows.start // 20 : rows.stop // 20, columns.start // 20 : columns.stop // 20].any()
    ]
    assert len(hits) == 1


def test_a_small_image_is_looked_at_whole():
    assert list(find_windows(blank(512, 640, 1), Fraction(1, 3))) == [(slice(0, 512), slice(0, 640))]


def test_windows_tell_the_size_that_the_whole_image_tells(segmenter: Segmenter):
    image = disc_field(60, count=5)
    whole = segmenter.segment(image)
    seen = segmenter.detect_in_windows(sample_image(normalise(image)))
    assert seen.zoom == whole.zoom < 1
    assert seen.diameter == pytest.approx(whole.diameter, rel=0.1)


@pytest.fixture
def small_blocks(monkeypatch):
    shrink_blocks(monkeypatch, BLOCK_SIDE=200, LARGEST_NUCLEUS=40, EDGE_MARGIN=16)


def segment_in_blocks(segmenter: Segmenter, image: np.ndarray, size: NuclearSize):
    """The blocks, the label image and the nuclei."""
    plane = NormalisedPlane(Plane(image[..., None], colour=False, nuclear_channel=0))
    blocks = BlockwiseSegmentation(plane, segmenter.tile_predictor(image.shape, size))
    masks, nuclei, _ = join_results(list(blocks))
    return blocks, LazyLabelImage(masks, *image.shape)[:, :], nuclei


def segment_whole(segmenter: Segmenter, image: np.ndarray, size: NuclearSize):
    """The nuclei of an image that is seen whole, and how far above its threshold the foreground is."""
    maps = segmenter.predict(normalise(image), size.zoom)
    threshold = segmenter.card.postprocessing.at(float(size.zoom)).foreground
    foreground = maps[..., segmenter.config.outputs.index("foreground")] - threshold
    return segmenter.find(maps, size.zoom, size.diameter), foreground


@pytest.mark.parametrize("zoom", [Fraction(1, 2), Fraction(2)])
def test_in_blocks_a_network_finds_at_every_zoom_what_it_finds_in_the_whole_image(
    zoom: Fraction, monkeypatch, small_blocks
):
    segmenter = Segmenter.load(precision="float32")
    image = disc_field(20, count=14) if zoom < 1 else discs(420, 360)[0]
    size = NuclearSize(18.0, zoom)
    whole, foreground = segment_whole(segmenter, image, size)
    monkeypatch.setattr("model.segmentation.prediction.TILE_SIDE", 3 * HALO)
    in_tiles, foreground_in_tiles = segment_whole(segmenter, image, size)

    blocks, labels, nuclei = segment_in_blocks(segmenter, image, size)

    assert len(blocks) > 1
    assert ((labels > 0) == (in_tiles.labels > 0)).all()
    assert nuclei["label"].size == whole.labels.max()
    assert np.sort(nuclei["confidence"]) == pytest.approx(np.sort(whole.confidence), abs=1e-3)
    assert blocks.image_confidence == pytest.approx(whole.image_confidence, abs=0.02)
    # tiles of other sizes round otherwise: what the threshold decides by more than that is the same
    rounding = np.abs(foreground_in_tiles - foreground).max()
    differ = (labels > 0) != (whole.labels > 0)
    assert rounding < 1e-3
    assert (np.abs(foreground[differ]) <= rounding).all()
    assert np.mean(differ) < 1e-5


@pytest.mark.parametrize("zoom", [step for step in LADDER if step >= Fraction(1, 8)], ids=str)
def test_outlines_of_discs_are_as_smooth_at_every_zoom(zoom: Fraction):
    """What a perfect network would say of a disc, brought back, against the disc itself."""
    rng, radius = np.random.default_rng(0), 20 / min(1, float(zoom))
    side = int(2 * radius + 30 / min(1, float(zoom)))
    rows, columns = np.mgrid[:side, :side]
    ratios = []
    for centre in side / 2 + rng.uniform(-1, 1, (12, 2)) / min(1, float(zoom)):
        disc = np.clip(radius + 0.5 - np.hypot(rows - centre[0], columns - centre[1]), 0, 1)[..., None]
        seen = bring_back(resample(disc.astype(np.float32), zoom), (side, side), zoom)
        there, back = (measure_shapes((image[..., 0] > 0.5).astype(np.int32)) for image in (disc, seen))
        ratios.append([back[name][0] / there[name][0] for name in ("perimeter", "form_factor", "area")])
    assert np.mean(ratios, axis=0) == pytest.approx(1, abs=0.02)


@pytest.mark.parametrize("smallest", [None, 12])
def test_micronuclei_are_kept_where_somebody_says_so(segmenter: Segmenter, smallest: int | None):
    image = np.zeros((90, 90), np.float32)
    rows, columns = np.mgrid[:90, :90]
    for row, column, radius in ((40, 40, 14), (62, 62, 2.4)):
        image += 1 / (1 + np.exp(2 * (np.hypot(rows - row, columns - column) - radius)))
    maps = np.stack([image, np.zeros_like(image), image], axis=-1).astype(np.float32)
    sure = with_config(calibration=None)
    assert sure.find(maps, smallest=smallest).labels.max() == (1 if smallest is None else 2)


def test_a_network_that_knows_other_sizes_shows_them_so():
    assert KnownDiameters(smallest=5, largest=20, best=15).zoom(40) == Fraction(1, 3)
