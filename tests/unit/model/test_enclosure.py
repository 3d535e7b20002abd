"""What lies within a nucleus is a part of it."""

import numpy as np

from model.segmentation.enclosure import absorb_enclosed


def drawn(*rows: str) -> np.ndarray:
    return np.array([[int(pixel) for pixel in row] for row in rows], np.int32)


def test_a_nucleus_within_another_becomes_a_part_of_it():
    labels = drawn("11111", "12221", "12221", "11111")
    assert (absorb_enclosed(labels, 1.0) == 1).all()


def test_a_hole_is_filled():
    labels = drawn("1111", "1001", "1111")
    assert (absorb_enclosed(labels, 1.0) == 1).all()


def test_a_nucleus_in_a_hole_is_a_part_of_what_is_around_the_hole():
    labels = drawn("1111111", "1000001", "1022201", "1000001", "1111111")
    assert (absorb_enclosed(labels, 1.0) == 1).all()


def test_a_gap_among_several_nuclei_stays_and_what_lies_in_it_too():
    labels = drawn("1111222", "1000002", "1003002", "1000002", "1111222")
    assert (absorb_enclosed(labels, 1.0) == labels).all()


def test_background_that_reaches_the_border_is_no_hole():
    labels = drawn("1111", "1001", "1001")
    assert (absorb_enclosed(labels, 1.0) == labels).all()


def test_a_neighbour_along_most_of_whose_outline_a_nucleus_runs_is_a_piece_of_it_only_if_asked_for():
    labels = drawn("000000", "111111", "122211", "122211", "111100")
    labels[2, 0] = labels[3, 0] = (
        0  # six of ten edges of the outline are in common, and two more above and below
    )
    assert absorb_enclosed(labels, 1.0).max() == 2
    assert absorb_enclosed(labels, 0.6).max() == 1


def test_of_two_equal_halves_neither_is_within_the_other():
    labels = drawn("1122", "1122")
    assert (absorb_enclosed(labels, 0.5) == labels).all()


def test_pieces_within_pieces_go_to_the_outermost():
    labels = np.ones((9, 9), np.int32)
    labels[2:7, 2:7] = 2
    labels[4, 4] = 3
    assert (absorb_enclosed(labels, 1.0) == 1).all()


def test_an_image_without_nuclei_stays_as_it_is():
    nothing = np.zeros((4, 5), np.int32)
    assert (absorb_enclosed(nothing, 1.0) == nothing).all()
