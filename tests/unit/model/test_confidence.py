"""How sure the network is: evidence from the maps, a calibrated probability for each nucleus, one for each image."""

import numpy as np
import pytest

from model.segmentation.confidence import (
    FEATURES,
    REFERENCE,
    NucleusEvidence,
    confidence_of,
    image_confidence,
)
from model.training.calibration import calibration_error, fit_calibration, reliability_curve
from model.weights.calibration import Calibration

OUTPUTS = ("foreground", "contact", "distance")


def square(sureness: float = 1.0, side: int = 10) -> tuple[np.ndarray, np.ndarray]:
    """Maps of one square nucleus in a field of 30 × 30, and its labels."""
    labels = np.zeros((30, 30), np.int32)
    labels[5 : 5 + side, 5 : 5 + side] = 1
    maps = np.zeros((30, 30, 3), np.float32)
    maps[..., 0] = maps[..., 2] = labels * sureness
    return maps, labels


def feature(evidence: NucleusEvidence, name: str) -> np.ndarray:
    return evidence.features[:, FEATURES.index(name)]


def test_a_nucleus_that_stands_out_has_a_sure_inside_and_a_sure_edge():
    evidence = NucleusEvidence(square(0.9)[0], OUTPUTS, square()[1])
    assert feature(evidence, "inside") == pytest.approx([0.9])
    assert feature(evidence, "edge") == pytest.approx([0.9])
    assert feature(evidence, "peak") == pytest.approx([0.9])
    assert feature(evidence, "border") == [0]


def test_a_halo_makes_an_edge_less_sure():
    maps, labels = square()
    maps[2:18, 2:18, 0] = np.maximum(maps[2:18, 2:18, 0], 0.4)
    assert feature(NucleusEvidence(maps, OUTPUTS, labels), "edge") == pytest.approx([0.6])


def test_neighbours_share_a_border():
    maps, labels = square()
    labels[5:15, 10:15] = 2
    shares = feature(NucleusEvidence(maps, OUTPUTS, labels), "border")
    assert shares == pytest.approx([10 / 30, 10 / 30])  # of the 30 edges of pixels around 10 × 5


def test_size_is_that_which_the_network_sees():
    maps, labels = square()
    zoom = REFERENCE / (2 * np.sqrt(100 / np.pi))
    assert feature(NucleusEvidence(maps, OUTPUTS, labels, zoom), "log_size") == pytest.approx([0])
    assert feature(NucleusEvidence(maps, OUTPUTS, labels, zoom / np.e), "log_size") == pytest.approx([-1])


def test_foreground_that_became_no_nucleus_is_doubtful():
    maps, labels = square()
    maps[20:30, 20:30, 0] = 0.5
    evidence = NucleusEvidence(maps, OUTPUTS, labels)
    assert evidence.doubtful == pytest.approx(0.5)  # an area as large as the nucleus, half sure


def test_an_image_without_nuclei_has_none_to_be_sure_of():
    maps, labels = np.zeros((8, 8, 3), np.float32), np.zeros((8, 8), np.int32)
    evidence = NucleusEvidence(maps, OUTPUTS, labels)
    assert evidence.features.shape == (0, len(FEATURES))
    assert image_confidence(np.zeros(0, np.float32), evidence.doubtful) == 1.0


def test_an_image_is_as_sure_as_its_nuclei_less_what_may_be_missing():
    assert image_confidence(np.full(100, 0.8, np.float32), 0.0) == pytest.approx(0.8, abs=0.01)
    assert image_confidence(np.full(100, 0.8, np.float32), 100.0) == pytest.approx(0.4, abs=0.01)


def test_a_fitted_calibration_says_how_many_match():
    rng = np.random.default_rng(1)
    evidence = rng.normal(0, 1, (4000, 2))
    chance = 1 / (1 + np.exp(-(evidence[:, 0] * 2 + 0.5)))
    matched = rng.random(4000) < chance
    calibration = fit_calibration(evidence, matched)
    assert calibration.weights[0] == pytest.approx(2, abs=0.2)
    assert calibration.weights[1] == pytest.approx(0, abs=0.1)
    assert confidence_of(evidence, calibration) == pytest.approx(chance, abs=0.06)
    assert calibration_error(reliability_curve(confidence_of(evidence, calibration), matched)) < 0.03


def test_what_always_matches_is_no_reason_to_diverge():
    calibration = fit_calibration(np.ones((10, 1)), np.ones(10, np.bool_))
    assert (confidence_of(np.ones((1, 1)), calibration) > 0.9).all()


def test_weights_balance_what_there_is_more_of():
    evidence = np.zeros((100, 1))
    matched = np.arange(100) < 90
    weights = np.where(matched, 1 / 9, 1.0)
    assert confidence_of(evidence[:1], fit_calibration(evidence, matched, weights)) == pytest.approx(
        [0.5], abs=0.01
    )


def test_a_reliability_curve_leaves_out_what_nothing_is_known_of():
    curve = reliability_curve(np.array([0.05, 0.95, 0.95], np.float32), np.array([False, True, False]))
    assert [(part.nuclei, part.matched) for part in curve] == [(1, 0.0), (2, 0.5)]
    assert calibration_error(curve) == pytest.approx((0.05 + 2 * 0.45) / 3, abs=1e-6)


def test_calibrations_are_logistic():
    assert confidence_of(np.array([[0.5]]), Calibration((2.0,), -1.0)) == pytest.approx([0.5])
