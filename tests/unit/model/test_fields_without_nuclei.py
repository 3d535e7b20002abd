"""In fields without nuclei the shipped network finds none: what a camera makes of nothing, haze, glare, hardly dust."""

from collections.abc import Callable

import numpy as np
import pytest
from numpy.random import Generator
from PIL import Image
from scipy import ndimage

from model.samples.shipped import shipped_images
from model.segmentation.segmenter import Segmenter

SIDE = 256
ROWS, COLUMNS = np.mgrid[:SIDE, :SIDE]


@pytest.fixture(scope="module")
def segmenter() -> Segmenter:
    return Segmenter.load()


def distance(rng: Generator) -> np.ndarray:
    """From a point of the field."""
    return np.hypot(ROWS - rng.uniform(0, SIDE), COLUMNS - rng.uniform(0, SIDE))


def dark(rng: Generator) -> np.ndarray:
    return np.full((SIDE, SIDE), rng.uniform(0, 20))


def vignette(rng: Generator) -> np.ndarray:
    return 800 * (1 - 0.5 * (distance(rng) / SIDE) ** 2)


def haze(rng: Generator) -> np.ndarray:
    blobs = (np.exp(-((distance(rng) / (rng.uniform(0.2, 0.5) * SIDE)) ** 2)) for _ in range(4))
    return 200 + 700 * sum(blobs)


def glare(rng: Generator) -> np.ndarray:
    return 100 + 3000 / (1 + (distance(rng) / (0.1 * SIDE)) ** 2)


def specks(rng: Generator) -> np.ndarray:
    """As small as a lens can show them: 3 pixels across, at half of their height."""
    points = np.zeros((SIDE, SIDE))
    points[rng.integers(0, SIDE, 25), rng.integers(0, SIDE, 25)] = rng.uniform(2000, 20_000, 25)
    return 100 + ndimage.gaussian_filter(points, 1.2)


def hot_pixels(rng: Generator) -> np.ndarray:
    return np.where(rng.random((SIDE, SIDE)) < 0.001, 3000.0, 100.0)


def saturated(rng: Generator) -> np.ndarray:
    return np.full((SIDE, SIDE), 60_000.0)


def read_out(light: np.ndarray, rng: Generator) -> np.ndarray:
    """What a camera of 12 bits makes of light: shot noise, read noise, an offset."""
    return np.clip(rng.poisson(light) + rng.normal(100, 5, light.shape), 0, 4095).astype(np.uint16)


@pytest.mark.parametrize("seed", range(3))
@pytest.mark.parametrize("draw", [dark, vignette, haze, glare, hot_pixels, saturated])
def test_a_field_without_nuclei_has_none(
    segmenter: Segmenter, draw: Callable[[Generator], np.ndarray], seed: int
):
    rng = np.random.default_rng(seed)
    assert segmenter.segment(read_out(draw(rng), rng)).labels.max() == 0


@pytest.mark.parametrize("seed", range(3))
def test_of_25_specks_of_dust_hardly_one_counts(segmenter: Segmenter, seed: int):
    rng = np.random.default_rng(seed)
    assert segmenter.segment(read_out(specks(rng), rng)).labels.max() <= 1


def test_glands_are_no_nuclei(segmenter: Segmenter):
    """Shrunk, the glands of a colon (scikit-image's sample of IHC) look like three large nuclei."""
    found = segmenter.segment(np.asarray(Image.open(shipped_images()["ihc.png"])))
    assert found.zoom == 1
    assert found.diameter < 50
    assert found.image_confidence is not None
    assert found.image_confidence < 0.5


def test_tissue_on_black_is_no_nucleus(segmenter: Segmenter):
    tissue = Image.open(shipped_images()["ihc.png"]).crop((0, 0, SIDE, SIDE))
    found = segmenter.segment(np.asarray(tissue.rotate(20, expand=True)))
    assert found.diameter < 50


def test_tissue_on_a_dark_and_noisy_ground_is_no_nucleus(segmenter: Segmenter):
    rng = np.random.default_rng(0)
    slide = rng.normal(20, 4, (800, 800, 3)).clip(0, 255).astype(np.uint8)
    slide[144:656, 144:656] = np.asarray(Image.open(shipped_images()["ihc.png"]))
    assert segmenter.segment(slide).diameter < 100
