"""Pictures of one image, as data URIs: itself, and see-through layers with the outlines of its nuclei.

The image is stored once for both layers. Layers are indexed PNGs with a colour for each fate: sharp at any zoom, and
a tenth of the size of a second picture.
"""

import base64
import io
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from PIL import Image

from model.evaluation.report.mistakes import Fate, Fates
from model.labels.overlaps import Labels
from model.labels.overlay import Picture, find_lines, to_picture

SIDE = 768
"""Longer side of the largest picture, in pixels; smaller layers are enlarged by a whole number towards it."""

QUALITY = 80
"""Of the WebP pictures, 0 to 100."""

COLOURS = {
    Fate.MATCHED: (70, 225, 120),  # green
    Fate.MERGED: (255, 140, 0),  # orange
    Fate.SPLIT: (0, 190, 255),  # light blue
    Fate.MISSHAPEN: (250, 220, 20),  # yellow
    Fate.MISSED: (255, 50, 60),  # red
    Fate.INVENTED: (255, 80, 255),  # magenta
}
"""Colour of each fate, sRGB: told apart on black, white and purple."""

FILL = 8
"""Index of a fate's fill in a layer: so much above that of its line."""

FILL_ALPHA = 80
LINE = 3
"""Width of the lines in enlarged layers, in pixels of the layer; others, with finer detail, have one pixel less."""

DASH = 4
"""Length of the dashes of a missed nucleus, and of the gaps between them, in pixels of the layer."""


@dataclass(frozen=True)
class Judged:
    """A label image, and what became of its nuclei.

    Attributes:
        image: (H, W), 0 background.
        labels: those in the image, ascending: (N,).
        fates: of each: (N,).
    """

    image: Labels
    labels: Labels
    fates: Fates


@dataclass(frozen=True)
class Pictures:
    """Data URIs.

    Attributes:
        image: WebP of the image.
        truth: PNG, the true nuclei.
        found: PNG, the nuclei that were found, and in dashes the missed ones.
    """

    image: str
    truth: str
    found: str


def draw_pictures(pixels: NDArray[np.generic], truth: Judged, found: Judged) -> Pictures:
    """Draw an image, (H, W, C) of any numeric dtype, and the nuclei in it."""
    true_layer = _draw_layer(truth)
    missed = true_layer == Fate.MISSED
    found_layer = np.where(missed & _dashes(missed.shape), Fate.MISSED, _draw_layer(found)).astype(np.uint8)
    return Pictures(_encode_image(to_picture(pixels)), _encode_layer(true_layer), _encode_layer(found_layer))


def _draw_layer(judged: Judged) -> NDArray[np.uint8]:
    """Indices of colours: 0 nothing, a fate's number its line, `FILL` more its fill."""
    labels = _fit(judged.image)
    line = LINE if labels.size > judged.image.size else LINE - 1
    fates = np.concatenate([[0], judged.fates])[np.searchsorted(judged.labels, labels, side="right")]
    filled = np.where(fates > Fate.MATCHED, fates + FILL, 0)
    return np.where(find_lines(labels, line), fates, filled).astype(np.uint8)


def _fit(labels: Labels) -> Labels:
    """Shrink or enlarge a label image to its size in the report, by the nearest pixel."""
    longer = max(labels.shape)
    scale = SIDE / longer if longer > SIDE else SIDE // longer
    rows, columns = (_nearest(side, scale) for side in labels.shape)
    return labels[np.ix_(rows, columns)]


def _nearest(side: int, scale: float) -> NDArray[np.intp]:
    """The pixel shown at each place along a side of the picture."""
    middles = np.arange(max(1, round(side * scale))) + 0.5
    return np.minimum(middles / scale, side - 1).astype(np.intp)


def _dashes(shape: tuple[int, ...]) -> NDArray[np.bool_]:
    rows, columns = np.ogrid[: shape[0], : shape[1]]
    return (rows + columns) // DASH % 2 == 0


def _encode_image(picture: Picture) -> str:
    image = Image.fromarray(picture)
    image.thumbnail((SIDE, SIDE), Image.Resampling.BOX)
    stream = io.BytesIO()
    image.save(stream, "WEBP", quality=QUALITY)
    return _to_uri("image/webp", stream)


def _encode_layer(layer: NDArray[np.uint8]) -> str:
    image = Image.frombytes("P", layer.shape[::-1], layer.tobytes())
    image.putpalette(PALETTE.tobytes())
    stream = io.BytesIO()
    image.save(stream, "PNG", optimize=True, transparency=bytes(ALPHAS))
    return _to_uri("image/png", stream)


def _to_uri(kind: str, stream: io.BytesIO) -> str:
    return f"data:{kind};base64,{base64.b64encode(stream.getvalue()).decode()}"


def _make_palette() -> tuple[NDArray[np.uint8], list[int]]:
    palette, alphas = np.zeros((16, 3), np.uint8), [0] * 16
    for fate, colour in COLOURS.items():
        palette[fate] = palette[fate + FILL] = colour
        alphas[fate], alphas[fate + FILL] = 255, FILL_ALPHA
    return palette, alphas


PALETTE, ALPHAS = _make_palette()
