"""Data augmentation: random crops of a labelled image, as another microscope, stain or day might have shown them."""

from dataclasses import dataclass
from functools import cache
from typing import Any, NamedTuple

import numpy as np
from numpy.random import Generator
from numpy.typing import NDArray
from scipy import ndimage
from skimage.transform import resize

from model.arrays import FloatImage
from model.training.artefacts import add_artefacts
from model.training.dataset import Example

KNOTS = 6
"""Control points of the elastic displacement along a crop's side."""

TRIES = 16
"""Random points among which one on a nucleus is looked for."""


class Crop(NamedTuple):
    """A square part of an example, or all of it.

    Attributes:
        image: (S, S, 3) float32.
        labels: (S, S) int32.
        distance: (S, S) float32.
        teacher_maps: (S, S, maps) float32; None without a teacher.
    """

    image: FloatImage
    labels: NDArray[np.int32]
    distance: FloatImage
    teacher_maps: FloatImage | None = None


@dataclass(frozen=True)
class Augmentation:
    """How far crops may stray from the images.

    Attributes:
        crop: side of a crop in pixels, as large as the network sees it.
        untouched: probability that a crop is only flipped and turned by quarters, every pixel as it was taken: what
            is resampled has softer edges than what the network will meet.
        scale: range of the random magnification.
        diameters: range of median nucleus diameters, in pixels, that magnification may lead to.
        on_nucleus: probability that a crop is laid around a nucleus rather than anywhere.
        on_contact: probability that a crop is laid around a point where two nuclei are close to each other instead.
        elastic: standard deviation, in pixels, of a smooth random displacement.
        stain: probability that a gray image is inverted and stained, or a stained one turned gray.
        invert: probability of a negative.
        artefacts: probability that a crop, even one that is otherwise untouched, shows what microscopes, cameras and
            programs do to pictures (`model.training.artefacts`).
    """

    crop: int = 256
    untouched: float = 0.35
    scale: tuple[float, float] = (0.6, 1.7)
    diameters: tuple[float, float] = (9.0, 90.0)
    on_nucleus: float = 0.7
    on_contact: float = 0.0
    elastic: float = 3.0
    stain: float = 0.12
    invert: float = 0.06
    artefacts: float = 0.0


def random_crop(example: Example, augmentation: Augmentation, rng: Generator) -> Crop:
    """Return a random part of the example, `augmentation.crop` pixels wide, turned, scaled, bent and recoloured."""
    untouched = rng.random() < augmentation.untouched
    crop = (_cut if untouched else _warp)(example, augmentation, rng)
    image = crop.image if untouched else recolour(crop.image, augmentation, rng)
    if augmentation.artefacts and rng.random() < augmentation.artefacts:
        image = add_artefacts(image, rng)
    return crop._replace(image=np.broadcast_to(image, (*crop.labels.shape, 3)))


def resize_whole(example: Example, side: int) -> Crop:
    """Return the whole example, resized to a square and nothing else."""
    size = (side, side)
    image = resize(example.image, size, order=1, anti_aliasing=True)
    labels = resize(example.labels, size, order=0, preserve_range=True, anti_aliasing=False)
    distance = resize(example.distance, size, order=1)
    return Crop(np.broadcast_to(image, (*size, 3)), labels.astype(np.int32), distance)


def recolour(image: FloatImage, augmentation: Augmentation, rng: Generator) -> FloatImage:
    """Change colours, contrast, sharpness and noise, not outlines. (H, W, 1 or 3) → (H, W, 1 or 3)."""
    if rng.random() < augmentation.stain:
        image = _swap_stain(image, rng)
    if rng.random() < augmentation.invert:
        image = 1.0 - image
    if image.shape[2] == 3:
        image = _shift_colours(image, rng)
    image = _change_contrast(image, rng)
    image = _change_sharpness(image, rng)
    return _add_noise(image, rng).astype(np.float32)


