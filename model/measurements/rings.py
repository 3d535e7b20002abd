"""Ring of each nucleus: the pixels around it that are nearer to it than to any other."""

from dataclasses import dataclass

import numpy as np

from model.arrays import AnyLabels, Bools, Floats, Ints, PixelArray
from model.measurements.columns import Table
from model.measurements.distances import Distances
from model.measurements.nearest import find_nearest
from model.measurements.pixel_groups import (
    MIDDLE,
    GroupedPixels,
    Groups,
    find_indices,
    group_pixels,
    measure_finite,
)


@dataclass(frozen=True)
class Rings:
    """Rings of some nuclei, and what is in none.

    Attributes:
        pixels: of the rings, grouped by nucleus.
        background: (h, w) what is farther than the end of a ring from every nucleus.
    """

    pixels: GroupedPixels
    background: Bools


def find_rings(labels: AnyLabels, wanted: Ints, distances: Distances) -> Rings:
    """Find the rings of nuclei in a label image (h, w).

    Distances are Euclidean, between centres of pixels. A pixel belongs to the nucleus that is nearest to it, so rings
    overlap neither nuclei nor each other.

    Args:
        labels: 0 background, the others nuclei.
        wanted: (n,) labels whose rings are wanted, ascending.
        distances: the gap between nucleus and ring, and the width of the ring.
    """
    nearest = find_nearest(labels, distances.ring_end)
    around = nearest.within(distances.ring_end)
    flat = np.flatnonzero(around & ~nearest.within(distances.ring_gap))
    nucleus, is_wanted = find_indices(nearest.owners(flat), wanted)
    return Rings(group_pixels(nucleus[is_wanted], flat[is_wanted]), ~around)


def measure_rings(pixels: PixelArray, rings: Rings, nuclei: int) -> Table:
    """Measure the rings of this many nuclei in each channel of an image (h, w, C).

    Pixels that are not finite are left out; where that leaves none, everything is NaN.

    Returns:
        `intensity_ring_mean`, `…_median` and `…_integrated`, each (C, nuclei).
    """
    channels = pixels.reshape(-1, pixels.shape[2])
    values = channels.take(rings.pixels.flat, axis=0).T.astype(np.float64)
    return measure_finite(_statistics, values, rings.pixels, nuclei)


def _statistics(values: Floats, _pixels: GroupedPixels, groups: Groups) -> Table:
    total = groups.total(values)
    return {
        "intensity_ring_mean": total / groups.count,
        "intensity_ring_median": groups.quantiles(groups.sort(values), MIDDLE)[:, 0],
        "intensity_ring_integrated": total,
    }
