"""Neighbours of each nucleus: how many are near, how much of it they touch, which is nearest, how dense they lie."""

from dataclasses import dataclass
from functools import cached_property
from math import ceil

import numpy as np
from scipy.spatial import KDTree

from model.arrays import AnyLabels, Bools, Floats, Ints
from model.measurements.columns import Table
from model.measurements.outlines import find_outline
from model.measurements.pixel_groups import find_indices, mean_by_nucleus

LOOKUPS_AT_ONCE = 1 << 18
"""Pixels of outlines, times the steps that are taken from each, in memory."""

_BESIDE = np.array([(row, column) for row in (-1, 0, 1) for column in (-1, 0, 1) if row or column])


@dataclass(frozen=True)
class Outlines:
    """Outline pixels of all nuclei in a label image, which is padded so that every step from one ends inside.

    Attributes:
        padded: labels, flattened.
        stride: columns of the padded image.
        flat: (P,) where the outline pixels are in it.
    """

    padded: AnyLabels
    stride: int
    flat: Ints

    @cached_property
    def label(self) -> AnyLabels:
        """(P,) whose outline each is of."""
        own: AnyLabels = self.padded[self.flat]
        return own

    def others(self, steps: Ints) -> tuple[AnyLabels, Bools]:
        """Return the labels that steps (S, 2) lead to, (S, P), and whether these are of another nucleus."""
        found = self.padded[self.flat + (steps[:, 0] * self.stride + steps[:, 1])[:, None]]
        return found, (found != 0) & (found != self.label)


def find_outlines(labels: AnyLabels, padding: int) -> Outlines:
    """Find the outlines of a label image (h, w): see `find_outline`."""
    height, width = labels.shape
    padded = np.zeros((height + 2 * padding, width + 2 * padding), labels.dtype)
    padded[padding:-padding, padding:-padding] = labels
    rows, columns = np.divmod(np.flatnonzero(find_outline(labels)), width)
    return Outlines(
        padded.reshape(-1), padded.shape[1], (rows + padding) * padded.shape[1] + columns + padding
    )


def measure_contacts(labels: AnyLabels, wanted: Ints, distance: float) -> Table:
    """Count the neighbours of nuclei, and the pixels of their outlines that touch one.

    A neighbour has a pixel within the distance of one of the nucleus (between centres of pixels). An outline pixel
    touches a neighbour that has one of the eight pixels around it.

    Args:
        labels: label image (h, w): 0 background, the others nuclei.
        wanted: (n,) labels of the nuclei, ascending.
        distance: in pixels.

    Returns:
        `neighbor_count` and `neighbor_touching_fraction` (NaN for a nucleus without outline), each (n,).
    """
    outlines = find_outlines(labels, max(1, ceil(distance)))
    touches: Bools = np.any(outlines.others(_BESIDE)[1], axis=0)
    return {
        "neighbor_count": _count_neighbors(outlines, wanted, distance),
        "neighbor_touching_fraction": _mean_by_label(touches, outlines.label, wanted),
    }


def _mean_by_label(values: Bools, label: AnyLabels, wanted: Ints) -> Floats:
    nucleus, use = find_indices(label, wanted)
    return mean_by_nucleus(values[use], nucleus[use], len(wanted))


def _count_neighbors(outlines: Outlines, wanted: Ints, distance: float) -> Ints:
    """Count the different nuclei that steps of up to this distance lead to from the outline of each."""
    steps = _steps_within(distance)
    at_once = max(1, LOOKUPS_AT_ONCE // max(1, len(outlines.flat)))
    pairs = np.empty((2, 0), np.int64)
    for begin in range(0, len(steps), at_once):
        found, is_other = outlines.others(steps[begin : begin + at_once])
        own = np.broadcast_to(outlines.label, found.shape)
        pairs = _unique_pairs(np.concatenate([pairs, np.stack([own[is_other], found[is_other]])], axis=1))
    members = np.sort(pairs.reshape(-1))
    count: Ints = np.searchsorted(members, wanted, side="right") - np.searchsorted(members, wanted)
    return count


def _steps_within(distance: float) -> Ints:
    """Return half of the steps (S, 2) up to this length: where the others lead, these lead from the other end."""
    reach = int(distance)
    rows, columns = np.mgrid[0 : reach + 1, -reach : reach + 1].reshape(2, -1)
    half = (rows > 0) | (columns > 0)
    steps = np.stack([rows, columns], axis=1)[half & (rows**2 + columns**2 <= distance**2)]
    return steps.astype(np.int64)


def _unique_pairs(pairs: Ints) -> Ints:
    """Return each pair of labels (2, P) once, the lower label first."""
    low, high = pairs.min(axis=0), pairs.max(axis=0)
    both = np.unique(low << 32 | high)
    return np.stack([both >> 32, both & 0xFFFFFFFF])


def measure_nearest(nuclei: Table) -> Table:
    """Find the nearest neighbour of each nucleus, by centroids.

    Returns:
        `neighbor_nearest_label` and `neighbor_nearest_distance`, each (N,); NaN for the only nucleus.
    """
    centroids = _centroids(nuclei)
    if len(centroids) < 2:
        alone = np.full(len(centroids), np.nan)
        return {"neighbor_nearest_label": alone, "neighbor_nearest_distance": alone}
    distances, found = KDTree(centroids).query(centroids, k=2)
    is_self = found[:, 0] == np.arange(len(found))  # not where two centroids are the same
    return {
        "neighbor_nearest_label": nuclei["label"][np.where(is_self, found[:, 1], found[:, 0])].astype(
            np.float64
        ),
        "neighbor_nearest_distance": np.where(is_self, distances[:, 1], distances[:, 0]),
    }


def measure_density(nuclei: Table, size: tuple[int, int], side: float) -> Floats:
    """Return how many nuclei (itself too) lie around each, (N,), in 1/px².

    They are counted, by their centroids, in a square of this side around its own, and divided by the area of the square
    that lies in the image (H, W).
    """
    centroids = _centroids(nuclei)
    if not len(centroids):
        return np.empty(0)
    inside = KDTree(centroids).query_ball_point(centroids, side / 2, p=np.inf, return_length=True)
    # the image ends half a pixel beyond the centres of its outermost pixels
    low = np.maximum(centroids - side / 2, -0.5)
    high = np.minimum(centroids + side / 2, np.array(size) - 0.5)
    density: Floats = inside / np.prod(high - low, axis=1)
    return density


def _centroids(nuclei: Table) -> Floats:
    return np.stack([nuclei["centroid_row"], nuclei["centroid_col"]], axis=1)
