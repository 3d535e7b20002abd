"""Pictures: tiles of an image, of its outlines, cut-outs of nuclei, and overviews."""

from collections.abc import Mapping, Sequence
from io import BytesIO
from typing import Any

import numpy as np
from numpy.typing import NDArray
from PIL import Image

from model.arrays import AnyArray, AnyLabels
from model.labels.overlay import CHANNELS, LINES, Picture
from model.labels.overview import encode_jpeg, find_edges, to_light
from web.drawing.sources import ViewedImage

TILE_QUALITY = 90

NEIGHBOURS = LINES.astype(np.uint32) @ np.array([1 << 16, 1 << 8, 1], np.uint32)
"""Colours of lines, as 0xRRGGBB."""

COARSE = 0xFCFCFC
"""Bits of a colour that count where there are too many: of those of a scale of numbers, 163 are left then."""


def draw_tile(view: ViewedImage, place: Mapping[str, int], shown: Sequence[Mapping[str, Any]]) -> bytes:
    """Draw a rectangle of an image as a JPEG, some of its channels, each in a colour.

    Args:
        view: the image.
        place: `top`, `bottom`, `left`, `right`, `step`.
        shown: of each channel `channel`, `colour` (red, green, blue, 0..255), and `dark` and `bright`, shares of its
            range that are shown black and in full; empty: as the image is.
    """
    rows, columns = slice(place["top"], place["bottom"]), slice(place["left"], place["right"])
    return encode_jpeg(mix(view.region(rows, columns, place["step"]), view, shown), TILE_QUALITY)


def mix(pixels: AnyArray, view: ViewedImage, shown: Sequence[Mapping[str, Any]]) -> Picture:
    """Show pixels (h, w, C) of a view in colours: (h, w, 3)."""
    if view.plane.colour:
        return np.stack([to_light(pixels[..., i], *view.ranges[i]) for i in range(3)], axis=2)
    light = np.zeros((*pixels.shape[:2], 3), np.float32)
    for one in shown or default_channels(pixels.shape[2]):
        if one["channel"] < pixels.shape[2]:
            gray = to_light(pixels[..., one["channel"]], *_stretched(view, one))
            light += gray[..., None] * (np.array(one["colour"], np.float32) / 255)
    return np.minimum(light, 255).astype(np.uint8)


def default_channels(number: int) -> list[dict[str, Any]]:
    """How channels are shown where nobody says it: one in white, several in a colour each."""
    if number == 1:
        return [{"channel": 0, "colour": (255, 255, 255), "dark": 0.0, "bright": 1.0}]
    return [
        {"channel": i, "colour": tuple(CHANNELS[i % len(CHANNELS)] * 255), "dark": 0.0, "bright": 1.0}
        for i in range(number)
    ]


def draw_outlines(labels: AnyLabels, colours: Mapping[str, Sequence[int]] | None) -> bytes:
    """Draw the outlines of nuclei as a PNG that is clear elsewhere.

    Args:
        labels: (h, w), 0 background.
        colours: `labels`, and the colour of each as 0xRRGGBB (`rgb`); None: colours that tell neighbours apart.
    """
    edges = find_edges(labels)
    used, numbers = _few(_line_colours(labels[edges], colours))
    shades = np.zeros(labels.shape, np.uint8)
    shades[edges] = 1 + numbers
    image = Image.fromarray(shades)
    image.putpalette(bytes(3) + used.astype(">u4").view(np.uint8).reshape(-1, 4)[:, 1:].tobytes())
    stream = BytesIO()
    image.save(stream, "png", compress_level=1, transparency=0)
    return stream.getvalue()


def draw_cutout(pixels: Picture | None, labels: AnyLabels, label: int, side: int) -> bytes:
    """Draw a nucleus and what is around it, its outline in yellow, enlarged to `side` pixels, as a JPEG."""
    picture = np.zeros((*labels.shape, 3), np.uint8) if pixels is None else pixels.copy()
    image = Image.fromarray(picture)
    factor = max(1, side // max(labels.shape))
    size = (labels.shape[1] * factor, labels.shape[0] * factor)
    enlarged = np.array(image.resize(size, Image.Resampling.BILINEAR))
    mine = np.kron(labels == label, np.ones((factor, factor), np.bool_))
    enlarged[find_edges(mine.astype(np.int32))] = LINES[0]
    final = Image.fromarray(enlarged)
    final.thumbnail((side, side))
    return encode_jpeg(np.asarray(final), TILE_QUALITY)


def _few(colours: NDArray[np.uint32]) -> tuple[NDArray[np.uint32], NDArray[np.intp]]:
    """Return unlike colours, as many as a palette holds beside the clear one, and the number of each that was given."""
    used, numbers = np.unique(colours, return_inverse=True)
    return (used, numbers) if len(used) < 256 else np.unique(colours & COARSE, return_inverse=True)


def _line_colours(labels: AnyLabels, colours: Mapping[str, Sequence[int]] | None) -> NDArray[np.uint32]:
    """The colour of each label, as 0xRRGGBB."""
    if colours is None:
        return NEIGHBOURS[labels % len(NEIGHBOURS)]
    table = np.zeros(max(labels.max(initial=0), *colours["labels"], 0) + 1, np.uint32)
    table[colours["labels"]] = colours["rgb"]
    return table[labels]


def _stretched(view: ViewedImage, one: Mapping[str, Any]) -> tuple[float, float]:
    low, high = view.ranges[one["channel"]]
    dark, bright = (low + share * (high - low) for share in (one["dark"], one["bright"]))
    return dark, max(bright, dark + 1e-6 * max(1.0, abs(dark)))
