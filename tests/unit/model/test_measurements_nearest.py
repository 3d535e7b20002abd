"""The nearest nucleus of a pixel is the one that scipy's Euclidean distance transform finds, as far as it looks."""

import numpy as np
import pytest
from scipy.ndimage import distance_transform_edt

from model.measurements.nearest import find_nearest
from tests.unit.model.label_images import by_hand


@pytest.mark.parametrize("distance", [1, 1.5, 2.2, 5, 7.9, 20, 61])
@pytest.mark.parametrize("seed", range(4))
def test_it_looks_as_far_as_it_is_told_and_finds_the_nearest(distance: float, seed: int):
    labels = scattered(seed)
    true_distance = distance_transform_edt(labels == 0)

    nearest = find_nearest(labels, distance)

    within = nearest.within(distance)
    np.testing.assert_array_equal(within, true_distance <= distance)
    flat = np.flatnonzero(within)
    for place, owner in zip(flat, nearest.owners(flat), strict=True):
        row, column = divmod(place, labels.shape[1])
        rows, columns = np.nonzero(labels == owner)
        assert np.hypot(rows - row, columns - column).min() == pytest.approx(true_distance[row, column])


def scattered(seed: int) -> np.ndarray:
    """A few pixels, each a nucleus, in an image whose sides have no divisor in common."""
    rng = np.random.default_rng(seed)
    labels = np.zeros((37, 53), np.int32)
    labels.reshape(-1)[rng.integers(0, labels.size, 9)] = rng.integers(1, 200_000, 9)
    return labels


def test_without_nuclei_none_is_near():
    assert not find_nearest(np.zeros((5, 7), np.int32), 3).within(3).any()


def test_nuclei_are_near_to_themselves():
    assert find_nearest(by_hand("11 11"), 2).within(0).all()


def test_of_equally_near_nuclei_it_is_the_left_one_then_the_upper_one():
    sideways, upright = by_hand("1.2"), by_hand("1 . 2")

    assert find_nearest(sideways, 1).owners(np.array([1])).tolist() == [1]
    assert find_nearest(upright, 1).owners(np.array([1])).tolist() == [1]


def test_far_more_than_the_image_may_be_looked_at():
    """Beyond some 1,000 pixels, 32 bits don't hold what is compared."""
    labels = by_hand("1......")

    nearest = find_nearest(labels, 2000)

    assert nearest.key.dtype == np.uint64
    assert nearest.within(6).all()
    assert nearest.within(5).sum() == 6
