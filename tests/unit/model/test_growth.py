"""Markers share out a mask."""

import numpy as np
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays
from scipy import ndimage

from model.segmentation.growth import grow


def test_two_markers_meet_in_the_middle():
    markers = np.zeros((9, 20), np.int32)
    markers[4, 2], markers[4, 17] = 1, 2
    grown = grow(markers, np.ones((9, 20), bool))
    assert (grown[:, :10] == 1).all()
    assert (grown[:, 10:] == 2).all()


def test_a_marker_grows_along_the_mask_and_never_through_its_gaps():
    mask = np.ones((5, 9), bool)
    mask[:4, 4] = False  # a wall with a passage at the bottom
    markers = np.zeros((5, 9), np.int32)
    markers[0, 3], markers[4, 8] = 1, 2
    grown = grow(markers, mask)
    assert grown[0, 5] == 2  # nearer to 1 through the wall, but not along the mask
    assert not grown[:4, 4].any()


def test_a_marker_grows_as_nearly_a_disc_as_steps_of_a_pixel_allow():
    markers = np.zeros((61, 61), np.int32)
    markers[30, 30], markers[0, :], markers[60, :], markers[:, 0], markers[:, 60] = 1, 2, 2, 2, 2
    grown = grow(markers, np.ones((61, 61), bool)) == 1
    diagonal, straight = grown.diagonal().sum() * np.sqrt(2), grown[30].sum()
    assert 0.85 < diagonal / straight < 1.5


def test_what_no_marker_reaches_stays_empty():
    mask = np.zeros((5, 9), bool)
    mask[:, :3] = mask[:, 6:] = True
    markers = np.zeros((5, 9), np.int32)
    markers[2, 1] = 7
    grown = grow(markers, mask)
    assert (grown[:, :3] == 7).all()
    assert not grown[:, 3:].any()


@given(arrays(bool, (12, 15)), arrays(np.int32, (12, 15), elements=st.integers(0, 3)))
def test_every_pixel_that_a_path_joins_to_a_marker_gets_a_label_and_no_other(
    mask: np.ndarray, markers: np.ndarray
):
    grown = grow(markers, mask)
    assert (grown[markers > 0] == markers[markers > 0]).all()
    pieces, _ = ndimage.label(mask | (markers > 0), np.ones((3, 3)))
    reachable = np.isin(pieces, np.unique(pieces[markers > 0])) & (pieces > 0)
    assert not grown[~reachable].any()
    straight, _ = ndimage.label(mask | (markers > 0))
    certain = np.isin(straight, np.unique(straight[markers > 0])) & mask
    assert (grown[certain] > 0).all()
