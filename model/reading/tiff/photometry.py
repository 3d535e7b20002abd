"""Photometric interpretation: the samples of a TIFF page → gray values, RGB colour or channels.

Source: *TIFF Revision 6.0* (Adobe 1992): photometric interpretation, extra samples, palettes, CMYK, YCbCr.
"""

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
from PIL import Image
from tifffile import COMPRESSION, PHOTOMETRIC, PLANARCONFIG, TiffPage

from model.arrays import AnyArray
from model.reading.tiff.layout import CHANNEL, SAMPLE

JPEGS = {COMPRESSION.OJPEG, COMPRESSION.JPEG, COMPRESSION.JPEG_LOSSY, COMPRESSION.ALT_JPEG}
"""Compressions that tifffile decodes to RGB when the file says YCbCr."""

COUNTABLE = (None, PHOTOMETRIC.MINISBLACK, PHOTOMETRIC.MASK)
"""Kinds whose samples are used as they are: "mask" pages that aren't masks of another page are gray images."""

ALPHA = (1, 2)
"""Extra samples that say how opaque a pixel is; others are channels."""


class UnsupportedPixelsError(NotImplementedError):
    """Pixels of a kind that has no meaning for measuring nuclei, such as raw camera mosaics."""


@dataclass(frozen=True)
class Conversion:
    """How to turn the samples of a page into channels.

    Attributes:
        colour: the result is RGB colour.
        apply: (..., S) samples as decoded → (..., C).
    """

    colour: bool
    apply: Callable[[AnyArray], AnyArray]


def conversion(page: TiffPage, *, palette_is_display: bool, samples_are_channels: bool = False) -> Conversion:
    """Choose how to convert a page.

    Args:
        page: the page, or the key page of a series of pages alike.
        palette_is_display: a palette only says how to show measured values (ImageJ, OME): keep the values.
        samples_are_channels: what the page calls red, green and blue (and alpha) are channels.

    Raises:
        UnsupportedPixelsError: a colour space or number format that isn't read.
    """
    kind = page.photometric
    if page.dtype is None or page.dtype.kind not in "buif":
        raise UnsupportedPixelsError(
            f"{page.bitspersample}-bit samples of format {page.sampleformat} not supported"
        )
    if samples_are_channels:
        return Conversion(False, lambda samples: samples)
    if kind == PHOTOMETRIC.RGB:
        return _rgb(page)
    if kind == PHOTOMETRIC.YCBCR:
        return _ycbcr(page)
    if kind == PHOTOMETRIC.SEPARATED and page.samplesperpixel >= 4:
        return Conversion(True, lambda inks: cmyk_to_rgb(inks[..., :4], _white(page)))
    if kind == PHOTOMETRIC.PALETTE and not palette_is_display:
        return Conversion(True, lambda indices: expand(indices[..., 0], page.colormap))
    if kind == PHOTOMETRIC.MINISWHITE:
        return Conversion(False, lambda values: invert(_channels(values, page), _white(page)))
    if kind == PHOTOMETRIC.PALETTE or kind in COUNTABLE:
        return Conversion(False, lambda values: _channels(values, page))
    raise UnsupportedPixelsError(f"colour space {PHOTOMETRIC(kind).name} not supported")


def invert(values: AnyArray, white: float) -> AnyArray:
    """Turn values that mean "dark" into values that mean "bright", within the same range of numbers."""
    if values.dtype.kind == "i":
        return ~values  # maps −128..127 onto itself
    return (values.dtype.type(white) if values.dtype.kind == "u" else 0) - values


def cmyk_to_rgb(inks: AnyArray, white: float) -> AnyArray:
    """(..., 4) amounts of ink → (..., 3) light that is left, in the same dtype and range."""
    light = white - inks.astype(np.float32)
    rgb = light[..., :3] * light[..., 3:] / white
    return (np.rint(rgb) if inks.dtype.kind == "u" else rgb).astype(inks.dtype)


def expand(indices: AnyArray, palette: AnyArray | None) -> AnyArray:
    """(...) indices → (..., 3) uint8 colours of a (3, N) palette of 16-bit values (some writers err: of 8-bit)."""
    if palette is None or palette.ndim != 2 or len(palette) != 3:
        raise ValueError("the palette is missing or damaged")
    colours = palette >> 8 if palette.max() > 255 else palette
    return np.moveaxis(colours.astype(np.uint8), 0, -1)[indices]


def _rgb(page: TiffPage) -> Conversion:
    """Three samples are colours; a fourth is alpha if it says so, else they are four channels."""
    alpha = [kind for kind in page.extrasamples if kind in ALPHA]
    if page.samplesperpixel - len(alpha) == 3:
        return Conversion(True, lambda samples: samples[..., :3])
    return Conversion(False, lambda samples: _channels(samples, page))


def are_channels(page: TiffPage, axes: str, *, colour_is_said: bool) -> bool:
    """Whether the samples of an RGB page are channels: the axes of its series say so, or a library took them for RGB.

    Args:
        page: the page, or the key page of a series of pages alike.
        axes: of the series.
        colour_is_said: the file's metadata (OME, ImageJ) tell colour from channels.
    """
    if page.photometric != PHOTOMETRIC.RGB or SAMPLE not in page.axes:
        return False
    if axes[-len(page.axes) :].replace(CHANNEL, SAMPLE) == page.axes and axes[-len(page.axes) :] != page.axes:
        return True
    planar = page.planarconfig == PLANARCONFIG.SEPARATE
    return planar and not colour_is_said and page.dtype is not None and page.dtype.itemsize > 1


def _ycbcr(page: TiffPage) -> Conversion:
    if page.compression in JPEGS:
        return Conversion(True, lambda rgb: rgb[..., :3])
    if page.is_subsampled or page.dtype != np.uint8:
        raise UnsupportedPixelsError("colour space YCbCr with fewer colour samples than pixels not supported")
    return Conversion(True, _ycbcr_to_rgb)


def _ycbcr_to_rgb(samples: AnyArray) -> AnyArray:
    flat = np.ascontiguousarray(samples[..., :3]).reshape(-1, samples.shape[-2], 3)
    rgb = np.asarray(Image.frombytes("YCbCr", flat.shape[1::-1], flat.tobytes()).convert("RGB"))
    return rgb.reshape(*samples.shape[:-1], 3)


def _channels(samples: AnyArray, page: TiffPage) -> AnyArray:
    """Return the samples without alpha; single bits as 0 and 1."""
    values = samples.view(np.uint8) if samples.dtype == bool else samples
    colours = page.samplesperpixel - len(page.extrasamples)
    alpha = [colours + i for i, kind in enumerate(page.extrasamples) if kind in ALPHA]
    return np.delete(values, alpha, axis=-1) if alpha else values


def _white(page: TiffPage) -> float:
    return 1.0 if page.dtype is not None and page.dtype.kind == "f" else float(2**page.bitspersample - 1)
