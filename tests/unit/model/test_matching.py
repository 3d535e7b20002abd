"""Matching of label images, on images whose overlap is known exactly."""

import numpy as np
import pytest

from model.evaluation.matching import THRESHOLDS, average_precision, match_nuclei


def square(shift: int = 0, side: int = 10, label: int = 1) -> np.ndarray:
    labels = np.zeros((30, 30), np.int32)
    labels[5 : 5 + side, 5 + shift : 5 + shift + side] = label
    return labels


def test_an_image_agrees_with_itself():
    matching = match_nuclei(square(), square())
    assert matching.score == 1.0
    assert matching.foreground_iou == matching.foreground_dice == 1.0


@pytest.mark.parametrize("shift", [1, 2, 3, 4, 5])
def test_a_shifted_square_is_found_up_to_its_known_iou(shift: int):
    iou = (10 - shift) / (10 + shift)
    matching = match_nuclei(square(), square(shift))
    assert matching.precision.tolist() == (iou > THRESHOLDS).astype(float).tolist()
    assert matching.foreground_iou == pytest.approx(iou)
    assert matching.foreground_dice == pytest.approx((10 - shift) / 10)


def test_an_iou_that_equals_the_threshold_is_none_above_it():
    half = match_nuclei(square(), square() * (np.arange(30) < 10)[:, None])
    assert half.foreground_iou == THRESHOLDS[0] == 0.5
    assert average_precision([half])[0] == half.precision[0] == 0


def test_the_names_of_labels_do_not_matter():
    assert match_nuclei(square(label=7), square(label=3)).score == 1.0


def test_a_missed_a_false_and_a_found_nucleus_count_one_each():
    truth, predicted = square(), square()
    truth[20:28, 2:6] = 2
    predicted[20:28, 20:24] = 2
    assert match_nuclei(truth, predicted).precision[0] == pytest.approx(1 / 3)


def test_a_merged_pair_is_one_wrong_nucleus_and_two_missed_ones():
    truth = square()
    truth[5:15, 15:25] = 2
    matching = match_nuclei(truth, (truth > 0).astype(np.int32))
    assert matching.tp.tolist() == [0] * 10
    assert (matching.n_truth, matching.n_predicted) == (2, 1)


def test_nothing_there_and_nothing_found_is_perfect_but_something_found_is_not():
    nothing = np.zeros((30, 30), np.int32)
    assert match_nuclei(nothing, nothing).score == 1.0
    assert match_nuclei(nothing, square()).score == 0.0
    assert match_nuclei(square(), nothing).score == 0.0


def test_pooled_precision_weighs_nuclei_where_the_score_weighs_images():
    many = np.kron(np.arange(1, 10).reshape(3, 3), np.ones((10, 10), int)).astype(np.int32)
    results = [match_nuclei(many, many), match_nuclei(square(), np.zeros((30, 30), np.int32))]
    assert average_precision(results)[0] == pytest.approx(9 / 10)
    assert np.mean([a.score for a in results]) == pytest.approx(1 / 2)


def test_images_of_different_shape_are_refused():
    with pytest.raises(ValueError, match=r"\(30, 30\) and \(5, 5\)"):
        match_nuclei(square(), np.zeros((5, 5), np.int32))