def _cut(example: Example, augmentation: Augmentation, rng: Generator) -> Crop:
    """A crop's pixels as they are, in one of the eight orders that keep the grid; beyond the image it is mirrored."""
    centre = np.array(_centre(example, augmentation.crop, augmentation, rng))
    first = np.rint(centre - (augmentation.crop - 1) / 2).astype(np.intp)
    rows, columns = (
        _mirrored(start + np.arange(augmentation.crop), side)
        for start, side in zip(first, example.labels.shape, strict=True)
    )
    turns, mirrored = int(rng.integers(4)), rng.random() < 0.5

    def cut(plane: NDArray[Any]) -> NDArray[Any]:
        turned = np.rot90(plane[rows[:, None], columns], turns)
        return turned[::-1] if mirrored else turned

    teacher_maps = None if example.teacher_maps is None else cut(example.teacher_maps)
    return Crop(cut(example.image), cut(example.labels), cut(example.distance), teacher_maps)


def _mirrored(places: NDArray[np.intp], side: int) -> NDArray[np.intp]:
    """Places along a side that lie beyond it, reflected about its first and last pixels as often as needed."""
    period = max(1, 2 * (side - 1))
    places = places % period
    return np.minimum(places, period - places) if side > 1 else np.zeros_like(places)


def _warp(example: Example, augmentation: Augmentation, rng: Generator) -> Crop:
    """A crop, turned, scaled and bent."""
    rows, columns = _coordinates(example, augmentation, rng)
    return Crop(
        _sample_channels(example.image, rows, columns),
        _sample(example.labels, rows, columns, 0),
        _sample(example.distance, rows, columns, 1),
        None if example.teacher_maps is None else _sample_channels(example.teacher_maps, rows, columns),
    )


def _coordinates(
    example: Example, augmentation: Augmentation, rng: Generator
) -> tuple[FloatImage, FloatImage]:
    """Rows and columns in the image that a crop's pixels come from: (crop, crop) each."""
    grid = np.arange(augmentation.crop, dtype=np.float32) - (augmentation.crop - 1) / 2
    down, across = np.meshgrid(grid, grid, indexing="ij")
    angle, magnification = rng.uniform(0, 2 * np.pi), _magnification(example, augmentation, rng)
    cos, sin = np.cos(angle) / magnification, np.sin(angle) / magnification
    flip = rng.choice((-1.0, 1.0))
    row, column = _centre(example, augmentation.crop / magnification, augmentation, rng)
    shift = _smooth_noise(augmentation, rng) / magnification
    rows = row + cos * down - sin * across * flip + shift[0]
    columns = column + sin * down + cos * across * flip + shift[1]
    return rows.astype(np.float32), columns.astype(np.float32)


def _magnification(example: Example, augmentation: Augmentation, rng: Generator) -> float:
    smallest, largest = augmentation.scale
    magnification = float(np.exp(rng.uniform(np.log(smallest), np.log(largest))))
    if example.diameter <= 0:
        return magnification
    low, high = (limit / example.diameter for limit in augmentation.diameters)
    return float(np.clip(magnification, min(low, largest), max(high, smallest)))


def _centre(example: Example, side: float, augmentation: Augmentation, rng: Generator) -> tuple[float, float]:
    """A point, mostly on a nucleus, such that a crop of `side` source pixels lies inside the image where it can."""
    shape = np.array(example.labels.shape)
    wanted = (
        augmentation.on_contact and rng.random() < augmentation.on_contact and len(example.contact_points)
    )
    chosen = rng.choice(example.contact_points) if wanted else _point(example, augmentation, rng)
    low, high = np.minimum(side / 2, shape / 2), np.maximum(shape - side / 2, shape / 2)
    row, column = np.clip(chosen, low, high)
    return float(row), float(column)


