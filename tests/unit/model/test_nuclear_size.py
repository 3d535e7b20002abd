"""At which zoom nuclei are shown to a network."""

from collections.abc import Mapping
from dataclasses import replace
from fractions import Fraction

import numpy as np
import pytest

from model.segmentation.nuclear_size import (
    Detection,
    NuclearSize,
    area_weighted_diameter,
    pool_detections,
    search_zoom,
)
from model.weights.diameters import LADDER, KnownDiameters, limit_zoom
from model.weights.postprocessing import PostprocessingParams

KNOWN = KnownDiameters(smallest=12, largest=55, best=36)


@pytest.mark.parametrize("diameter", [12, 20, 36, 55])
def test_nuclei_that_the_network_knows_are_seen_as_they_are(diameter: float):
    assert KNOWN.zoom(diameter) == 1


def test_an_image_without_nuclei_stays_as_it_is():
    assert KNOWN.zoom(0) == 1


@pytest.mark.parametrize(
    ("diameter", "zoom"), [(72, Fraction(1, 2)), (100, Fraction(1, 3)), (400, Fraction(1, 12))]
)
def test_larger_nuclei_are_shrunk(diameter: float, zoom: Fraction):
    assert KNOWN.zoom(diameter) == zoom


@pytest.mark.parametrize(
    ("diameter", "zoom"), [(11, Fraction(3, 2)), (10, Fraction(3, 2)), (9, 2), (6, 2), (3, 2)]
)
def test_smaller_nuclei_are_enlarged_no_more_than_it_takes_and_twice_at_most(diameter: float, zoom: int):
    assert KNOWN.zoom(diameter) == zoom


def test_an_image_is_enlarged_less_where_it_would_have_too_many_pixels():
    assert limit_zoom(Fraction(2), (1000, 1000), 4_000_000) == 2
    assert limit_zoom(Fraction(2), (1000, 1000), 3_999_999) == Fraction(3, 2)
    assert limit_zoom(Fraction(2), (1000, 1000), 2_249_999) == 1
    assert limit_zoom(Fraction(1, 3), (1000, 1000), 1) == Fraction(1, 3)


@pytest.mark.parametrize("diameter", [6, 9, 60, 80, 120, 200, 300, 400])
def test_whatever_their_size_nuclei_are_seen_at_one_that_the_network_knows(diameter: float):
    seen = diameter * float(KNOWN.zoom(diameter))
    assert KNOWN.smallest <= seen <= KNOWN.largest


def test_specks_do_not_count_however_many():
    labels = np.zeros((200, 200), np.int32)
    labels[50:150, 50:150] = 1
    labels[::4, :40:4] = np.arange(2, 502).reshape(50, 10)
    assert area_weighted_diameter(labels) == pytest.approx(2 * np.sqrt(10_000 / np.pi), rel=0.02)


def test_without_nuclei_there_is_no_diameter():
    assert area_weighted_diameter(np.zeros((5, 5), np.int32)) == 0


def test_the_ladder_has_few_steps_in_order():
    assert list(LADDER) == sorted(LADDER)
    assert max(LADDER) == 2


def detection(diameter: float, zoom: Fraction = Fraction(1), count: int = 1) -> Detection:
    return Detection(zoom, np.full(count, np.pi / 4 * diameter**2))


def test_the_images_of_a_file_have_one_size():
    size = pool_detections([detection(20), detection(30, count=5), detection(0, count=0), detection(26)])
    assert size.diameter == pytest.approx(30)
    assert size.zoom == 1


def test_they_are_shown_at_the_zoom_at_which_most_of_their_nuclei_were_seen():
    size = pool_detections([detection(20), detection(90, Fraction(1, 2), count=5), detection(0, count=0)])
    assert size.diameter == pytest.approx(90)
    assert size.zoom == Fraction(1, 2)


def test_a_file_without_nuclei_stays_as_it_is():
    assert pool_detections([Detection(Fraction(1, 2)), Detection(Fraction(1))]) == NuclearSize(
        0.0, Fraction(1)
    )
    assert pool_detections([]) == NuclearSize(0.0, Fraction(1))


@pytest.mark.parametrize(("zoom", "smallest"), [(1 / 3, 270), (1, 30), (2, 20), (3, 20)])
def test_the_smallest_nucleus_follows_the_zoom_but_is_no_speck_of_dust(zoom: float, smallest: int):
    assert PostprocessingParams(smallest=30).at(zoom).smallest == smallest


def test_who_wants_specks_has_them():
    assert PostprocessingParams(smallest=4).at(3).smallest == 4


@pytest.mark.parametrize(("confidence", "zoom"), [(0.4, 1), (0.6, 2), (None, 2)])
def test_what_is_shown_enlarged_is_believed_if_it_is_likelier_than_dust(confidence: float | None, zoom: int):
    detections = {Fraction(1): detection(6), Fraction(2): Detection(Fraction(2), np.full(9, 30), confidence)}

    found = search_zoom(detect_nothing, detections.__getitem__, KNOWN.zoom, KNOWN.largest)

    assert found is detections[Fraction(zoom)]


