"""Focus: the slope of noise whose spectrum is known, CellProfiler's slope, and what blur does to both measures."""

import numpy as np
import pytest
from centrosome import radial_power_spectrum
from scipy import ndimage

from model.measurements.focus import TILE_SIDE, LaplacianSums, PowerSpectrum
from model.samples.drawn import FieldOfView, fluorescence


def slope(image: np.ndarray) -> float:
    spectrum = PowerSpectrum(image.shape)
    spectrum.add(image)
    return spectrum.slope


def laplacian_variance(image: np.ndarray) -> float:
    sums = LaplacianSums()
    sums.add(image)
    return sums.variance


def noise_of_slope(exponent: float, side: int = 1024) -> np.ndarray:
    """Noise whose power at a frequency f is f ** exponent."""
    rng = np.random.default_rng(0)
    frequency = np.hypot(np.fft.fftfreq(side)[:, None], np.fft.rfftfreq(side))
    frequency[0, 0] = 1
    return np.fft.irfft2(np.fft.rfft2(rng.normal(size=(side, side))) * frequency ** (exponent / 2))


@pytest.mark.parametrize("exponent", [0, -1])
def test_the_slope_is_that_of_the_spectrum_and_the_ring_s_circumference(exponent: int):
    """A ring of frequency f has power f ** exponent at 2π f places, and those are summed, as in CellProfiler."""
    assert slope(noise_of_slope(exponent)) == pytest.approx(exponent + 1, abs=0.12)


class WithPtp(np.ndarray):
    """An array as numpy 1 had it, for centrosome."""

    def ptp(self) -> float:
        return np.ptp(np.asarray(self))


def cellprofilers_slope(image: np.ndarray) -> float:
    """CellProfiler's PowerLogLogSlope, from its own library."""
    radii, magnitude, power = radial_power_spectrum.rps(image.astype(np.float64).view(WithPtp))
    assert (magnitude > 0).all()
    return np.polyfit(np.log(radii), np.log(power), 1)[0]


@pytest.mark.parametrize("side", [100, 241, TILE_SIDE])
def test_of_an_image_of_one_tile_it_is_cellprofilers_but_for_a_row(side: int):
    """CellProfiler takes the frequency -1 for 0, -2 for -1 and so on: half of each ring is one pixel off."""
    image = fluorescence(FieldOfView(side, side, 12, radius=9), seed=0).pixels

    assert slope(image) == pytest.approx(cellprofilers_slope(image), abs=0.25)


@pytest.mark.parametrize("side", [64, 99])
def test_all_frequencies_of_a_ring_count_alike(side: int):
    """Those that a spectrum of real numbers leaves out, too: written out with the whole spectrum."""
    image = np.random.default_rng(1).random((side, side))
    frequency = np.fft.fftfreq(side, 1 / side)
    ring = np.floor(np.hypot(frequency[:, None], frequency)).astype(int) + 1
    power = np.bincount(ring.ravel(), np.abs(np.fft.fft2(image)).ravel() ** 2)
    rings = np.arange(2, side // 8)

    expected = np.polyfit(np.log(rings), np.log(power[rings]), 1)[0]

    assert slope(image) == pytest.approx(expected, rel=1e-6)


def test_tiles_are_averaged():
    image = fluorescence(FieldOfView(2 * TILE_SIDE, TILE_SIDE, 30, radius=9), seed=0).pixels
    both = PowerSpectrum(image.shape)
    both.add(image[:TILE_SIDE])
    both.add(image[TILE_SIDE:])

    assert both.slope == pytest.approx(slope(image), rel=1e-6)
    assert min(slope(image[:TILE_SIDE]), slope(image[TILE_SIDE:])) <= both.slope


def test_blur_makes_the_slope_steeper_and_the_laplacian_small():
    sharp = fluorescence(FieldOfView(256, 256, 30, radius=9), seed=0).pixels.astype(np.float64)
    blurred = ndimage.gaussian_filter(sharp, 4)

    assert slope(blurred) < slope(sharp) - 0.5
    assert laplacian_variance(blurred) < laplacian_variance(sharp) / 100


@pytest.mark.parametrize("image", [np.full((256, 256), 9, np.uint8), np.arange(900).reshape(30, 30)])
def test_what_is_blank_or_too_small_has_no_slope(image: np.ndarray):
    assert np.isnan(slope(image))


def test_tiles_with_a_pixel_that_is_not_finite_do_not_count():
    image = fluorescence(FieldOfView(TILE_SIDE, 2 * TILE_SIDE, 30, radius=9), seed=0).pixels.astype(
        np.float32
    )
    image[5, 7] = np.nan

    assert slope(image) == slope(image[:, TILE_SIDE:])


def test_the_laplacian_s_variance_is_that_of_scipy_inside():
    image = np.random.default_rng(0).integers(0, 65_535, (37, 53)).astype(np.uint16)

    expected = ndimage.laplace(image.astype(np.float64))[1:-1, 1:-1].var()

    assert laplacian_variance(image) == pytest.approx(expected)


def test_pixels_beside_one_that_is_not_finite_have_no_laplacian():
    image = np.random.default_rng(0).random((5, 9))
    image[2, 3] = np.nan

    laplacian = ndimage.laplace(image)[1:-1, 1:-1]

    assert laplacian_variance(image) == pytest.approx(np.nanvar(laplacian))


@pytest.mark.parametrize("shape", [(1, 9), (9, 2), (2, 2)])
def test_an_image_without_an_inside_has_none(shape: tuple[int, int]):
    assert np.isnan(laplacian_variance(np.ones(shape)))
