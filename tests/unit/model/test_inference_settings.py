"""How a trained network is to be used: thresholds, how sure it is, and what of it goes into its card."""

from dataclasses import replace
from fractions import Fraction

import numpy as np
import pytest

from model.segmentation.confidence import confidence_of
from model.training.inference_settings import calibrate, collect_evidence, search_confidence
from model.training.threshold_search import PredictedImage, balanced_mean, mean_of_images, mean_of_kinds
from model.weights import ModelCard
from model.weights.postprocessing import PostprocessingParams
from tests.unit.model.training_examples import draw_example

OUTPUTS = ("foreground", "contact", "distance")
PARAMS = PostprocessingParams(foreground=0.5, marker=0.3, contact=0.5, smallest=5)


def predicted(seed: int, *, invented: bool = True) -> PredictedImage:
    """Maps that show all nuclei of an example, and faintly one that isn't there."""
    example = draw_example(seed)
    maps = np.stack(((example.labels > 0) * 0.95, example.labels * 0.0, example.distance), axis=-1)
    if invented:
        free = np.zeros_like(example.labels)
        free[:12, :12] = 1
        free &= example.labels == 0
        maps[..., 0] = np.where(free, 0.6, maps[..., 0])
        maps[..., 2] = np.where(free, 0.35, maps[..., 2])
    return PredictedImage(example.kind, example.labels, maps.astype(np.float16))


def test_evidence_tells_of_each_nucleus_whether_it_matches():
    features, matched, kinds = collect_evidence([predicted(0)], OUTPUTS, PARAMS)
    assert (len(features), matched.sum(), len(kinds)) == (8, 7, 8)


def test_what_is_not_there_is_found_unlikely_and_left_out():
    images = [predicted(seed) for seed in range(6)]
    calibration = calibrate(images, OUTPUTS, PARAMS)
    features, matched, _ = collect_evidence(images, OUTPUTS, PARAMS)
    confidence = confidence_of(features, calibration)
    assert confidence[matched].min() > confidence[features[:, 0] < 0.7].max()
    params, score = search_confidence(images, OUTPUTS, PARAMS, calibration)
    assert params.least_confidence > 0
    assert score > search_confidence(images, OUTPUTS, PARAMS, replace(calibration, offset=99.0))[1]


def test_a_mean_over_kinds_sacrifices_none():
    kinds, scores = ["common", "common", "common", "rare"], [1.0, 1.0, 1.0, 0.0]
    assert mean_of_images(kinds, scores) == pytest.approx(0.75)
    assert mean_of_kinds(kinds, scores) == pytest.approx(0.5)
    assert balanced_mean(kinds, scores) == pytest.approx(0.625)


def test_rules_are_the_same_in_the_pixels_of_an_image_that_is_seen_zoomed():
    params = PostprocessingParams(smoothing=1.0, smallest=30).at(float(Fraction(1, 2)))
    assert params.smoothing == 2
    assert params.smallest == 120


def test_a_card_without_sizes_and_calibration_has_none():
    assert ModelCard("", "", {"network": {}, "postprocessing": {}}, {}, "").diameters is None
    assert ModelCard("", "", {"network": {}, "postprocessing": {}}, {}, "").calibration is None


def test_a_card_with_them_gives_them():
    config = {
        "diameters": {"smallest": 12, "largest": 50, "best": 36},
        "calibration": {"weights": [1.0, 2.0], "offset": -1.0},
    }
    card = ModelCard("", "", config, {}, "")
    assert card.diameters is not None
    assert card.diameters.best == 36
    assert card.calibration is not None
    assert card.calibration.weights == (1.0, 2.0)
