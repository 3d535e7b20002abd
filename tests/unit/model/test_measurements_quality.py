"""Quality of a channel: saturation counted by hand, and backgrounds of which median and surface are known."""

import numpy as np
import pytest

from model.measurements import background
from model.measurements.background import Background
from model.measurements.cells import cut_cells
from model.measurements.quality import ImageQualityMeasurement

NO_NUCLEI = {name: np.empty(0, np.int64) for name in ("bbox_row0", "bbox_col0", "bbox_row1", "bbox_col1")}


def quality_of(pixels: np.ndarray, is_background: np.ndarray | None = None):
    image = pixels if pixels.ndim == 3 else pixels[..., None]
    size = image.shape[:2]
    quality = ImageQualityMeasurement(size, image.shape[2])
    ground = np.ones(size, np.bool_) if is_background is None else is_background
    for cell in cut_cells(size, NO_NUCLEI, 1):
        quality.add(image[cell.window], ground[cell.window], cell)
    return quality.table()


def test_shares_at_the_largest_and_the_least_value_are_those_of_each_channel():
    pixels = np.zeros((4, 5, 2), np.uint8)
    pixels[0, :3, 0] = 255
    pixels[1:, :, 1] = 9

    table = quality_of(pixels)

    np.testing.assert_allclose(table["fraction_at_max"], [3 / 20, 15 / 20])
    np.testing.assert_allclose(table["fraction_at_min"], [17 / 20, 5 / 20])
    assert table["channel"].tolist() == [0, 1]


def test_what_is_not_finite_is_no_extreme_and_counts_nowhere():
    pixels = np.array([[1.0, 1.0, 5.0, np.nan], [2.0, 2.0, np.inf, -np.inf]])

    table = quality_of(pixels)

    np.testing.assert_allclose(table["fraction_at_max"], [1 / 5])
    np.testing.assert_allclose(table["fraction_at_min"], [2 / 5])


def test_a_channel_without_a_finite_pixel_has_no_quality():
    table = quality_of(np.full((40, 40), np.nan))

    assert all(np.isnan(table[name]).all() for name in table if name != "channel")


def test_the_background_is_the_median_away_from_nuclei():
    pixels = np.array([[10, 12, 14, 900, 900]], np.uint16)

    table = quality_of(pixels, pixels < 100)

    assert table["background"].tolist() == [12]


def test_without_background_there_is_no_number():
    table = quality_of(np.full((20, 20), 7, np.uint8), np.zeros((20, 20), np.bool_))

    assert np.isnan(table["background"]).all()
    assert np.isnan(table["illumination_gradient"]).all()


def test_even_light_has_no_gradient():
    np.testing.assert_allclose(
        quality_of(np.full((64, 80), 50, np.uint8))["illumination_gradient"], 0, atol=1e-6
    )


@pytest.mark.parametrize("turned", [False, True])
def test_a_ramp_has_its_range_over_its_median(turned: bool):
    ramp = np.tile(np.linspace(80, 120, 101), (64, 1))

    table = quality_of(ramp.T if turned else ramp)

    np.testing.assert_allclose(table["illumination_gradient"], 40 / 100, rtol=0.02)


def test_a_vignette_has_its_range_too_and_noise_does_not_add_to_it():
    row, column = np.mgrid[-1:1:200j, -1:1:200j]
    vignette = 100 - 20 * (row**2 + column**2)
    noise = np.random.default_rng(0).normal(0, 3, vignette.shape)

    table = quality_of(vignette + noise)

    np.testing.assert_allclose(table["illumination_gradient"], 40 / np.median(vignette), rtol=0.05)


def test_nuclei_do_not_bend_the_surface():
    ramp = np.tile(np.linspace(80, 120, 101), (64, 1))
    nuclei = np.zeros(ramp.shape, np.bool_)
    nuclei[10:30, 60:90] = True

    table = quality_of(np.where(nuclei, 5000, ramp), ~nuclei)

    np.testing.assert_allclose(table["illumination_gradient"], 40 / 100, rtol=0.03)


def test_a_background_that_is_not_above_0_has_no_gradient():
    assert np.isnan(quality_of(np.zeros((30, 30), np.uint8))["illumination_gradient"]).all()


def test_of_large_images_evenly_spaced_pixels_are_taken(monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setattr(background, "MAX_SAMPLES", 100)
    pixels = np.full((40, 40, 1), 5)
    pixels[::4, ::4] = 8  # 1,600 pixels, of which 100 are taken: every fourth row and column

    of_image = Background((40, 40), 1)
    of_image.add(pixels, np.ones((40, 40), np.bool_), (slice(0, 40), slice(0, 40)))

    assert of_image.medians().tolist() == [8]
