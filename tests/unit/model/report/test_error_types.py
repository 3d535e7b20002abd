"""Error types of nuclei, on discs that were merged, cut, shrunk, left out and made up on purpose."""

import numpy as np
import pytest

from model.evaluation.report.error_types import ErrorType, classify, count_errors
from model.labels.overlaps import overlap
from tests.unit.model.label_images import EXAMPLES, noise
from tests.unit.model.report.discs import (
    BRIDGE,
    COLUMNS,
    LEFT,
    LOWER,
    NOTHING,
    RIGHT,
    ROWS,
    UPPER,
    disc,
    label,
)

FAR = disc(32, 80, 8)
CRUMB = disc(32, 37, 2)
CORE = disc(32, 24, 6)


def band(start: int, stop: int) -> np.ndarray:
    """Where these columns are: bool."""
    return np.isin(COLUMNS, np.arange(start, stop))


def types(truth: np.ndarray, found: np.ndarray) -> tuple[list[str], list[str]]:
    classified = classify(overlap(truth, found))
    return [ErrorType(t).label for t in classified.truth], [ErrorType(t).label for t in classified.predicted]


def test_nuclei_found_as_they_are_match():
    assert types(label(LEFT, RIGHT), label(RIGHT, LEFT)) == (["matched"] * 2, ["matched"] * 2)


def test_an_iou_of_one_half_is_not_yet_a_match():
    square = (ROWS < 10) & (COLUMNS < 10)
    half = (ROWS < 5) & (COLUMNS < 10)
    more = half | ((ROWS == 5) & (COLUMNS == 0))
    assert types(label(square), label(half)) == (["misshapen"], ["misshapen"])
    assert types(label(square), label(more)) == (["matched"], ["matched"])


def test_two_nuclei_found_as_one_are_merged():
    assert types(label(LEFT, RIGHT), label(LEFT | RIGHT | BRIDGE)) == (["merged"] * 2, ["merged"])


def test_many_nuclei_found_as_one_are_merged_however_small_their_share():
    dots = [disc(8 + 12 * row, 8 + 12 * column, 3) for row in range(4) for column in range(5)]
    assert types(label(*dots), label(ROWS >= 0)) == (["merged"] * 20, ["merged"])


def test_a_nucleus_found_in_two_halves_is_split():
    assert types(label(LEFT), label(UPPER, LOWER)) == (["split"], ["split"] * 2)


def test_a_nucleus_without_anything_in_its_place_is_missed():
    assert types(label(LEFT, RIGHT), label(LEFT)) == (["matched", "missed"], ["matched"])


def test_a_nucleus_found_where_there_is_none_is_a_false_positive():
    assert types(label(LEFT), label(LEFT, FAR)) == (["matched"], ["matched", "false positive"])


def test_a_nucleus_found_much_too_small_or_too_large_is_misshapen():
    assert types(label(LEFT), label(CORE)) == (["misshapen"], ["misshapen"])
    assert types(label(CORE), label(LEFT)) == (["misshapen"], ["misshapen"])


def test_a_nucleus_shared_out_among_its_neighbours_was_seen_and_is_not_missed():
    truth = label(band(0, 20), band(20, 40), band(40, 60))
    assert types(truth, label(band(0, 29), band(29, 60)))[0] == ["matched", "merged", "matched"]
    assert types(truth, label(band(0, 28), band(32, 60)))[0] == ["matched", "misshapen", "matched"]


def test_a_match_that_swallowed_a_small_neighbour_stays_a_match():
    small = disc(32, 38, 3) & ~LEFT
    assert types(label(LEFT, small), label(LEFT | small)) == (["matched", "merged"], ["matched"])


def test_a_crumb_beside_a_match_is_split_off():
    truth = label(LEFT)
    assert types(truth, label(CRUMB & LEFT, LEFT)) == (["matched"], ["split", "matched"])


def test_grazing_a_neighbour_is_no_error():
    wide = LEFT | (RIGHT & (COLUMNS < 43))
    assert types(label(LEFT, RIGHT), label(wide, RIGHT & ~wide)) == (["matched"] * 2, ["matched"] * 2)


def test_mostly_on_background_is_a_false_positive_though_it_touches_a_nucleus():
    beside = disc(32, 40, 6)
    assert types(label(LEFT), label(LEFT & ~beside, beside))[1] == ["matched", "false positive"]


def test_without_nuclei_there_is_nothing_to_classify():
    assert types(NOTHING, NOTHING) == ([], [])
    assert types(NOTHING, label(LEFT)) == ([], ["false positive"])
    assert types(label(LEFT), NOTHING) == (["missed"], [])


def test_the_names_of_labels_do_not_matter():
    truth = label(LEFT, RIGHT)
    renamed = np.where(truth == 1, 90_000, truth)  # and now last in order
    assert types(renamed, label(RIGHT))[0] == ["matched", "missed"]


@pytest.mark.parametrize("name", EXAMPLES)
def test_an_image_compared_with_itself_holds_no_errors(name: str):
    truth, found = types(EXAMPLES[name], EXAMPLES[name])
    assert set(truth + found) <= {"matched"}


@pytest.mark.parametrize("seed", range(5))
def test_every_nucleus_has_one_type_that_its_side_can_have(seed: int):
    truth, found = noise(seed, 30), noise(seed + 100, 12)
    counts = count_errors(classify(overlap(truth, found)))
    assert counts.truth.sum() == 30
    assert counts.predicted.sum() == 12
    assert (
        counts.truth[0]
        == counts.truth[ErrorType.FALSE_POSITIVE]
        == counts.predicted[0]
        == counts.predicted[ErrorType.MISSED]
        == 0
    )


def test_counts_add_up_over_images():
    once = count_errors(classify(overlap(label(LEFT, RIGHT), label(LEFT, FAR))))
    twice = once + once
    assert [twice.truth[f] for f in (ErrorType.MATCHED, ErrorType.MISSED)] == [2, 2]
    assert [twice.predicted[f] for f in (ErrorType.MATCHED, ErrorType.FALSE_POSITIVE)] == [2, 2]
