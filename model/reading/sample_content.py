"""Content of samples: what they are is judged by their values, where a file's marks are what libraries set unasked."""

import numpy as np

from model.arrays import AnyArray

OPAQUE_OR_CLEAR = 0.9
"""Least share of pixels of an alpha that are opaque, or not seen at all; edges lie between."""

CONSTANT = 0.5
"""An alpha that is opaque in at least this share of pixels need not reach the largest number of its kind."""


def is_alpha(values: AnyArray) -> bool:
    """Whether samples (N,) say how opaque pixels are: most are 0 or the largest value; a stain has many between."""
    if values.size == 0:
        return True
    clear, opaque = values == 0, values == values.max()
    if not (clear | opaque).mean() >= OPAQUE_OR_CLEAR:
        return False
    between = 1.0 - float((clear | opaque).mean())
    is_full = float(values.max()) == _full(values)
    share = float(opaque.mean())
    return share >= CONSTANT or (is_full and share >= between)


def is_bright(samples: AnyArray) -> bool:
    """Whether all of (N, S) samples are bright in most pixels, as by transmitted light, not by fluorescence."""
    return bool((np.median(samples, axis=0) > _full(samples) / 2).all())


def _full(values: AnyArray) -> float:
    """Return the largest number of a kind; for floats, 1 or what is reached beyond it."""
    if values.dtype.kind in "iu":
        return float(np.iinfo(values.dtype).max)
    return max(1.0, float(np.nanmax(values))) if values.dtype.kind == "f" else 1.0