def _point(example: Example, augmentation: Augmentation, rng: Generator) -> NDArray[np.intp]:
    """A random row and column, mostly of a nucleus."""
    points = (rng.random((TRIES, 2)) * example.labels.shape).astype(np.intp)
    on_nucleus = np.flatnonzero(example.labels[points[:, 0], points[:, 1]])
    return points[on_nucleus[0] if on_nucleus.size and rng.random() < augmentation.on_nucleus else 0]


def _smooth_noise(augmentation: Augmentation, rng: Generator) -> FloatImage:
    """A displacement that varies slowly: (2, crop, crop) pixels."""
    basis = _spline_basis(augmentation.crop)
    coarse = rng.normal(0, augmentation.elastic, (2, KNOTS, KNOTS)).astype(np.float32)
    return np.matmul(np.matmul(basis, coarse), basis.T, dtype=np.float32)


@cache
def _spline_basis(length: int) -> FloatImage:
    """Weights of KNOTS control points along a side: (length, KNOTS)."""
    columns = [ndimage.zoom(knot, length / KNOTS, order=2, mode="nearest") for knot in np.eye(KNOTS)]
    return np.stack(columns, axis=-1).astype(np.float32)


def _sample(plane: NDArray[Any], rows: FloatImage, columns: FloatImage, order: int) -> NDArray[Any]:
    return ndimage.map_coordinates(plane, (rows, columns), order=order, mode="mirror", prefilter=False)


def _sample_channels(image: FloatImage, rows: FloatImage, columns: FloatImage) -> FloatImage:
    channels = np.moveaxis(image, -1, 0)
    return np.stack([_sample(channel, rows, columns, 1) for channel in channels], axis=-1)


def _swap_stain(image: FloatImage, rng: Generator) -> FloatImage:
    """Gray fluorescence → dark stained nuclei on a bright ground; stained tissue → gray."""
    if image.shape[2] == 3:
        return (image @ rng.dirichlet((2.0, 2.0, 2.0)).astype(np.float32))[..., None]
    density = np.clip(image, 0, 1) * rng.uniform(0.6, 1.6)
    absorption = np.array([0.65, 0.85, 0.35]) + rng.normal(0, 0.12, 3)  # about haematoxylin's
    ground = np.array([1.0, 1.0, 1.0]) - rng.uniform(0, 0.25) * np.array([0.3, 1.0, 0.2])
    return (ground * np.exp(-density * np.clip(absorption, 0.05, 1.5) * 1.5)).astype(np.float32)


def _shift_colours(image: FloatImage, rng: Generator) -> FloatImage:
    gain = rng.normal(1.0, 0.12, 3)
    offset = rng.normal(0.0, 0.05, 3)
    mixing = np.eye(3) + rng.normal(0, 0.06, (3, 3))
    if rng.random() < 0.1:
        mixing = mixing[:, rng.permutation(3)]
    return (image @ mixing.astype(np.float32)) * gain.astype(np.float32) + offset.astype(np.float32)


def _change_contrast(image: FloatImage, rng: Generator) -> FloatImage:
    gamma = float(np.exp(rng.normal(0, 0.25)))
    bent = np.sign(image) * np.abs(image) ** np.float32(gamma)
    return bent * np.float32(np.exp(rng.normal(0, 0.2))) + np.float32(rng.normal(0, 0.06))


def _change_sharpness(image: FloatImage, rng: Generator) -> FloatImage:
    chance = rng.random()
    if chance < 0.2:
        return ndimage.gaussian_filter(image, (*[rng.uniform(0.4, 1.6)] * 2, 0), truncate=2.5)
    if chance < 0.3:
        soft = ndimage.gaussian_filter(image, (1.0, 1.0, 0), truncate=2.5)
        return image + rng.uniform(0.3, 1.0) * (image - soft)
    return image


def _add_noise(image: FloatImage, rng: Generator) -> FloatImage:
    if rng.random() > 0.35:
        return image
    noise = rng.normal(0, rng.uniform(0.01, 0.08), image.shape[:2]).astype(np.float32)
    return image + noise[..., None]
