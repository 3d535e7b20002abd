"""Synthetic microscopy images, of which the true outline of every nucleus is known.

A field of nuclei is a label image first; a picture of it is then taken the way a microscope takes one: light
blurred by the lens, counted as photons, disturbed by the camera.
"""

from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from scipy import ndimage
from skimage.color import hed2rgb

PHOTONS = 400.0
"""Photons that the brightest pixels of a fluorescence image catch: the fewer, the noisier."""

CAMERA_OFFSET, CAMERA_GAIN, READ_NOISE = 200.0, 24.0, 3.0
"""A 16-bit camera: counts in the dark, counts per photon, noise of reading out (photons)."""


@dataclass(frozen=True)
class Drawing:
    """A picture and its truth.

    Attributes:
        pixels: (H, W) or (H, W, 3), uint8 or uint16.
        labels: (H, W) int32; 0 is background, 1..N are nuclei.
    """

    pixels: NDArray[np.generic]
    labels: NDArray[np.int32]


@dataclass(frozen=True)
class FieldOfView:
    """Field of view of a drawn microscope: what lies under its lens.

    Attributes:
        height, width: in pixels.
        count: how many nuclei to place; fewer fit if it is crowded.
        radius: mean radius of a nucleus in pixels.
        touching: share of the nuclei that are placed against a neighbour.
    """

    height: int
    width: int
    count: int
    radius: float = 13.0
    touching: float = 0.4


def draw_labels(field: FieldOfView, rng: np.random.Generator) -> NDArray[np.int32]:
    """Place wobbly ellipses; where two meet they touch, and none loses more than a tenth of itself.

    Returns:
        (H, W) int32, labels 1..N.
    """
    labels = np.zeros((field.height, field.width), np.int32)
    placed: list[tuple[float, float]] = []
    for row, col in _places(field, rng, placed):
        window, shape = _nucleus(field, (row, col), rng)
        free = shape & (labels[window] == 0)
        if free.sum() >= 0.9 * shape.sum() and ndimage.label(free)[1] == 1:
            placed.append((row, col))
            labels[window][free] = len(placed)
    return labels


def fluorescence(field: FieldOfView, seed: int) -> Drawing:
    """Bright nuclei on black, as DAPI or Hoechst shows them: (H, W) uint16."""
    rng = np.random.default_rng(seed)
    labels = draw_labels(field, rng)
    return Drawing(_photograph(_glow(labels, rng), rng), labels)


def stained(field: FieldOfView, seed: int) -> Drawing:
    """Purple nuclei in pink tissue, as haematoxylin and eosin show them: (H, W, 3) uint8."""
    rng = np.random.default_rng(seed)
    labels = draw_labels(field, rng)
    tissue = np.clip(0.6 + 0.3 * _texture(labels.shape, 25.0, rng), 0.15, None)
    haematoxylin = 0.015 * tissue + 0.14 * ndimage.gaussian_filter(_brightness(labels, rng), 0.8)
    eosin = 0.05 * tissue + 0.02 * _texture(labels.shape, 2.0, rng)
    stains = np.stack([haematoxylin, eosin, np.zeros_like(tissue)], axis=-1)
    noisy = hed2rgb(stains) + rng.normal(0, 0.012, (*labels.shape, 3))
    return Drawing((np.clip(noisy, 0, 1) * 255).astype(np.uint8), labels)


def bright_field(field: FieldOfView, seed: int) -> Drawing:
    """Dark nuclei on unevenly lit grey: (H, W) uint8."""
    rng = np.random.default_rng(seed)
    labels = draw_labels(field, rng)
    light = 0.8 + 0.1 * _texture(labels.shape, 80.0, rng)
    dark = 0.5 * ndimage.gaussian_filter(_brightness(labels, rng), 1.0)
    noisy = light * (1 - dark) + rng.normal(0, 0.015, labels.shape)
    return Drawing((np.clip(noisy, 0, 1) * 255).astype(np.uint8), labels)


