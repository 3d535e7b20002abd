"""Whether an image is a bright field of stained tissue: there no nucleus is as large as a core of tissue."""

import numpy as np
import pytest

from model.preprocessing.bright_field import shows_stained_tissue

ROWS, COLUMNS = np.mgrid[:200, :200]
CORE = (np.hypot(ROWS - 100, COLUMNS - 100) < 40)[..., None]
PURPLE, WHITE, DARK = (0.6, 0.4, 0.7), (0.95, 0.95, 0.95), (0.05, 0.05, 0.05)


@pytest.mark.parametrize("ground", [WHITE, DARK])
def test_a_core_of_tissue_is_on_any_ground(ground: tuple[float, ...]):
    assert shows_stained_tissue(np.where(CORE, PURPLE, ground).astype(np.float32))


@pytest.mark.parametrize("nucleus", [(0.0, 0.1, 0.9), (0.1, 0.9, 0.9), (0.9, 0.9, 0.0)])
def test_fluorescence_is_not_light_in_all_colours(nucleus: tuple[float, ...]):
    assert not shows_stained_tissue(np.where(CORE, nucleus, DARK).astype(np.float32))


@pytest.mark.parametrize("channels", [1, 3])
def test_a_gray_image_is_not_stained(channels: int):
    gray = np.where(CORE, 0.4, 0.95).astype(np.float32)
    assert not shows_stained_tissue(np.repeat(gray, channels, axis=-1))


def test_an_image_in_which_all_is_dark_shows_none():
    assert not shows_stained_tissue(np.zeros((20, 20, 3), np.float32))
