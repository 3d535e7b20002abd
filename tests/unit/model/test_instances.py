"""From maps to nuclei, on maps drawn for the purpose."""

import numpy as np
import pytest

from model.segmentation.instances import find_nuclei
from model.weights.postprocessing import PostprocessingParams

OUTPUTS = ("foreground", "contact", "distance")
PARAMS = PostprocessingParams(foreground=0.5, marker=0.5, contact=0.5, smallest=5)


def peak(shape: tuple[int, int], centre: tuple[float, float], radius: float) -> np.ndarray:
    rows, columns = np.mgrid[: shape[0], : shape[1]]
    away = np.hypot(rows - centre[0], columns - centre[1])
    return np.clip(1 - away / radius, 0, 1).astype(np.float32)


def maps_of(*peaks: np.ndarray) -> np.ndarray:
    distance = np.max(peaks, axis=0)
    return np.stack([(distance > 0).astype(np.float32), np.zeros_like(distance), distance], axis=-1)


def test_touching_hills_become_two_nuclei_that_cover_the_foreground():
    maps = maps_of(peak((40, 60), (20, 20), 12), peak((40, 60), (20, 40), 12))
    labels = find_nuclei(maps, OUTPUTS, PARAMS)
    assert labels.max() == 2
    assert labels[20, 20] != labels[20, 40]
    assert ((labels > 0) == (maps[..., 0] > 0.5)).all()


def test_a_contact_line_cuts_a_hill_that_the_distance_map_left_whole():
    maps = maps_of(np.maximum(peak((40, 60), (20, 20), 14), peak((40, 60), (20, 32), 14)))
    assert find_nuclei(maps, OUTPUTS, PARAMS).max() == 1
    maps[:, 25:28, 1] = 1.0
    assert find_nuclei(maps, OUTPUTS, PARAMS).max() == 2


def test_foreground_without_a_hill_is_still_a_nucleus():
    maps = maps_of(peak((40, 40), (20, 20), 10) * 0.3)
    assert find_nuclei(maps, OUTPUTS, PARAMS).max() == 1


def test_nuclei_below_the_smallest_size_are_dropped_and_numbers_have_no_gaps():
    maps = maps_of(peak((40, 60), (5, 5), 2), peak((40, 60), (20, 30), 12))
    labels = find_nuclei(maps, OUTPUTS, PostprocessingParams(smallest=30))
    assert np.unique(labels).tolist() == [0, 1]


def test_nuclei_much_smaller_than_the_others_of_an_image_are_dropped_if_that_is_asked_for():
    maps = maps_of(peak((40, 60), (5, 5), 4), peak((40, 60), (20, 30), 12))
    assert find_nuclei(maps, OUTPUTS, PostprocessingParams(smallest_share=0.05)).max() == 2
    assert find_nuclei(maps, OUTPUTS, PostprocessingParams(smallest_share=0.2)).max() == 1
    assert find_nuclei(maps, OUTPUTS, PostprocessingParams(smallest_share=0.2), diameter=8).max() == 2


def test_a_binary_map_gives_its_connected_components():
    maps = np.zeros((20, 20, 1), np.float32)
    maps[2:8, 2:8], maps[12:18, 12:18] = 0.9, 0.9
    assert find_nuclei(maps, ("foreground",), PARAMS).max() == 2


@pytest.mark.parametrize("shape", [(1, 1), (1, 50), (3, 3)])
def test_empty_maps_give_an_empty_label_image_of_the_same_shape(shape: tuple[int, int]):
    labels = find_nuclei(np.zeros((*shape, 3), np.float32), OUTPUTS, PARAMS)
    assert labels.shape == shape
    assert labels.dtype == np.int32
    assert labels.max() == 0
