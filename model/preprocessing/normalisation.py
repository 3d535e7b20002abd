"""Normalisation of intensities: pixels of any kind → what the network sees, robustly about 0..1."""

from collections.abc import Callable, Iterable
from dataclasses import dataclass

import numpy as np

from model.arrays import FloatImage, PixelArray
from model.preprocessing.histogram import Histogram, compute_histogram
from model.preprocessing.surround import Surround, find_surround

LOW_PERCENTILE, HIGH_PERCENTILE = 0.5, 99.8
"""Percentiles of all channels together that become 0 and 1: a few hot pixels must not darken the rest."""

MAX_SAMPLES = 1 << 20
"""Percentiles of larger images are taken from about this many evenly spaced pixels."""

MAX_OFFSET_SAMPLES = 1 << 16
"""Of these, as many as this say whether pixels lie on a large offset."""

MAX_ROUNDING = 1 / 4096
"""Larger shares of the range of an image mustn't be lost by rounding: cameras have 12 bits and more."""

CLIP_RANGE = (-0.5, 2.0)
"""Values beyond are cut: a single saturated fibre says nothing about nuclei."""

GLARE_SHARE = 0.01
"""Share of the pixels that may outshine all others: a few dividing or dead cells, a fibre."""

DIM_RATIO = 10
"""How many times more pixels the dim nuclei beside them must have."""

MIN_SEPARABILITY = 0.66
"""Least separability of dim nuclei from the ground (Otsu 1979: variance between the classes over all variance). Noise
around one level has 2/π = 0.64."""


@dataclass(frozen=True)
class Normalisation:
    """Normalisation of an image: linear, to about 0..1; its parts may be normalised one by one.

    Attributes:
        low: becomes 0, once the offset is subtracted; `high` and `lowest` likewise.
        high: becomes 1.
        lowest: what NaN and infinities count as.
        offset: subtracted before pixels become float32; 0 where float32 is fine enough for them.
        surround: what is filled before all else; None where nothing is.
    """

    low: float
    high: float
    lowest: float
    offset: float = 0.0
    surround: Surround | None = None

    def __call__(self, pixels: PixelArray) -> FloatImage:
        """Normalise (H, W, C) pixels of any numeric dtype: (H, W, C) float32."""
        scale = 1.0 / (self.high - self.low) if self.high > self.low else 0.0
        recorded = self.surround.fill(pixels) if self.surround else pixels
        shifted = _finite(_shift(recorded, self.offset), self.lowest)
        image = np.subtract(shifted, self.low, dtype=np.float32)
        image *= np.float32(scale)
        lowest, highest = CLIP_RANGE
        return np.clip(image, np.float32(lowest), np.float32(highest), out=image)


def normalise(pixels: PixelArray) -> FloatImage:
    """Normalise the intensities of an image, to about 0..1.

    All channels are normalised alike, so that colour survives; polarity (bright on dark, dark on bright) is left to
    the network.

    Args:
        pixels: (H, W), (H, W, 1) or (H, W, 3), any numeric dtype; NaN and infinities count as the lowest value.

    Returns:
        (H, W, 1) or (H, W, 3) float32.
    """
    image = pixels if pixels.ndim == 3 else pixels[..., None]
    step = sample_step(*image.shape[:2])
    return fit_normalisation(image[::step, ::step], lambda: [image])(image)


def fit_normalisation(sample: PixelArray, everything: Callable[[], Iterable[PixelArray]]) -> Normalisation:
    """Choose the normalisation of an image by percentiles.

    Args:
        sample: of its pixels (h, w, C), every `sample_step`-th in both directions.
        everything: gives the whole image, in parts of any size; called only if a sample doesn't tell.
    """
    surround = find_surround(sample)
    if surround:
        sample = surround.fill(sample)
    offset = _find_offset(sample)
    lowest = 0.0 if sample.dtype.kind in "biu" else _extremes(everything(), offset)[0]
    histogram = _without_glare(compute_histogram(_finite(_shift(sample, offset), lowest)))
    low, high = histogram.percentile(LOW_PERCENTILE), histogram.percentile(HIGH_PERCENTILE)
    if high <= low:  # nearly constant: the few pixels that differ may still be all there is
        low, high = _extremes(everything(), offset)
    return Normalisation(low, high, lowest, offset, surround)


def sample_step(height: int, width: int, samples: int = MAX_SAMPLES) -> int:
    """Return the step between the pixels that an image of this size is sampled at, for about as many samples."""
    return max(1, int((height * width / samples) ** 0.5))


def _finite(pixels: PixelArray, lowest: float) -> PixelArray:
    if pixels.dtype.kind in "biu":
        return pixels
    image = pixels.astype(np.float32, copy=False)
    finite = np.isfinite(image)
    return image if finite.all() else np.where(finite, image, np.float32(lowest))


def _find_offset(sample: PixelArray) -> float:
    """Return the median of pixels of 32 bits and more if float32 would round them by a visible share of their range."""
    if sample.dtype.kind == "b" or sample.dtype.itemsize < 4 or sample.dtype == np.float32:
        return 0.0
    step = sample_step(sample.shape[0], sample.shape[1], MAX_OFFSET_SAMPLES)
    values = sample[::step, ::step].astype(np.float64)
    finite = values[np.isfinite(values)]
    if (finite == finite.astype(np.float32)).all():
        return 0.0
    low, median, high = np.percentile(finite, (LOW_PERCENTILE, 50, HIGH_PERCENTILE))
    spread = high - low if high > low else float(finite.max()) - float(finite.min())
    return float(median) if np.spacing(np.float32(abs(median))) > MAX_ROUNDING * spread else 0.0


def _shift(pixels: PixelArray, offset: float) -> PixelArray:
    return np.subtract(pixels, offset, dtype=np.float64).astype(np.float32) if offset else pixels


def _extremes(parts: Iterable[PixelArray], offset: float) -> tuple[float, float]:
    """Return the lowest and the highest finite value; 0 and 0 where there is none."""
    images = (_shift(part, offset).astype(np.float32, copy=False) for part in parts)
    finite = (image[np.isfinite(image)] for image in images)
    found = [(float(values.min()), float(values.max())) for values in finite if values.size]
    return min((low for low, _ in found), default=0.0), max((high for _, high in found), default=0.0)


def _without_glare(histogram: Histogram) -> Histogram:
    """Return the histogram without a few pixels that outshine ten times as many of nuclei, if there are any."""
    dim, bright = histogram.split(histogram.otsu_threshold())
    if not bright.values.size or bright.pixels >= GLARE_SHARE * histogram.pixels:
        return histogram
    ground, nuclei = dim.split(dim.otsu_threshold())
    if not nuclei.values.size or nuclei.pixels * histogram.pixels < DIM_RATIO * bright.pixels * dim.pixels:
        return histogram
    share = nuclei.pixels / dim.pixels
    between = share * (1 - share) * (nuclei.mean - ground.mean) ** 2
    return dim if between > MIN_SEPARABILITY * dim.variance else histogram
