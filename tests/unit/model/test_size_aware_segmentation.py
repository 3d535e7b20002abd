"""The shipped network looks for the size of nuclei first, and sees them at the one that it knows."""

from collections.abc import Mapping
from dataclasses import asdict, replace
from fractions import Fraction
from typing import Any

import numpy as np
import pytest

from model.measurements import measure_shapes
from model.segmentation.nuclear_size import estimate_diameter, find_windows
from model.segmentation.segmenter import Segmenter
from model.training.collection import KNOWN
from model.weights.diameters import KnownDiameters
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


def test_what_is_found_shrunk_but_not_for_sure_is_not_believed(segmenter: Segmenter, monkeypatch):
    sure = segmenter.segment(disc_field(60)).image_confidence
    assert sure is not None
    monkeypatch.setattr("model.segmentation.segmenter.SURE", sure + 0.01)
    assert segmenter.segment(disc_field(60)).zoom == 1


def test_nuclei_that_the_network_knows_are_seen_as_they_are(segmenter: Segmenter):
    image, count = discs()
    result = segmenter.segment(image)
    assert (result.zoom, result.labels.max()) == (1, count)


def test_a_diameter_that_is_given_is_not_looked_for(segmenter: Segmenter):
    assert segmenter.segment(disc_field(60), diameter=40).zoom == 1
    assert segmenter.segment(disc_field(60), diameter=120).zoom == Fraction(1, 3)


def test_weights_whose_card_says_no_diameters_see_every_image_at_its_own_size():
    own = with_config(diameters=None)
    assert own.segment(disc_field(60)).zoom == 1
    assert own.segment(disc_field(60), diameter=120).zoom == 1


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
    looks: list[Fraction] = []

    def look(zoom: Fraction) -> list[np.ndarray]:
        looks.append(zoom)
        seen = np.zeros((400, 400), np.int32)
        side = int(300 * zoom)
        seen[:side, :side] = 1
        return [seen]

    assert estimate_diameter(look, largest=50) == pytest.approx(300 * 2 / np.sqrt(np.pi), rel=0.05)
    assert looks == [Fraction(1, 3), Fraction(1, 12)]  # they were too large at the first


def test_windows_of_a_large_image_are_spread_over_it():
    windows = list(find_windows(20_000, 30_000, Fraction(1, 3)))
    assert len(windows) == 16
    assert {(rows.start, columns.start) for rows, columns in windows} >= {
        (0, 0),
        (20_000 - 768, 30_000 - 768),
    }
    assert all(rows.stop - rows.start == columns.stop - columns.start == 768 for rows, columns in windows)


def test_a_small_image_is_looked_at_whole():
    assert list(find_windows(512, 640, Fraction(1, 3))) == [(slice(0, 512), slice(0, 640))]


def test_a_network_that_knows_other_sizes_shows_them_so():
    assert KnownDiameters(smallest=5, largest=20, best=15).zoom(40, (100, 100), 10**6) == Fraction(1, 3)