def focus_stack(field: FieldOfView, seed: int, planes: int) -> Drawing:
    """One field at several depths, sharpest in the middle: pixels (Z, H, W) uint16, one truth for all."""
    rng = np.random.default_rng(seed)
    labels = draw_labels(field, rng)
    glow = _glow(labels, rng)
    depths = np.abs(np.arange(planes) - planes // 2)
    blurred = [ndimage.gaussian_filter(glow, 2.0 * depth) for depth in depths]
    return Drawing(np.stack([_photograph(plane, rng) for plane in blurred]), labels)


def time_lapse(field: FieldOfView, seed: int, times: int) -> Drawing:
    """Two channels, nuclei and cytoplasm, that bleach over time: pixels (T, 2, H, W) uint16."""
    rng = np.random.default_rng(seed)
    labels = draw_labels(field, rng)
    nuclei = _glow(labels, rng)
    cytoplasm = 0.6 * ndimage.gaussian_filter((labels > 0).astype(np.float32), field.radius / 2)
    bleaching = 0.8 ** np.arange(times)
    frames = [[_photograph(light * left, rng) for light in (nuclei, cytoplasm)] for left in bleaching]
    return Drawing(np.array(frames), labels)


def _places(
    field: FieldOfView, rng: np.random.Generator, placed: list[tuple[float, float]]
) -> Iterator[tuple[float, float]]:
    """Yield centres to try: somewhere, or just beside a nucleus that `placed` has by then."""
    for _ in range(20 * field.count):
        if len(placed) == field.count:
            return
        beside = placed and rng.random() < field.touching
        row, col = (
            _beside(placed, field.radius, rng) if beside else rng.uniform(0, (field.height, field.width))
        )
        if 0 <= row < field.height and 0 <= col < field.width:
            yield row, col


def _beside(
    placed: list[tuple[float, float]], radius: float, rng: np.random.Generator
) -> tuple[float, float]:
    row, col = placed[rng.integers(len(placed))]
    angle, step = rng.uniform(0, 2 * np.pi), radius * rng.uniform(1.7, 2.1)
    return row + step * np.sin(angle), col + step * np.cos(angle)


def _nucleus(
    field: FieldOfView, centre: tuple[float, float], rng: np.random.Generator
) -> tuple[tuple[slice, slice], NDArray[np.bool_]]:
    """One wobbly ellipse: the window of the image that it may fill, and which of its pixels it does."""
    reach = int(field.radius * 2)
    top, left = (max(0, int(at) - reach) for at in centre)
    bottom, right = min(field.height, int(centre[0]) + reach), min(field.width, int(centre[1]) + reach)
    rows, cols = np.mgrid[top:bottom, left:right]
    return (slice(top, bottom), slice(left, right)), _inside(
        rows - centre[0], cols - centre[1], field.radius, rng
    )


def _inside(
    rows: NDArray[np.float64], cols: NDArray[np.float64], radius: float, rng: np.random.Generator
) -> NDArray[np.bool_]:
    stretch, size = rng.uniform(1.0, 1.25), radius * rng.uniform(0.8, 1.2)
    turned = np.arctan2(rows, cols) - rng.uniform(0, np.pi)
    ellipse = size / np.sqrt((np.cos(turned) / stretch) ** 2 + (np.sin(turned) * stretch) ** 2)
    wobble = 1 + sum(rng.normal(0, 0.03) * np.cos(k * turned) for k in (2, 3, 4))
    return np.hypot(rows, cols) < ellipse * wobble


def _brightness(labels: NDArray[np.int32], rng: np.random.Generator) -> NDArray[np.float64]:
    """0 outside, about 0.4..1 inside: each nucleus its own level, with chromatin texture."""
    levels = rng.uniform(0.55, 1.0, labels.max() + 1)
    levels[0] = 0
    return np.asarray(levels[labels] * (1 + 0.2 * _texture(labels.shape, 2.5, rng)))


def _glow(labels: NDArray[np.int32], rng: np.random.Generator) -> NDArray[np.float64]:
    """Light that leaves the field: nuclei behind the lens's blur, and haze of what is out of focus."""
    light = _brightness(labels, rng)
    haze = 0.04 + 0.08 * ndimage.gaussian_filter(light, 30.0)
    return np.asarray(ndimage.gaussian_filter(light, 1.2) + haze)


def _texture(shape: tuple[int, ...], grain: float, rng: np.random.Generator) -> NDArray[np.float64]:
    """Smooth random waves with mean 0 and about -1..1, `grain` pixels wide."""
    waves = ndimage.gaussian_filter(rng.normal(size=shape), grain, mode="wrap")
    return np.asarray((waves - waves.mean()) / (2 * waves.std()))


def _photograph(light: NDArray[np.float64], rng: np.random.Generator) -> NDArray[np.uint16]:
    """Count photons as a 16-bit camera does."""
    photons = rng.poisson(PHOTONS * np.clip(light, 0, None)) + rng.normal(0, READ_NOISE, light.shape)
    return np.clip(CAMERA_OFFSET + CAMERA_GAIN * photons, 0, 65535).astype(np.uint16)
