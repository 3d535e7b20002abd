"""Rings around nuclei: counted by hand, and never in another nucleus or in what is nearer to one."""

import numpy as np
import pytest

from model.measurements.distances import Distances, scale_distances
from model.measurements.rings import Rings, find_rings, measure_rings
from tests.unit.model import label_images
from tests.unit.model.label_images import by_hand


def rings_of(labels: np.ndarray, gap: float, width: float, wanted: list[int] | None = None) -> Rings:
    present = np.unique(labels[labels > 0]) if wanted is None else np.array(wanted)
    return find_rings(labels, present, Distances(gap, width, 1.0, 10.0))


def drawn(rings: Rings, labels: np.ndarray) -> np.ndarray:
    """Whose ring each pixel is in, by label; 0 for none."""
    picture = np.zeros(labels.shape, np.int32)
    picture.reshape(-1)[rings.pixels.flat] = np.unique(labels[labels > 0])[rings.pixels.nucleus]
    return picture


def test_a_ring_lies_between_its_gap_and_its_end():
    labels = np.zeros((9, 9), np.int32)
    labels[4, 4] = 1
    row, column = np.mgrid[-4:5, -4:5]
    distance = np.hypot(row, column)

    rings = rings_of(labels, gap=1, width=1.5)

    np.testing.assert_array_equal(drawn(rings, labels) == 1, (distance > 1) & (distance <= 2.5))
    np.testing.assert_array_equal(rings.background, distance > 2.5)


def test_each_pixel_is_in_the_ring_of_its_nearest_nucleus():
    labels = by_hand("1...2...")

    rings = rings_of(labels, gap=0, width=3)

    assert drawn(rings, labels).tolist() == [[0, 1, 1, 2, 0, 2, 2, 2]]
    assert not rings.background.any()


def test_the_gap_of_one_nucleus_is_in_no_ring_of_another():
    labels = by_hand("1...2.....")

    assert drawn(rings_of(labels, gap=1, width=4), labels).tolist() == [[0, 0, 1, 0, 0, 0, 2, 2, 2, 2]]


def test_a_nucleus_between_others_may_have_no_ring():
    labels = by_hand("2223 1113 2223")

    rings = rings_of(labels, gap=0, width=5)
    table = measure_rings(np.ones((3, 4, 1)), rings, 3)

    assert not len(rings.pixels.flat)
    assert np.isnan(table["intensity_ring_mean"]).all()


def test_rings_are_asked_for_some_nuclei_but_the_others_keep_their_shares():
    labels = by_hand("1...2")

    assert rings_of(labels, gap=0, width=4, wanted=[2]).pixels.flat.tolist() == [3]


@pytest.mark.parametrize("name", ["drawn", "coins", "gaps", "loose", "touching", "dust"])
def test_rings_never_overlap_nuclei_nor_background(name: str):
    labels = label_images.EXAMPLES[name]

    rings = rings_of(labels, gap=1, width=4)

    flat = rings.pixels.flat
    assert len(np.unique(flat)) == len(flat)
    assert not labels.reshape(-1)[flat].any()
    assert not (rings.background & (labels > 0)).any()
    assert not rings.background.reshape(-1)[flat].any()


def test_rings_are_measured_in_each_channel():
    labels = by_hand("1...2...")
    pixels = np.stack([np.array([[50, 1, 3, 8, 50, 4, 10, 2]]), np.full((1, 8), 7)], axis=-1)

    table = measure_rings(pixels, rings_of(labels, gap=0, width=3), 2)

    np.testing.assert_allclose(table["intensity_ring_mean"], [[2, 6], [7, 7]])
    np.testing.assert_allclose(table["intensity_ring_median"], [[2, 6], [7, 7]])
    np.testing.assert_allclose(table["intensity_ring_integrated"], [[4, 24], [14, 28]])


def test_pixels_that_are_not_finite_are_left_out():
    labels = by_hand("1...2...")
    pixels = np.array([[50, np.nan, np.inf, 8, 50, 4, np.nan, 3.0]])[..., None]

    table = measure_rings(pixels, rings_of(labels, gap=0, width=3), 2)

    np.testing.assert_allclose(table["intensity_ring_mean"], [[np.nan, 5]])
    np.testing.assert_allclose(table["intensity_ring_median"], [[np.nan, 4]])


def test_distances_follow_the_diameter_where_nobody_says_otherwise():
    assert scale_distances(40) == Distances(2, 8, 5, 400)
    assert scale_distances(5) == Distances(1, 2, 2, 50)
    assert scale_distances(40, ring_gap=0, ring_width=3, neighbor_distance=9) == Distances(0, 3, 9, 400)
