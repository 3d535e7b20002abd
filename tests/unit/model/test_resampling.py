"""Images at other zooms, and maps brought back from there."""

from fractions import Fraction

import numpy as np
import pytest

from model.measurements import measure_shapes
from model.preprocessing.resampling import bring_back, resample, resample_labels
from model.weights.diameters import LADDER


def disc(side: int, radius: float) -> np.ndarray:
    """A disc with a soft edge of one pixel, as the foreground map of a nucleus, off the grid: (side, side, 1)."""
    rows, columns = np.mgrid[:side, :side] - np.array([0.21, 0.37])[:, None, None] - side / 2
    return np.clip(radius + 0.5 - np.hypot(rows, columns), 0, 1)[..., None].astype(np.float32)


def test_a_shrunk_pixel_is_the_mean_of_what_it_covers():
    image = np.arange(16, dtype=np.float32).reshape(4, 4, 1)
    assert resample(image, Fraction(1, 2))[..., 0].tolist() == [[2.5, 4.5], [10.5, 12.5]]


def test_pixels_that_are_covered_in_part_count_in_part():
    line = np.array([[0, 3, 6, 9]], np.float32)[..., None]
    assert resample(line, Fraction(2, 3))[0, :, 0] == pytest.approx([1, 5, 9])  # 0 + 3/2, 3/2 + 6, 9 alone


def test_the_last_pixel_of_a_side_may_cover_less():
    assert resample(np.ones((5, 7, 3), np.float32), Fraction(1, 4)).shape == (2, 2, 3)


def test_at_its_own_size_an_image_is_itself():
    image = np.ones((3, 4, 1), np.float32)
    assert resample(image, Fraction(1)) is image
    assert bring_back(image, (3, 4), Fraction(1)) is image


@pytest.mark.parametrize("zoom", LADDER, ids=str)
def test_a_constant_image_stays_what_it_is_at_every_zoom(zoom: Fraction):
    image = np.full((53, 47, 2), 0.7, np.float32)
    there = resample(image, zoom)
    assert there == pytest.approx(0.7, abs=1e-5)
    assert bring_back(there, (53, 47), zoom) == pytest.approx(image, abs=1e-5)


@pytest.mark.parametrize("zoom", LADDER, ids=str)
def test_what_comes_back_lies_where_it_was(zoom: Fraction):
    ramp = np.linspace(0, 1, 960, dtype=np.float32)[:, None, None] * np.ones((1, 96, 1), np.float32)
    back = bring_back(resample(ramp, zoom), (960, 96), zoom)
    inner = slice(int(1 / zoom) + 1, -int(1 / zoom) - 1)
    assert back[inner] == pytest.approx(ramp[inner], abs=1e-4)


@pytest.mark.parametrize("zoom", [zoom for zoom in LADDER if zoom >= Fraction(1, 8)], ids=str)
def test_shapes_of_discs_are_the_same_at_every_zoom(zoom: Fraction):
    """Nuclei of the size that the zoom is for: at least 16 pixels wide where the network sees them."""
    radius = max(8.0, 16.0 / float(zoom))
    side = int(2 * radius + 16 / min(1.0, float(zoom)))
    own, seen = disc(side, radius), resample(disc(side, radius), zoom)
    expected, found = (
        measure_shapes((maps[..., 0] > 0.5).astype(np.int32))
        for maps in (own, bring_back(seen, (side, side), zoom))
    )
    for name in ("area", "perimeter"):
        assert found[name][0] == pytest.approx(expected[name][0], rel=0.02)


def test_labels_are_those_of_the_centres_of_pixels():
    labels = np.array([[1, 1, 1, 2], [1, 1, 1, 2], [1, 1, 1, 2], [3, 3, 3, 4]], np.int32)
    assert resample_labels(labels, Fraction(1, 3)).tolist() == [[1, 2], [3, 4]]
    assert (resample_labels(labels, Fraction(2))[::2, ::2] == labels).all()
