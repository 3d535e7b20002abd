"""Fields without a nucleus, drawn: noise, camera offset, dust, haze, hot pixels, uneven light, saturation.

Stretched to the full range, as every image is, an empty field is mostly noise, in which a network that has only seen
nuclei finds some.
"""

import numpy as np
from numpy.random import Generator
from numpy.typing import NDArray
from scipy import ndimage

FULL = 4095
"""Highest value of a camera of 12 bits."""


def draw_empty_field(side: int, rng: Generator) -> NDArray[np.uint16]:
    """Return a field as a camera might have taken it beside all cells: (side, side) uint16."""
    light = _uneven_light(side, rng) * rng.uniform(5, 1500)
    for draw, chance in ((_haze, 0.35), (_dust, 0.4), (_fibre, 0.15)):
        if rng.random() < chance:
            light = light + draw(side, rng) * rng.uniform(0.05, 2.0) * float(light.mean() + 20)
    light = light * rng.uniform(1.5, 8) if rng.random() < 0.08 else light
    field = _read_out(light, rng)
    if rng.random() < 0.3:
        field = _add_hot_pixels(field, rng)
    if rng.random() < 0.3:  # stored in 8 bits
        field = np.floor(field * (255 / FULL))
    return np.clip(np.rint(field), 0, FULL).astype(np.uint16)


def draw_empty_slide(side: int, rng: Generator) -> NDArray[np.uint8]:
    """Return a place of a slide in transmitted light where there is no tissue: (side, side, 3) uint8."""
    light = _uneven_light(side, rng)[..., None] * rng.uniform(150, 250) * rng.uniform(0.9, 1.0, 3)
    if rng.random() < 0.7:
        light = light * (1 - rng.uniform(0, 0.3) * _haze(side, rng)[..., None] * rng.uniform(0.2, 1, 3))
    if rng.random() < 0.5:
        light = light * np.exp(-np.abs(_dust(side, rng)) * rng.uniform(0.1, 1))[..., None]
    light = light + rng.normal(0, rng.uniform(0.5, 4), (side, side, rng.choice((1, 3))))
    return np.clip(np.rint(light), 0, 255).astype(np.uint8)


def saturated_field(side: int, rng: Generator) -> NDArray[np.uint16]:
    """Return a field that is as bright as can be nearly everywhere: (side, side) uint16."""
    field = np.full((side, side), FULL, np.float64)
    if rng.random() < 0.7:
        dips = rng.random((side, side)) < rng.uniform(0, 0.02)
        field -= dips * rng.exponential(rng.uniform(5, 600), (side, side))
    return np.clip(np.rint(field), 0, FULL).astype(np.uint16)


def _uneven_light(side: int, rng: Generator) -> NDArray[np.float64]:
    rows, columns = np.meshgrid(*[np.linspace(-1, 1, side)] * 2, indexing="ij")
    row, column = rng.uniform(-0.6, 0.6, 2)
    fall = rng.uniform(0, 0.6) * ((rows - row) ** 2 + (columns - column) ** 2) / 2
    tilt = rng.uniform(-0.2, 0.2) * rows + rng.uniform(-0.2, 0.2) * columns
    return np.clip(1 - fall + tilt, 0.05, None)


def _haze(side: int, rng: Generator) -> NDArray[np.float64]:
    """Blobs far out of focus: 0..1."""
    blobs = np.zeros((side, side))
    for _ in range(rng.integers(1, 8)):
        blobs += rng.uniform(0.3, 1) * _spot(side, rng.uniform(0.08, 0.35) * side, rng)
    return blobs / blobs.max()


def _spot(side: int, sigma: float, rng: Generator) -> NDArray[np.float64]:
    row, column = rng.uniform(-0.1, 1.1, 2) * side
    wider = rng.uniform(0.6, 1.6)
    rows = np.exp(-(((np.arange(side) - row) / sigma) ** 2) / 2)
    columns = np.exp(-(((np.arange(side) - column) / (sigma * wider)) ** 2) / 2)
    return rows[:, None] * columns


def _dust(side: int, rng: Generator) -> NDArray[np.float64]:
    """Specks of a few pixels."""
    specks = np.zeros((side, side))
    count = int(rng.integers(3, 60))
    rows, columns = rng.integers(0, side, (2, count))
    specks[rows, columns] = rng.exponential(8, count)
    specks = ndimage.gaussian_filter(specks, rng.uniform(0.5, 1.8))
    return specks * rng.choice((-0.3, 1.0, 1.0, 3.0))


def _fibre(side: int, rng: Generator) -> NDArray[np.float64]:
    """A curved bright line."""
    steps = np.cumsum(rng.normal(0, 0.03, 4 * side)) + rng.uniform(0, 2 * np.pi)
    start = rng.uniform(0, side, 2)[:, None]
    path = start + np.stack((np.cumsum(np.sin(steps)), np.cumsum(np.cos(steps)))) * 0.5
    rows, columns = path.astype(int)[:, ((path >= 0) & (path < side)).all(axis=0)]
    line = np.zeros((side, side))
    line[rows, columns] = 1.0
    return ndimage.gaussian_filter(line, rng.uniform(0.8, 2.5)) * 4


def _read_out(light: NDArray[np.float64], rng: Generator) -> NDArray[np.float64]:
    """What a camera makes of the light: offset, shot noise, read noise, sometimes of rows, or smoothed by a program."""
    gain = rng.uniform(0.5, 4)
    signal = rng.poisson(np.clip(light, 0, None) / gain) * gain
    signal = signal + rng.normal(0, rng.uniform(1, 12), light.shape)
    if rng.random() < 0.15:
        signal = signal + rng.normal(0, rng.uniform(1, 8), (light.shape[0], 1))
    if rng.random() < 0.35:
        signal = ndimage.gaussian_filter(signal, rng.uniform(0.5, 2.0))
    return signal + rng.uniform(0, 400)


def _add_hot_pixels(field: NDArray[np.float64], rng: Generator) -> NDArray[np.float64]:
    hot = rng.random(field.shape) < rng.uniform(1e-4, 5e-3)
    return np.where(hot, rng.uniform(0.2, 1) * FULL, field)
