"""The blur that is only done where somebody looks."""

import numpy as np
import pytest
from scipy.ndimage import gaussian_filter

from model.segmentation.blur import TILE, blur


@pytest.mark.parametrize("sigma", [0.5, 1.0, 2.0, 2.5])
@pytest.mark.parametrize("shape", [(1, 1), (3, 50), (TILE, TILE), (TILE + 1, 3 * TILE), (100, 130)])
def test_where_it_is_asked_for_it_is_a_gaussian_blur(shape: tuple[int, int], sigma: float):
    rng = np.random.default_rng(0)
    image, asked = rng.random(shape, np.float32), rng.random(shape) < 0.01
    blurred = blur(image, asked, sigma)
    assert blurred.shape == shape
    assert blurred[asked] == pytest.approx(gaussian_filter(image, sigma)[asked], abs=1e-6)


def test_nobody_waits_for_what_nobody_asked_for():
    asked = np.zeros((4 * TILE, 4 * TILE), bool)
    asked[0, 0] = True
    blurred = blur(np.ones(asked.shape, np.float32), asked, 1.0)
    assert blurred[:TILE, :TILE] == pytest.approx(1)
    assert not blurred[TILE:].any()
    assert not blurred[:, TILE:].any()
