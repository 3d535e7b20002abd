"""Pictures of one image, as data URIs: itself, and see-through layers with the outlines of its nuclei.

The image is stored once for both layers. Layers are indexed PNGs with a colour for each error type: sharp at any zoom,
and a tenth of the size of a second picture.
"""

import base64
import io
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from PIL import Image

from model.arrays import AnyLabels, Bools, Indices, PixelArray
from model.evaluation.report.error_types import ErrorType, ErrorTypes
from model.labels.overlay import Picture, find_lines, to_picture

SIDE = 768
"""Longer side of the largest picture, in pixels; smaller layers are enlarged by a whole number towards it."""

QUALITY = 80
"""Of the WebP pictures, 0 to 100."""

COLOURS = {
    ErrorType.MATCHED: (70, 225, 120),  # green
    ErrorType.MERGED: (255, 140, 0),  # orange
    ErrorType.SPLIT: (0, 190, 255),  # light blue
    ErrorType.MISSHAPEN: (250, 220, 20),  # yellow
    ErrorType.MISSED: (255, 50, 60),  # red
    ErrorType.FALSE_POSITIVE: (255, 80, 255),  # magenta
}
"""Colour of each error type, sRGB: told apart on black, white and purple."""

FILL = 8
"""Index of an error type's fill in a layer: as far above the index of its line."""

FILL_ALPHA = 80
LINE = 3
"""Width of the lines in enlarged layers, in pixels of the layer; others, with finer detail, have one pixel less."""

DASH = 4
"""Length of the dashes of a missed nucleus, and of the gaps between them, in pixels of the layer."""


@dataclass(frozen=True)
class ClassifiedLabels:
    """A label image and the error types of its nuclei.

    Attributes:
        image: (H, W), 0 background.
        labels: those in the image, ascending: (N,).
        error_types: of each: (N,).
    """

    image: AnyLabels
    labels: AnyLabels
    error_types: ErrorTypes


@dataclass(frozen=True)
class Pictures:
    """Pictures of one image, as data URIs.

    Attributes:
        image: WebP of the image.
        truth: PNG, the true nuclei.
        predicted: PNG, the nuclei that were found, and in dashes the missed ones.
    """

    image: str
    truth: str
    predicted: str


def draw_pictures(pixels: PixelArray, truth: ClassifiedLabels, predicted: ClassifiedLabels) -> Pictures:
    """Draw an image, (H, W, C) of any numeric dtype, and the nuclei in it."""
    true_layer = _draw_layer(truth)
    missed = true_layer == ErrorType.MISSED
    dashed = np.where(missed & _dashes(missed.shape), ErrorType.MISSED, _draw_layer(predicted))
    layers = true_layer, dashed.astype(np.uint8)
    return Pictures(_encode_image(to_picture(pixels)), *map(_encode_layer, layers))


def _draw_layer(classified: ClassifiedLabels) -> NDArray[np.uint8]:
    """Indices of colours: 0 nothing, the number of an error type its line, `FILL` more its fill."""
    labels = _fit(classified.image)
    line = LINE if labels.size > classified.image.size else LINE - 1
    types = np.concatenate([[0], classified.error_types])[
        np.searchsorted(classified.labels, labels, side="right")
    ]
    filled = np.where(types > ErrorType.MATCHED, types + FILL, 0)
    return np.where(find_lines(labels, line), types, filled).astype(np.uint8)


def _fit(labels: AnyLabels) -> AnyLabels:
    """Shrink or enlarge a label image to its size in the report, by the nearest pixel."""
    longer = max(labels.shape)
    scale = SIDE / longer if longer > SIDE else SIDE // longer
    rows, columns = (_nearest(side, scale) for side in labels.shape)
    return labels[np.ix_(rows, columns)]


def _nearest(side: int, scale: float) -> Indices:
    """The pixel shown at each place along a side of the picture."""
    middles = np.arange(max(1, round(side * scale))) + 0.5
    return np.minimum(middles / scale, side - 1).astype(np.intp)


def _dashes(shape: tuple[int, ...]) -> Bools:
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
    for error_type, colour in COLOURS.items():
        palette[error_type] = palette[error_type + FILL] = colour
        alphas[error_type], alphas[error_type + FILL] = 255, FILL_ALPHA
    return palette, alphas


PALETTE, ALPHAS = _make_palette()
