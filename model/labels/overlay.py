"""Overlays: the image with an outline around every nucleus."""

from collections import defaultdict
from collections.abc import Mapping

import edt
import numpy as np
from numpy.typing import NDArray

from model.arrays import AnyLabels, Bools, FloatImage, Indices, PixelArray
from model.preprocessing.normalisation import normalise

Picture = NDArray[np.uint8]
"""(H, W, 3), sRGB."""

LINES: Picture = np.array(
    [
        (255, 225, 25),  # yellow
        (0, 229, 255),  # cyan
        (255, 64, 160),  # pink
        (90, 240, 90),  # green
        (255, 140, 0),  # orange
        (120, 150, 255),  # blue
        (200, 90, 255),  # violet
        (255, 85, 70),  # red
    ],
    np.uint8,
)
"""Colours of the lines: vivid on black, gray, white and on purple stain."""

CHANNELS = np.array(
    [(0, 0, 1), (0, 1, 0), (1, 0, 0), (1, 0, 1), (0, 1, 1), (1, 1, 0)],
    np.float32,
)
"""Light that each channel of an image that is neither gray nor RGB adds to the picture, in turn."""

PIXELS_PER_LINE = 1000
"""Lines are one pixel wide, and one more for each multiple of this in the image's longer side."""


def draw_overlay(pixels: PixelArray, labels: AnyLabels) -> Picture:
    """Draw an image with the outlines of its nuclei.

    A line lies inside its nucleus and nuclei that touch have lines of different colours, so two of them never
    look like one.

    Args:
        pixels: (H, W, C), any numeric dtype; 3 channels are shown as RGB, 1 as gray, others in a colour each.
        labels: (H, W), 0 background, 1..N nuclei.

    Returns:
        (H, W, 3) uint8.
    """
    picture = to_picture(pixels)
    lines = find_lines(labels)
    picture[lines] = LINES[choose_colours(labels)[labels[lines]]]
    return picture


def to_picture(pixels: PixelArray) -> Picture:
    """Show pixels of any kind, normalised so that dim images can be seen: (H, W, C) → (H, W, 3)."""
    light = normalise(pixels) if pixels.shape[2] in (1, 3) else _mix(pixels)
    picture = (np.clip(light, 0, 1) * 255 + 0.5).astype(np.uint8)
    return np.repeat(picture, 3 // picture.shape[2], axis=2)


def find_lines(labels: AnyLabels, width: int | None = None) -> Bools:
    """Return the pixels of nuclei that lie within a line's width of another label: (H, W) bool.

    The width is in pixels; by default it grows with the image.
    """
    width = width or 1 + (max(labels.shape) - 1) // PIXELS_PER_LINE
    distance: NDArray[np.float32] = edt.edt(np.ascontiguousarray(labels), black_border=False)
    lines: Bools = (labels > 0) & (distance <= width)
    return lines


def choose_colours(labels: AnyLabels) -> Indices:
    """Return a row of `LINES` for each label 0..N of an image (H, W), different for nuclei that touch: (N + 1,).

    Greedy colouring in order of label; a nucleus starts with the colour that its number gives, so that all
    colours are used. Only a nucleus that touches eight differently coloured ones shares a colour.
    """
    colours = np.arange(int(labels.max(initial=0)) + 1) % len(LINES)
    for label, others in sorted(_touching(labels).items()):
        taken = {int(colours[other]) for other in others if other < label}
        free = (colour % len(LINES) for colour in range(label, label + len(LINES)))
        colours[label] = next((colour for colour in free if colour not in taken), label % len(LINES))
    return colours


def _touching(labels: AnyLabels) -> Mapping[int, set[int]]:
    """Labels → labels beside them, diagonals included."""
    neighbours: dict[int, set[int]] = defaultdict(set)
    for here, there in (
        (labels[:, :-1], labels[:, 1:]),
        (labels[:-1], labels[1:]),
        (labels[:-1, :-1], labels[1:, 1:]),
        (labels[:-1, 1:], labels[1:, :-1]),
    ):
        meets = (here != there) & (here > 0) & (there > 0)
        for a, b in np.unique(np.stack([here[meets], there[meets]], 1), axis=0).tolist():
            neighbours[a].add(b)
            neighbours[b].add(a)
    return neighbours


def _mix(pixels: PixelArray) -> FloatImage:
    """Scale each channel alone and add up their coloured lights: (H, W, C) → (H, W, 3)."""
    light = np.zeros((*pixels.shape[:2], 3), np.float32)
    for channel in range(pixels.shape[2]):
        light += normalise(pixels[..., channel]) * CHANNELS[channel % len(CHANNELS)]
    return light
