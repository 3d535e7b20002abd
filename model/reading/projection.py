"""Projection of z-stacks: the maximum or the mean of each pixel along z.

    max     in the file's own dtype; passes over NaN
    mean    float32, or float64 where float32 is coarser than the file (integers of 32 bits and more, float64);
            NaN where a plane has NaN

One plane and the result so far are held, never the stack.
"""

from collections.abc import Callable, Iterable, Iterator
from dataclasses import replace
from itertools import groupby
from typing import Any, Literal

import numpy as np

from model.arrays import AnyArray
from model.reading import Plane

ZStacks = Literal["planes", "max", "mean"]

BAND = 1024
"""Rows that are read at a time: a large plane need not be decoded as a whole."""

EXACT = 3
"""Bytes of integers that float32 holds exactly."""

EXACT_SUMS = 2**16
"""So many integers of 16 bits have a sum that fits into 32."""


def project(planes: Iterable[Plane], z: ZStacks) -> Iterator[Plane]:
    """Yield one plane for each scene and time point, with z = 0; the planes themselves for `planes`.

    Args:
        planes: those of a scene and time point one after the other.
        z: what becomes of a stack. A stack of one plane stays as it is.
    """
    if z == "planes":
        yield from planes
        return
    for _, stack in groupby(planes, key=lambda plane: (plane.scene, plane.t)):
        yield PROJECTIONS[z](stack)


def _maximum(stack: Iterator[Plane]) -> Plane:
    first = next(stack)
    maximum: AnyArray | None = None
    for plane in stack:
        if maximum is None:
            maximum = _copied(first, first.pixels.dtype)
        for rows in _bands(plane):
            np.fmax(maximum[rows], plane.pixels[rows], out=maximum[rows])
    return first if maximum is None else _projected(first, maximum, "max")


def _mean(stack: Iterator[Plane]) -> Plane:
    first = next(stack)
    total: AnyArray | None = None
    count = 1
    for count, plane in enumerate(stack, start=2):
        if total is None:
            total = _copied(first, _sum_dtype(first.pixels.dtype))
        elif count > EXACT_SUMS and total.dtype.kind in "iu":
            total = total.astype(np.float64)
        for rows in _bands(plane):
            total[rows] += plane.pixels[rows]
    if total is None:
        return first
    return _projected(first, _divided(total, count, _mean_dtype(first.pixels.dtype)), "mean")


PROJECTIONS: dict[str, Callable[[Iterator[Plane]], Plane]] = {"max": _maximum, "mean": _mean}
"""By what they are asked for with."""


def _projected(first: Plane, pixels: AnyArray, how: str) -> Plane:
    return replace(first, pixels=pixels, z=0, projection=how)


def _copied(plane: Plane, dtype: np.dtype[Any]) -> AnyArray:
    pixels = np.empty(plane.pixels.shape, dtype)
    for rows in _bands(plane):
        pixels[rows] = plane.pixels[rows]
    return pixels


def _divided(total: AnyArray, count: int, dtype: type[np.floating[Any]]) -> AnyArray:
    """Return the means, band by band in the memory of the sums: these are no narrower, so none is lost unread."""
    sums = total.reshape(-1)
    means = sums.view(dtype)[: sums.size]
    step = max(1, BAND * total[:1].size)
    for start in range(0, sums.size, step):
        means[start : start + step] = sums[start : start + step] / count
    return means.reshape(total.shape)


def _bands(plane: Plane) -> Iterator[slice]:
    for start in range(0, plane.pixels.shape[0], BAND):
        yield slice(start, start + BAND)


def _sum_dtype(dtype: np.dtype[Any]) -> np.dtype[Any]:
    """Return what holds the sum of a stack: integers of 32 bits take half of float64, and are as exact."""
    if dtype.kind not in "iu" or dtype.itemsize > np.dtype(np.uint16).itemsize:
        return np.dtype(np.float64)
    return np.dtype(np.int32 if dtype.kind == "i" else np.uint32)


def _mean_dtype(dtype: np.dtype[Any]) -> type[np.floating[Any]]:
    fits = dtype.itemsize <= EXACT if dtype.kind in "biu" else dtype.itemsize <= np.dtype(np.float32).itemsize
    return np.float32 if fits else np.float64
