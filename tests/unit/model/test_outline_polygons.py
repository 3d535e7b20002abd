"""Outlines as polygons: valid, along the edges of pixels, with as much area as there are pixels."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays
from shapely import MultiPolygon, contains_xy
from shapely import Polygon as ShapelyPolygon

from model.labels.outline_polygons import trace_polygons
from tests.unit.model.label_images import EXAMPLES, by_hand


def shapes(labels: np.ndarray) -> dict[int, MultiPolygon]:
    return {
        label: MultiPolygon([ShapelyPolygon(part.shell, part.holes) for part in parts])
        for label, parts in trace_polygons(labels).items()
    }


def assert_same_pixels(labels: np.ndarray) -> None:
    found = shapes(labels)
    assert set(found) == set(np.unique(labels)) - {0}
    for label, shape in found.items():
        assert shape.is_valid
        inside = labels == label
        assert shape.area == inside.sum()
        rows, cols = np.nonzero(inside)
        assert contains_xy(shape, cols + 0.5, rows + 0.5).all()


@pytest.mark.parametrize("name", EXAMPLES)
def test_a_nucleus_is_its_pixels(name: str):
    assert_same_pixels(EXAMPLES[name])


@given(arrays(np.int32, st.tuples(st.integers(1, 9), st.integers(1, 9)), elements=st.integers(0, 2)))
def test_any_pixels_make_valid_polygons(labels: np.ndarray):
    assert_same_pixels(labels)


def test_only_corners_are_kept_and_the_first_one_is_not_said_twice():
    (polygon,) = trace_polygons(by_hand("..... .333. .333."))[3]
    assert sorted(polygon.shell) == [(1, 1), (1, 3), (4, 1), (4, 3)]
    assert polygon.holes == []


def test_a_hole_stays_a_hole():
    (polygon,) = trace_polygons(by_hand("111 1.1 111"))[1]
    assert sorted(*polygon.holes) == [(1, 1), (1, 2), (2, 1), (2, 2)]


def test_parts_that_meet_at_a_corner_are_two_polygons():
    assert [len(part.shell) for part in trace_polygons(by_hand("1. .1"))[1]] == [4, 4]


def test_a_ring_that_closes_at_a_corner_is_a_shell_with_a_hole_that_touches_it():
    (polygon,) = trace_polygons(by_hand("111 1.1 11."))[1]
    assert len(polygon.holes) == 1


def test_a_part_of_an_image_lies_where_it_was_cut_out():
    labels = EXAMPLES["drawn"]
    whole, part = trace_polygons(labels), trace_polygons(labels[100:200, 50:250], 100, 50)
    inside = set(np.unique(labels[101:199, 51:249]))
    edge = set(
        np.unique(
            np.concatenate([labels[:101].flat, labels[199:].flat, labels[:, :51].flat, labels[:, 249:].flat])
        )
    )
    for label in inside - edge - {0}:
        assert part[label] == whole[label]
