"""Texture and granularity of each nucleus, on request: they take milliseconds a nucleus, all else microseconds.

Nuclei are measured alone, cut out of the image, one after the other, by mahotas and scikit-image.
"""

from collections.abc import Callable, Mapping

import numpy as np
from skimage.morphology import disk, erosion, reconstruction

from model.arrays import AnyArray, AnyLabels, Bools, Floats, PixelArray
from model.measurements.columns import GRANULARITY_COLUMNS, TEXTURE_COLUMNS, Table

TEXTURE_STEP = 3
"""Pixels between the two whose levels are compared, as CellProfiler has it unless told otherwise."""

LEVELS = 255
"""The brightest of the grey levels, into which the whole range of the pixels' type is divided; 0 is left out."""

_CROSS = disk(1)

NucleusMeasure = Callable[[PixelArray, Bools], Floats]
"""Makes the columns (F, C) of a nucleus of its box, pixels (h, w, C), and of where it is in it."""


def haralick_features(pixels: PixelArray, inside: Bools) -> Floats:
    """Return Haralick's 13 features of a nucleus in each channel, (13, C), the means of four directions.

    As in CellProfiler, grey levels divide the range of the pixels' type (of floats, 0 to 1) in 256, and pairs with the
    lowest don't count. NaN where a direction has no pair, and of floats beyond 0 to 1.

    Args:
        pixels: the box of the nucleus (h, w, C).
        inside: where in it the nucleus is (h, w).
    """
    features = [_haralick_of(np.where(inside, channel, 0)) for channel in np.moveaxis(pixels, 2, 0)]
    return np.stack(features, axis=1)


def _haralick_of(channel: AnyArray) -> Floats:
    from mahotas.features import haralick

    levels = _as_levels(channel)
    if levels is None:
        return np.full(len(TEXTURE_COLUMNS), np.nan)
    try:
        mean: Floats = haralick(levels, ignore_zeros=True, distance=TEXTURE_STEP, return_mean=True)
    except ValueError:  # a direction without a pair
        return np.full(len(TEXTURE_COLUMNS), np.nan)
    return mean


def _as_levels(channel: AnyArray) -> AnyArray | None:
    """Return grey levels 0 to 255; None of floats that are not all from 0 to 1."""
    if channel.dtype.kind == "f":
        if not ((channel >= 0) & (channel <= 1)).all():
            return None
        return np.rint(channel * LEVELS).astype(np.uint8)
    highest = np.iinfo(channel.dtype).max
    return np.floor_divide(np.maximum(channel, 0), (highest + 1) // (LEVELS + 1)).astype(np.uint8)


def granularity_spectrum(pixels: PixelArray, inside: Bools) -> Floats:
    """Return the granularity spectrum of a nucleus in each channel, (16, C), in per cent of its mean intensity.

    The n-th is what the nucleus loses when structures vanish that survive n - 1 erosions by a cross, but not n: each
    erosion is followed by reconstruction, as in CellProfiler. What is not finite counts as 0.

    Args:
        pixels: the box of the nucleus (h, w, C).
        inside: where in it the nucleus is (h, w).
    """
    spectra = [_granularity_of(channel, inside) for channel in np.moveaxis(pixels, 2, 0)]
    return np.stack(spectra, axis=1)


def _granularity_of(channel: AnyArray, inside: Bools) -> Floats:
    alone = np.pad(np.where(inside & np.isfinite(channel), channel, 0).astype(np.float64), 1)
    means = [alone.sum()]
    eroded = alone
    for _ in GRANULARITY_COLUMNS:
        eroded = erosion(eroded, _CROSS)
        means.append(reconstruction(eroded, alone, footprint=_CROSS).sum() if eroded.any() else 0.0)
    if means[0] <= 0:
        return np.full(len(GRANULARITY_COLUMNS), np.nan)
    return 100 * np.subtract(means[:-1], means[1:]) / means[0]


REQUESTS: Mapping[str, tuple[NucleusMeasure, Mapping[str, object]]] = {
    "granularity": (granularity_spectrum, GRANULARITY_COLUMNS),
    "texture": (haralick_features, TEXTURE_COLUMNS),
}
"""What may be asked for, and its columns."""


def measure_textures(
    labels: AnyLabels, pixels: PixelArray, boxes: AnyArray, wanted: AnyArray, request: str
) -> Table:
    """Measure what is asked for, a key of `REQUESTS`, of nuclei in each channel.

    Args:
        labels: label image (h, w).
        pixels: the image (h, w, C).
        boxes: (n, 4) first row, first column, and those after the last, of each nucleus.
        wanted: (n,) their labels.
        request: what is asked for.

    Returns:
        Its columns, (C, n) each.
    """
    measure, columns = REQUESTS[request]
    values = np.full((len(wanted), len(columns), pixels.shape[2]), np.nan)
    for number, (label, (row0, column0, row1, column1)) in enumerate(zip(wanted, boxes, strict=True)):
        box = slice(row0, row1), slice(column0, column1)
        values[number] = measure(pixels[box], labels[box] == label)
    return {name: values[:, place].T for place, name in enumerate(columns)}
