"""Neighbours: counted by hand, by brute force, and as CellProfiler does."""

import warnings

import numpy as np
import pytest

from model.measurements import measure_shapes
from model.measurements.neighbors import measure_contacts, measure_density, measure_nearest
from tests.unit.model import label_images
from tests.unit.model.label_images import by_hand

with warnings.catch_warnings():
    warnings.simplefilter("ignore")  # its docstrings hold escapes that Python warns of
    from cp_measure.multimask.measureobjectneighbors import measureobjectneighbors


def contacts(labels: np.ndarray, distance: float):
    return measure_contacts(labels, np.unique(labels[labels > 0]), distance)


def test_a_neighbour_has_a_pixel_within_the_distance():
    labels = by_hand("11..2....3")

    assert contacts(labels, 2.9)["neighbor_count"].tolist() == [0, 0, 0]
    assert contacts(labels, 3)["neighbor_count"].tolist() == [1, 1, 0]
    assert contacts(labels, 5)["neighbor_count"].tolist() == [1, 2, 1]
    assert contacts(labels, 8)["neighbor_count"].tolist() == [2, 2, 2]


def test_distances_are_euclidean():
    labels = by_hand("1.... ..... ..... ....2")

    assert contacts(labels, 4.9)["neighbor_count"].tolist() == [0, 0]
    assert contacts(labels, 5)["neighbor_count"].tolist() == [1, 1]


@pytest.mark.parametrize("distance", [1, 2.5, 6, 30])
@pytest.mark.parametrize("name", ["drawn", "touching", "tiny", "loose", "gaps"])
def test_neighbours_are_those_of_brute_force(name: str, distance: float):
    labels = label_images.EXAMPLES[name][:120, :120]
    present = np.unique(labels[labels > 0])
    places = [np.argwhere(labels == label) for label in present]

    expected = [sum(gap(one, other) <= distance for other in places) - 1 for one in places]

    assert contacts(labels, distance)["neighbor_count"].tolist() == expected


def gap(one: np.ndarray, other: np.ndarray) -> float:
    return np.hypot(*(one[:, None] - other).transpose(2, 0, 1)).min()


def test_the_share_of_the_outline_that_touches_counts_corners():
    labels = by_hand(
        """
        .....
        .11..
        .11..
        ...2.
        .....
        """
    )

    assert contacts(labels, 1)["neighbor_touching_fraction"].tolist() == [1 / 4, 1]


def test_a_nucleus_that_fills_the_image_has_no_outline_and_no_neighbour():
    table = contacts(np.ones((4, 5), np.int32), 3)

    assert table["neighbor_count"].tolist() == [0]
    assert np.isnan(table["neighbor_touching_fraction"]).tolist() == [True]


def test_the_nearest_is_that_with_the_nearest_centroid():
    table = measure_nearest(measure_shapes(by_hand("11.2....44")))

    assert table["neighbor_nearest_label"].tolist() == [2, 1, 2]
    assert table["neighbor_nearest_distance"].tolist() == [2.5, 2.5, 5.5]


def test_the_only_nucleus_has_no_nearest():
    table = measure_nearest(measure_shapes(by_hand(".1.")))

    assert all(np.isnan(column).tolist() == [True] for column in table.values())


def test_nuclei_with_one_centroid_are_each_other_s_nearest():
    table = measure_nearest(measure_shapes(label_images.RING_WITH_NUCLEUS))

    assert table["neighbor_nearest_label"].tolist() == [2, 1]
    assert table["neighbor_nearest_distance"].tolist() == [0, 0]


def test_density_counts_in_the_part_of_the_square_that_lies_in_the_image():
    labels = np.zeros((20, 20), np.int32)
    labels[0, 0], labels[10, 10], labels[12, 10] = 1, 2, 3

    density = measure_density(measure_shapes(labels), (20, 20), 8)

    np.testing.assert_allclose(density, [1 / 4.5**2, 2 / 64, 2 / 64])


def test_without_nuclei_there_is_nothing():
    shapes = measure_shapes(np.zeros((4, 4), np.int32))

    assert len(measure_density(shapes, (4, 4), 8)) == 0
    assert all(len(column) == 0 for column in measure_nearest(shapes).values())


@pytest.mark.parametrize("distance", [1, 3, 5])
def test_neighbours_and_distances_are_cellprofilers(distance: int):
    labels = label_images.drawn()
    shapes = measure_shapes(labels)

    theirs = measureobjectneighbors(labels, labels, "Within a specified distance", distance)

    assert contacts(labels, distance)["neighbor_count"].tolist() == list(of(theirs, "NumberOfNeighbors"))
    nearest = measure_nearest(shapes)
    np.testing.assert_allclose(nearest["neighbor_nearest_distance"], of(theirs, "FirstClosestDistance"))


def test_cellprofilers_outline_has_corners_and_the_border_too():
    """It counts pixels of the outline that meet others at a corner alone, and those at the image's border."""
    labels = label_images.drawn()
    theirs = of(measureobjectneighbors(labels, labels, "Adjacent"), "PercentTouching") / 100

    ours = contacts(labels, 1)["neighbor_touching_fraction"]

    np.testing.assert_array_equal(ours == 0, theirs == 0)
    assert np.abs(ours - theirs).max() < 0.15


def of(theirs, name: str) -> np.ndarray:
    (found,) = (values for key, values in theirs.items() if name in key)
    return np.asarray(found)
