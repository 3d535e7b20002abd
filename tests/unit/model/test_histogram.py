"""Percentiles and thresholds found in counts of values."""

import numpy as np
import pytest
from skimage.filters import threshold_otsu

from model.preprocessing.histogram import compute_histogram

DTYPES = ["bool", "uint8", "uint16", "int16", "int32", "float32", "float64"]


def pixels(dtype: str) -> np.ndarray:
    return np.random.default_rng(0).gamma(2, 30, (31, 17, 3)).clip(0, 255).astype(dtype)


@pytest.mark.parametrize("dtype", DTYPES)
@pytest.mark.parametrize("percent", [0, 0.5, 50, 99.8, 100])
def test_percentiles_are_those_of_the_pixels(dtype: str, percent: float):
    expected = np.percentile(pixels(dtype).astype(np.float64), percent)
    assert compute_histogram(pixels(dtype)).percentile(percent) == pytest.approx(expected)


@pytest.mark.parametrize("dtype", DTYPES)
def test_the_threshold_is_otsus(dtype: str):
    assert compute_histogram(pixels(dtype)).otsu_threshold() == threshold_otsu(
        pixels(dtype).astype(np.float32).ravel()
    )


@pytest.mark.parametrize("dtype", DTYPES)
def test_mean_and_variance_are_those_of_the_pixels(dtype: str):
    histogram, expected = compute_histogram(pixels(dtype)), pixels(dtype).astype(np.float64)
    assert histogram.pixels == expected.size
    assert histogram.mean == pytest.approx(expected.mean())
    assert histogram.variance == pytest.approx(expected.var())


@pytest.mark.parametrize("dtype", ["uint8", "float32"])
@pytest.mark.parametrize("threshold", [-1, 0, 47, 47.5, 300])
def test_a_split_leaves_the_threshold_with_the_pixels_below(dtype: str, threshold: float):
    image = pixels(dtype)
    below, above = compute_histogram(image).split(threshold)
    count = np.count_nonzero(image <= threshold)
    assert (below.cumulative_counts[-1:].tolist() or [0]) == [count]
    assert (above.cumulative_counts[-1:].tolist() or [0]) == [image.size - count]
