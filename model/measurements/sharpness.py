"""Sharpness of the edge of each nucleus: how steep it is, for the contrast that it bridges."""

import numpy as np

from model.arrays import AnyLabels, Bools, Floats, Ints, PixelArray
from model.measurements.outlines import find_outline
from model.measurements.pixel_groups import find_indices, mean_by_nucleus


def measure_edge_gradients(labels: AnyLabels, pixels: PixelArray, wanted: Ints) -> Floats:
    """Return the mean gradient at the free outline of nuclei, per channel of an image (h, w, C): (C, n) per px.

    Gradients are central differences. Pixels of an outline that touch another nucleus, or the image's border, don't
    count, nor those whose gradient is not finite; where that leaves none, it is NaN.

    Args:
        labels: label image (h, w).
        pixels: the image.
        wanted: (n,) labels of the nuclei, ascending.
    """
    flat, nucleus = _free_outline(labels, wanted)
    width, channels = labels.shape[1], pixels.reshape(-1, pixels.shape[2])

    def difference(step: int) -> Floats:
        ahead, behind = (channels.take(flat + way, axis=0).astype(np.float64) for way in (step, -step))
        return (ahead - behind).T / 2

    steep = np.hypot(difference(1), difference(width))
    return np.stack([mean_by_nucleus(of_channel, nucleus, len(wanted)) for of_channel in steep])


def _free_outline(labels: AnyLabels, wanted: Ints) -> tuple[Ints, Ints]:
    """Return where in the flattened image the outlines lie, and the nucleus of each pixel, an index of `wanted`."""
    where = find_outline(labels)
    where[[0, -1]] = where[:, [0, -1]] = False
    flat = np.flatnonzero(where)
    label, around = labels.reshape(-1)[flat], labels.reshape(-1)[flat[:, None] + _steps(labels.shape[1])]
    nucleus, is_wanted = find_indices(label, wanted)
    use = _alone(label, around) & is_wanted
    return flat[use], nucleus[use]


def _steps(width: int) -> Ints:
    return np.array([-width, -1, 1, width])


def _alone(label: AnyLabels, around: AnyLabels) -> Bools:
    alone: Bools = ((around == 0) | (around == label[:, None])).all(axis=1)
    return alone
