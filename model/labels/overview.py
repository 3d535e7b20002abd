"""Overview: a small picture of an image with the outlines of its nuclei."""

from io import BytesIO

import numpy as np
from numpy.typing import NDArray
from PIL import Image

from model.arrays import AnyArray, AnyLabels, Bools
from model.labels.masks import LabelImage
from model.labels.overlay import CHANNELS, LINES, Picture
from model.reading.plane import Plane

LONGEST_SIDE = 512
"""Pixels of a picture's longer side, at most: every second pixel of a larger image is shown, every third, …"""

QUALITY = 75

DARKEST, BRIGHTEST = 0.5, 99.8
"""Percentiles of an image that are shown black and white."""

SAMPLED_PIXELS = 4_000
"""Pixels that these percentiles are taken from, about."""

GRAYS = 256 - len(LINES)
"""Shades of an image of one channel, which is drawn by a palette of them and of the lines' colours: half the time."""

PALETTE = np.concatenate(
    [np.repeat(np.linspace(0, 255, GRAYS).round().astype(np.uint8)[:, None], 3, axis=1), LINES]
).tobytes()


def draw_overview(plane: Plane, labels: LabelImage) -> bytes:
    """Draw a small picture of an image, as a JPEG.

    Args:
        plane: the image; one channel is shown as gray, several that are no colours in a colour each.
        labels: (H, W), 0 background, 1..N nuclei.
    """
    every = slice(None, None, overview_step(*plane.pixels.shape[:2]))
    return draw_small(plane.pixels[every, every], labels[every, every], colour=plane.colour)


def overview_step(height: int, width: int) -> int:
    """Every how manieth pixel of an image its overview shows."""
    return -(-max(height, width) // LONGEST_SIDE)


def draw_small(pixels: AnyArray, labels: AnyLabels, *, colour: bool) -> bytes:
    """Draw pixels (h, w, C) with the outlines of labels (h, w), as a JPEG."""
    lines = np.flatnonzero(find_edges(labels))
    colours = labels.reshape(-1)[lines] % len(LINES)
    if pixels.shape[2] == 1:
        shades = to_light(pixels[..., 0], *find_range(pixels), white=GRAYS - 1)
        shades.reshape(-1)[lines] = GRAYS + colours
        return _encode(_paint(shades))
    picture = to_small_picture(pixels, colour=colour)
    picture.reshape(-1, 3)[lines] = LINES[colours]
    return encode_jpeg(picture)


def _paint(shades: NDArray[np.uint8]) -> Image.Image:
    image = Image.frombuffer("P", shades.shape[::-1], shades, "raw", "P", 0, 1)
    image.putpalette(PALETTE)
    return image.convert("RGB")


def to_small_picture(pixels: AnyArray, *, colour: bool) -> Picture:
    """Show pixels of any kind, from their darkest to their brightest: (h, w, C) → (h, w, 3)."""
    if colour:
        return to_light(pixels, *find_range(pixels))
    channels = [to_light(channel, *find_range(channel)) for channel in np.moveaxis(pixels, 2, 0)]
    light = np.zeros((*pixels.shape[:2], 3), np.float32)
    for number, channel in enumerate(channels):
        light += channel[..., None] * CHANNELS[number % len(CHANNELS)]
    return np.minimum(light, 255).astype(np.uint8)


def to_light(pixels: AnyArray, dark: float, bright: float, *, white: int = 255) -> NDArray[np.uint8]:
    """Scale pixels of any shape to 0..`white`; what isn't a number is black."""
    if pixels.dtype == np.uint8:
        return np.take(_scale(np.arange(256), dark, bright, white), pixels)
    return _scale(pixels, dark, bright, white)


def _scale(pixels: AnyArray, dark: float, bright: float, white: int) -> NDArray[np.uint8]:
    scaled = np.subtract(pixels, np.float32(dark), dtype=np.float32)
    scaled *= np.float32(white / (bright - dark))
    np.clip(scaled, 0, white, out=scaled)
    if np.issubdtype(pixels.dtype, np.inexact):
        np.nan_to_num(scaled, copy=False, nan=0.0)
    return scaled.astype(np.uint8)


def find_range(pixels: AnyArray) -> tuple[float, float]:
    """Return the darkest and brightest value of pixels of any shape that are told apart, the second larger."""
    flat = pixels.reshape(-1)
    sample = flat[:: max(1, flat.size // SAMPLED_PIXELS)].astype(np.float64)
    sample = sample[np.isfinite(sample)]
    if not sample.size:
        return 0.0, 1.0
    places = [round(share / 100 * (sample.size - 1)) for share in (DARKEST, BRIGHTEST)]
    dark, bright = np.partition(sample, places)[places]
    return float(dark), float(max(bright, dark + 1e-6 * max(1.0, abs(dark))))


def find_edges(labels: AnyLabels) -> Bools:
    """Return the pixels of nuclei beside another label: (h, w) bool."""
    edges = np.zeros(labels.shape, np.bool_)
    beside = labels[:, 1:] != labels[:, :-1]
    below = labels[1:] != labels[:-1]
    edges[:, 1:] = beside
    edges[:, :-1] |= beside
    edges[1:] |= below
    edges[:-1] |= below
    edges &= labels > 0
    return edges


def encode_jpeg(picture: Picture, quality: int = QUALITY) -> bytes:
    """Encode (h, w, 3) uint8; the colours of lines a pixel wide are kept."""
    return _encode(Image.fromarray(picture), quality)


def _encode(image: Image.Image, quality: int = QUALITY) -> bytes:
    stream = BytesIO()
    image.save(stream, "jpeg", quality=quality, subsampling=0)
    return stream.getvalue()
