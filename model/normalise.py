"""Pixels of any kind → what the network sees: intensities robustly stretched to about 0..1."""

import numpy as np
from numpy.typing import NDArray
from skimage.filters import threshold_otsu

LOW, HIGH = 0.5, 99.8
"""Percentiles of all channels together that become 0 and 1: a few hot pixels must not darken the rest."""

SAMPLES = 1 << 20
"""Percentiles of larger images are taken from about this many evenly spaced pixels."""

BOUNDS = (-0.5, 2.0)
"""Values beyond are cut: a single saturated fibre says nothing about nuclei."""

GLARING = 0.01
"""Share of the pixels that may outshine all others: a few dividing or dead cells, a fibre."""

OUTNUMBERED = 10
"""How many times more pixels the dim nuclei beside them must have."""

DISTINCT = 0.66
"""Least separability of dim nuclei from the ground (Otsu 1979: variance between the classes over all variance). Noise
around one level has 2/π = 0.64."""


def normalise(pixels: NDArray[np.generic]) -> NDArray[np.float32]:
    """Stretch an image to about 0..1.

    All channels are stretched alike, so that colour survives; polarity (bright on dark, dark on bright) is left to
    the network.

    Args:
        pixels: (H, W), (H, W, 1) or (H, W, 3), any numeric dtype; NaN and infinities count as the lowest value.

    Returns:
        (H, W, 1) or (H, W, 3) float32.
    """
    image = pixels if pixels.ndim == 3 else pixels[..., None]
    return _stretch(_finite(image.astype(np.float32, copy=False)))


def _finite(image: NDArray[np.float32]) -> NDArray[np.float32]:
    finite = np.isfinite(image)
    if finite.all():
        return image
    lowest = image[finite].min() if finite.any() else np.float32(0)
    return np.where(finite, image, lowest)


def _stretch(image: NDArray[np.float32]) -> NDArray[np.float32]:
    low, high = np.percentile(_dim_part(_sample(image).ravel()), (LOW, HIGH))
    if high <= low:  # nearly constant: the few pixels that differ may still be all there is
        low, high = float(image.min()), float(image.max())
    scale = 1.0 / (high - low) if high > low else 0.0
    lowest, highest = BOUNDS
    return np.clip((image - np.float32(low)) * np.float32(scale), np.float32(lowest), np.float32(highest))


def _dim_part(values: NDArray[np.float32]) -> NDArray[np.float32]:
    """Return the values without the few that outshine nuclei ten times as many, if that is what the image shows."""
    threshold = threshold_otsu(values)
    dim = values[values <= threshold]
    glaring = 1 - dim.size / values.size
    if not 0 < glaring < GLARING:
        return values
    above = dim > threshold_otsu(dim)
    nuclei = above.mean()
    if nuclei < OUTNUMBERED * glaring or dim.var() == 0:
        return values
    between = nuclei * (1 - nuclei) * (dim[above].mean() - dim[~above].mean()) ** 2
    return dim if between > DISTINCT * dim.var() else values


def _sample(image: NDArray[np.float32]) -> NDArray[np.float32]:
    step = max(1, int((image.shape[0] * image.shape[1] / SAMPLES) ** 0.5))
    return image[::step, ::step]
