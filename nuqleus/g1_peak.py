"""G1 peak: the DNA content of nuclei before they copy it, found in the intensities of many.

A growing population has two peaks, one at twice the content of the other: G1 and G2/M. On a logarithmic axis they are
a known distance apart, whatever the unit. The density is a Gaussian kernel estimate over a histogram. One peak alone
may be either, and is none: what can't be known is said, not guessed. How often it is right: `docs/measurements.md`.
"""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

MIN_NUCLEI = 500
"""Of fewer, bumps of chance are as high as the peaks."""

MAX_CV = 0.13
"""Standard deviation of the G1 peak, by its position: of wider ones, what lies between may be a peak of its own."""

DISTANCE = (0.88, 1.1)
"""From G1 to G2/M, in doublings: once, less where bright nuclei are compact, or the camera's top is near."""

BINS_PER_DOUBLING = 100

KERNEL, NARROWEST_KERNEL = 0.35, 0.06
"""Standard deviation of the kernel in doublings: KERNEL / n^⅕, as usual for kernels, but not below the narrowest."""

PROMINENCE = 0.1
"""How far the density falls on both sides of a peak, by the peak's own height."""

LOWEST, LOWEST_FIRST, LOWEST_HIGHER = 0.1, 0.2, 0.8
"""Least height, by the highest peak, of any, of the first one of a pair, and of the higher one of a pair: what dies, or
clumps, makes pairs too, but of low peaks."""

Floats = NDArray[np.float64]


@dataclass(frozen=True)
class G1Peak:
    """What is known of the G1 peak.

    Attributes:
        nuclei: how many it was sought in.
        position: the content at the peak, in the unit of the contents; None if it can't be known.
        cv: standard deviation of G1 by its position.
        unknown_because: the reason in words if it can't be known.
    """

    nuclei: int
    position: float | None = None
    cv: float | None = None
    unknown_because: str | None = None


@dataclass(frozen=True)
class _Density:
    """Kernel estimate over equal steps of doublings.

    Attributes:
        doublings: (B,) middles of the bins, log2 of the content.
        height: (B,).
        kernel: its standard deviation in doublings.
    """

    doublings: Floats
    height: Floats
    kernel: float


def find_g1_peak(contents: Floats) -> G1Peak:
    """Find it in the background-corrected integrated intensities (N,) of nuclei of one kind; those above 0 count."""
    contents = contents[np.isfinite(contents) & (contents > 0)]
    nuclei = len(contents)
    if nuclei < MIN_NUCLEI:
        return G1Peak(nuclei, unknown_because=f"there are {nuclei} nuclei, and {MIN_NUCLEI} are needed")
    density = _estimate_density(np.log2(contents))
    first = _first_of_pair(density)
    if first is None:
        return G1Peak(nuclei, unknown_because="there is no pair of peaks, and one alone may be G1 or G2/M")
    cv = _width(density, first)
    if cv > MAX_CV:
        broad = f"the first peak is too broad: its coefficient of variation is {cv:.0%}"
        return G1Peak(nuclei, unknown_because=broad)
    return G1Peak(nuclei, float(2 ** density.doublings[first]), cv)


def _estimate_density(doublings: Floats) -> _Density:
    low, high = np.percentile(doublings, [0.1, 99.9])
    edges = np.arange(low - 1, high + 1, 1 / BINS_PER_DOUBLING)
    counts, _ = np.histogram(doublings, edges)
    kernel = max(NARROWEST_KERNEL, KERNEL * len(doublings) ** -0.2)
    reach = int(4 * kernel * BINS_PER_DOUBLING)
    weights = np.exp(-0.5 * (np.arange(-reach, reach + 1) / BINS_PER_DOUBLING / kernel) ** 2)
    height = np.convolve(counts, weights / weights.sum(), "same")
    return _Density((edges[:-1] + edges[1:]) / 2, height, kernel)


def _first_of_pair(density: _Density) -> int | None:
    """The lower one of two peaks that are a doubling apart, the highest two if there are more; None without any."""
    height, doublings = density.height, density.doublings
    peaks, top = _peaks(height), height.max()
    pairs = [
        (height[first] + height[second], first)
        for first in peaks
        for second in peaks
        if DISTANCE[0] < doublings[second] - doublings[first] < DISTANCE[1]
        and height[first] > LOWEST_FIRST * top
        and max(height[first], height[second]) > LOWEST_HIGHER * top
    ]
    return max(pairs)[1] if pairs else None


def _peaks(height: Floats) -> list[int]:
    inner = height[1:-1]
    tops = np.flatnonzero((inner > height[:-2]) & (inner >= height[2:])) + 1
    high = tops[height[tops] > LOWEST * height.max()]
    return [int(top) for top in high if _prominence(height, top) > PROMINENCE * height[top]]


def _prominence(height: Floats, top: int) -> float:
    """How far the density falls on both sides before it rises higher."""
    before, after = height[:top][::-1], height[top + 1 :]
    return float(height[top] - max(_valley(side, height[top]) for side in (before, after)))


def _valley(side: Floats, height: float) -> float:
    higher = np.flatnonzero(side > height)
    return float(side[: higher[0] if len(higher) else None].min())


def _width(density: _Density, peak: int) -> float:
    """Relative standard deviation of a peak by its lower flank, where no S phase lies; without the kernel's own."""
    at_one_deviation = density.height[peak] * np.exp(-0.5)
    below = np.flatnonzero(density.height[:peak] < at_one_deviation)[-1]
    deviation = density.doublings[peak] - density.doublings[below]
    return float(np.log(2) * np.sqrt(max(0.0, deviation**2 - density.kernel**2)))
