"""What microscopes, cameras and programs do to pictures beside showing nuclei: glare, defocus, debris, JPEG, offset."""

from collections.abc import Callable
from io import BytesIO

import numpy as np
from numpy.random import Generator
from PIL import Image
from scipy import ndimage

from model.arrays import FloatImage

Artefact = Callable[[FloatImage, Generator], FloatImage]


def add_artefacts(image: FloatImage, rng: Generator) -> FloatImage:
    """Return a stretched image with some of all artefacts, outlines untouched: (H, W, 1 or 3) float32."""
    for artefact, chance in (*(FLUORESCENT if image.shape[2] == 1 else STAINED), *ANY):
        if rng.random() < chance:
            image = artefact(image, rng)
    return image.astype(np.float32, copy=False)


def glare(image: FloatImage, rng: Generator) -> FloatImage:
    """A large bright blob, beside which all else is dimmer than it would be."""
    blob = _blob(image.shape[:2], rng.uniform(0.1, 0.5), rng)
    return image * np.float32(rng.uniform(0.35, 1.0)) + blob * np.float32(rng.uniform(0.3, 1.3))


def haze(image: FloatImage, rng: Generator) -> FloatImage:
    """Light from far out of focus: an uneven ground, as of glowing cytoplasm or thick tissue."""
    ground = ndimage.gaussian_filter(image[..., 0], rng.uniform(6, 25), truncate=2.5)[..., None]
    mixed = image + np.float32(rng.uniform(0.2, 1.0)) * ground
    return mixed / np.float32(max(1.0, float(np.percentile(mixed, 99.5))))


def dim(image: FloatImage, rng: Generator) -> FloatImage:
    """Something brighter lies elsewhere in the image: here, nuclei take a part of the range."""
    return image * np.float32(rng.uniform(0.15, 0.8))


def raise_ground(image: FloatImage, rng: Generator) -> FloatImage:
    """A camera's offset that the stretch did not take away, since there are darker pixels elsewhere."""
    offset = np.float32(rng.uniform(0.05, 0.4))
    return image * (1 - offset) + offset


def debris(image: FloatImage, rng: Generator) -> FloatImage:
    """Specks, bright on a dark ground."""
    height, width = image.shape[:2]
    specks = np.zeros((height, width), np.float32)
    count = int(rng.integers(2, 25))
    rows, columns = rng.integers(0, height, count), rng.integers(0, width, count)
    specks[rows, columns] = rng.uniform(2, 25, count)
    specks = ndimage.gaussian_filter(specks, rng.uniform(0.5, 1.6), truncate=2.5)
    return image + specks[..., None]


def defocus(image: FloatImage, rng: Generator) -> FloatImage:
    """Blur."""
    return ndimage.gaussian_filter(image, (*[rng.uniform(0.7, 2.2)] * 2, 0), truncate=2.5)


def shot_noise(image: FloatImage, rng: Generator) -> FloatImage:
    """Few photons: noise that grows with the root of the light, sometimes smoothed by a program."""
    photons = np.exp(rng.uniform(np.log(15), np.log(400)))
    noise = rng.normal(0, 1, image.shape[:2]).astype(np.float32)
    if rng.random() < 0.25:
        noise = ndimage.gaussian_filter(noise, 0.7) * 2
    return image + (np.sqrt(np.clip(image, 0.05, None) / np.float32(photons)) * noise[..., None])


def compress(image: FloatImage, rng: Generator) -> FloatImage:
    """JPEG."""
    squeezed = np.clip(np.rint(image * 255), 0, 255).astype(np.uint8)
    stream = BytesIO()
    picture = Image.fromarray(squeezed if image.shape[2] == 3 else squeezed[..., 0])
    picture.save(stream, "JPEG", quality=int(rng.integers(15, 80)))
    decoded = np.asarray(Image.open(stream), np.float32) / 255
    return np.reshape(decoded, image.shape)


def uneven_light(image: FloatImage, rng: Generator) -> FloatImage:
    """Light that falls off towards a side."""
    fall = _blob(image.shape[:2], rng.uniform(0.5, 1.2), rng)
    lowest = np.float32(rng.uniform(0.4, 0.9))
    return image * (lowest + (1 - lowest) * fall)


def shift_hue(image: FloatImage, rng: Generator) -> FloatImage:
    """Another scanner, dye lot, thickness: each channel's absorption is stronger or weaker, and its white another."""
    density = -np.log(np.clip(image, 0.02, 1.5))
    strength = rng.uniform(0.6, 1.7) * np.exp(rng.normal(0, 0.2, 3))
    white = rng.uniform(0.85, 1.0, 3)
    shifted = white * np.exp(-density * strength)
    return np.asarray(shifted, np.float32)


def _blob(shape: tuple[int, int], size: float, rng: Generator) -> FloatImage:
    """A soft spot of height 1 somewhere in a field, `size` of it wide: (H, W, 1)."""
    rows, columns = (
        np.exp(-(((np.arange(side) - rng.uniform(-0.1, 1.1) * side) / (size * side)) ** 2) / 2)
        for side in shape
    )
    return (rows[:, None] * columns)[..., None].astype(np.float32)


FLUORESCENT: tuple[tuple[Artefact, float], ...] = (
    (glare, 0.12),
    (haze, 0.15),
    (dim, 0.2),
    (raise_ground, 0.12),
    (debris, 0.15),
)
STAINED: tuple[tuple[Artefact, float], ...] = ((shift_hue, 0.5),)
ANY: tuple[tuple[Artefact, float], ...] = (
    (defocus, 0.12),
    (uneven_light, 0.12),
    (shot_noise, 0.25),
    (compress, 0.15),
)
"""Artefacts and how likely each is, in the order in which light meets them."""