@pytest.mark.parametrize(
    ("area", "pixels", "zoom"), [(27, 10_000, 1), (29, 10_000, 2), (27, 8000, 2), (27, 8200, 1)]
)
def test_what_is_shown_enlarged_is_believed_from_six_pixels_on_or_where_it_is_crowded(
    area: int, pixels: int, zoom: int
):
    enlarged = Detection(Fraction(2), np.full(9, area), 0.9, pixels=pixels)
    detections = {Fraction(1): detection(9), Fraction(2): enlarged}

    found = search_zoom(detect_nothing, detections.__getitem__, KNOWN.zoom, KNOWN.largest)

    assert found is detections[Fraction(zoom)]


def detect_nothing(zoom: Fraction) -> Detection:
    return detection(0, zoom, 0)


class SizedImage:
    """Nuclei of a diameter, of which a network is as sure as it says, at whatever zoom it is shown them."""

    def __init__(self, diameter: float, confidence: float | None = None) -> None:
        self.diameter, self.confidence = diameter, confidence
        self.rough_zooms: list[Fraction] = []
        self.zooms: list[Fraction] = []

    def detect_roughly(self, zoom: Fraction) -> Detection:
        self.rough_zooms.append(zoom)
        return detection(self.diameter, zoom)

    def detect(self, zoom: Fraction) -> Detection:
        self.zooms.append(zoom)
        return replace(detection(self.diameter, zoom), confidence=self.confidence)

    def search(self, *, own_size_first: bool = False) -> Detection:
        return search_zoom(self.detect_roughly, self.detect, KNOWN.zoom, KNOWN.largest, own_size_first)


def test_what_is_shown_enlarged_is_not_enlarged_further():
    image = SizedImage(6)
    image.search()
    assert image.zooms == [1, 2]


def test_a_small_image_is_seen_once_if_its_own_size_leaves_no_doubt():
    image = SizedImage(30, confidence=0.9)
    assert image.search(own_size_first=True).zoom == 1
    assert (image.rough_zooms, image.zooms) == ([], [1])


@pytest.mark.parametrize(("diameter", "confidence"), [(30, 0.7), (30, None), (52, 0.9), (0, 0.9)])
def test_else_it_is_seen_at_low_zoom_and_its_own_size_never_twice(diameter: float, confidence: float | None):
    image = SizedImage(diameter, confidence)
    assert image.search(own_size_first=True).zoom == 1
    assert (image.rough_zooms, image.zooms) == ([Fraction(1, 3)], [1])


def test_a_small_image_of_large_nuclei_is_shrunk():
    image = SizedImage(90, confidence=0.95)
    assert image.search(own_size_first=True).zoom == Fraction(1, 3)
    assert image.zooms == [1, Fraction(1, 3)]


@pytest.mark.parametrize(
    ("shrunk", "own", "zoom"),
    [
        (0.8, 0.81, 1),
        (0.8, 0.79, Fraction(1, 3)),
        (0.8, None, 1),
        (0.72, 0.1, 1),
        (0.9, 0.95, Fraction(1, 3)),
    ],
)
def test_what_is_probable_shrunk_is_believed_rather_than_an_own_size_that_is_less_sure(
    shrunk: float, own: float | None, zoom: Fraction
):
    detections = {
        Fraction(1, 3): replace(detection(100, Fraction(1, 3)), confidence=shrunk),
        Fraction(1): Detection(Fraction(1), np.full(900, 130), own),
    }

    assert search_after(detection(100), detections) is detections[zoom]


@pytest.mark.parametrize(("shrunk", "count", "zoom"), [(0.8, 2, Fraction(1, 3)), (0.8, 1, 1), (0.72, 2, 1)])
def test_several_that_are_probable_shrunk_are_believed_rather_than_an_own_size_that_shows_nothing(
    shrunk: float, count: int, zoom: Fraction
):
    detections = {
        Fraction(1, 3): replace(detection(100, Fraction(1, 3), count), confidence=shrunk),
        Fraction(1): Detection(Fraction(1), confidence=1.0),
    }

    assert search_after(detection(100), detections) is detections[zoom]


def test_a_cluster_of_small_nuclei_that_looked_like_a_large_one_is_seen_at_its_own_size():
    detections = {
        Fraction(1, 3): replace(detection(40, Fraction(1, 3)), confidence=0.9),
        Fraction(1): replace(detection(20), confidence=0.3),
    }

    assert search_after(detection(100), detections) is detections[Fraction(1)]


def search_after(rough: Detection, detections: Mapping[Fraction, Detection]) -> Detection:
    return search_zoom(lambda _: rough, detections.__getitem__, KNOWN.zoom, KNOWN.largest)


def test_what_an_own_size_shows_is_kept_if_nothing_is_left_of_it_shrunk():
    detections = {Fraction(1): detection(90), Fraction(1, 3): Detection(Fraction(1, 3))}

    assert search_after(detection(0, count=0), detections) is detections[Fraction(1)]


def test_one_of_small_nuclei_is_enlarged_without_a_pass_at_low_zoom():
    image = SizedImage(10, confidence=0.9)
    assert image.search(own_size_first=True).zoom == Fraction(3, 2)
    assert (image.rough_zooms, image.zooms) == ([], [1, Fraction(3, 2)])
