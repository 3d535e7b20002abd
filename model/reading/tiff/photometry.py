"""Photometric interpretation: the samples of a TIFF page → gray values, RGB colour or channels.

Source: *TIFF Revision 6.0* (Adobe 1992): photometric interpretation, extra samples, palettes, CMYK, YCbCr.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass

import numpy as np
from PIL import Image
from tifffile import COMPRESSION, PHOTOMETRIC, TiffPage

from model.arrays import AnyArray

JPEGS = {COMPRESSION.OJPEG, COMPRESSION.JPEG, COMPRESSION.JPEG_LOSSY, COMPRESSION.ALT_JPEG}
"""Compressions that tifffile decodes to RGB when the file says YCbCr."""

COUNTABLE = (None, PHOTOMETRIC.MINISBLACK, PHOTOMETRIC.MASK)
"""Kinds whose samples are used as they are: "mask" pages that aren't masks of another page are gray images."""


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


def conversion(
    page: TiffPage, alpha: Sequence[int], *, palette_is_display: bool, samples_are_channels: bool = False
) -> Conversion:
    """Choose how to convert a page.

    Args:
        page: the page, or the key page of a series of pages alike.
        alpha: which of its samples say how opaque a pixel is, counted from 0.
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
        return _rgb(page, alpha)
    if kind == PHOTOMETRIC.YCBCR:
        return _ycbcr(page)
    if kind == PHOTOMETRIC.SEPARATED and page.samplesperpixel >= 4:
        return Conversion(True, lambda inks: cmyk_to_rgb(inks[..., :4], _white(page)))
    if kind == PHOTOMETRIC.PALETTE and not palette_is_display:
        return Conversion(True, lambda indices: expand(indices[..., 0], page.colormap))
    if kind == PHOTOMETRIC.MINISWHITE:
        return Conversion(False, lambda values: invert(_without(values, alpha), _white(page)))
    if kind == PHOTOMETRIC.PALETTE or kind in COUNTABLE:
        return Conversion(False, lambda values: _without(values, alpha))
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
    """(...) indices → (..., 3) uint8 colours of a (3, N) palette of 16-bit values (some writers err: of 8-bit).

    Raises:
        ValueError: the palette is missing, or has another shape.
    """
    if palette is None or palette.ndim != 2 or len(palette) != 3:
        raise ValueError("the palette is missing or damaged")
    colours = palette >> 8 if palette.max() > 255 else palette
    return np.moveaxis(colours.astype(np.uint8), 0, -1)[indices]


def _rgb(page: TiffPage, alpha: Sequence[int]) -> Conversion:
    """Three samples beside alpha are colours; more are channels."""
    if page.samplesperpixel - len(alpha) == 3:
        return Conversion(True, lambda samples: samples[..., :3])
    return Conversion(False, lambda samples: _without(samples, alpha))


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


def _without(samples: AnyArray, alpha: Sequence[int]) -> AnyArray:
    """Return the samples without alpha; single bits as 0 and 1."""
    values = samples.view(np.uint8) if samples.dtype == bool else samples
    return np.delete(values, list(alpha), axis=-1) if alpha else values


def _white(page: TiffPage) -> float:
    return 1.0 if page.dtype is not None and page.dtype.kind == "f" else float(2**page.bitspersample - 1)
