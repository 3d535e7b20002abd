"""What the network learns to predict, on label images small enough to check by eye."""

import numpy as np
import pytest

from model.training.targets import contact_map, distance_map, stack_targets


@pytest.fixture
def pair() -> np.ndarray:
    """Two touching squares of 9 × 9 and a lone one of 5 × 5."""
    labels = np.zeros((30, 40), np.int32)
    labels[3:12, 3:12], labels[3:12, 12:21], labels[20:25, 30:35] = 1, 2, 3
    return labels


def test_every_nucleus_is_a_hill_of_height_one_whatever_its_size(pair: np.ndarray):
    distance = distance_map(pair)
    assert [distance[pair == label].max() for label in (1, 2, 3)] == pytest.approx([1, 1, 1])
    assert (distance[pair == 0] == 0).all()


def test_a_neighbour_is_an_edge_but_the_border_of_the_image_is_not(pair: np.ndarray):
    distance = distance_map(pair)
    assert distance[7, 11] < 0.3
    cut = distance_map(pair[7:])
    assert cut[0, 7] == pytest.approx(1)


def test_contact_is_where_two_nuclei_are_near_and_nowhere_else(pair: np.ndarray):
    contact = contact_map(pair, reach=5)
    assert contact[7, 10:14].all()
    assert not contact[:, :9].any()
    assert not contact[18:, :].any()


def test_an_image_without_nuclei_has_empty_maps():
    labels = np.zeros((16, 16), np.int32)
    targets = stack_targets(labels, distance_map(labels), ("foreground", "contact", "distance"))
    assert targets.shape == (16, 16, 3)
    assert (targets == 0).all()


def test_a_nucleus_that_fills_the_image_has_a_finite_map():
    assert np.isfinite(distance_map(np.ones((16, 16), np.int32))).all()


def test_maps_come_in_the_order_asked_for(pair: np.ndarray):
    distance = distance_map(pair)
    forth = stack_targets(pair, distance, ("foreground", "distance"))
    back = stack_targets(pair, distance, ("distance", "foreground"))
    assert (forth == back[..., ::-1]).all()
