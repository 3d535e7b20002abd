"""Training targets: the maps that the network learns to predict, made of a label image.

- `foreground`: 1 inside nuclei.
- `contact`: 1 where two nuclei are within a few pixels of each other: the line along which to cut.
- `distance`: 0 outside, rising to 1 at each nucleus' innermost point, whatever its size: one peak a nucleus.
"""

from collections.abc import Sequence

import edt
import numpy as np
from numpy.typing import NDArray
from scipy import ndimage

CONTACT_REACH = 5
"""Side of the window, in pixels, that must see two nuclei for its centre to count as contact."""


def distance_map(labels: NDArray[np.int32]) -> NDArray[np.float32]:
    """Return each pixel's distance to the edge of its nucleus, divided by that nucleus' largest. (H, W) → (H, W).

    The border of the image is no edge: a nucleus cut by it keeps its peak where it would be in the whole picture.
    """
    distances = edt.edt(labels, black_border=False)
    distances[~np.isfinite(distances)] = 1.0  # a nucleus that fills the image has no edge to be far from
    peaks = np.zeros(int(labels.max()) + 1, np.float32)
    np.maximum.at(peaks, labels.ravel(), distances.ravel())
    peaks[0] = 1.0
    return np.where(labels > 0, distances / np.maximum(peaks[labels], 1e-6), 0).astype(np.float32)


def contact_map(labels: NDArray[np.int32], reach: int = CONTACT_REACH) -> NDArray[np.bool_]:
    """Return where a window of `reach` pixels holds two or more nuclei. (H, W) → (H, W)."""
    highest = ndimage.maximum_filter(labels, reach)
    nothing = np.iinfo(np.int32).max
    lowest = ndimage.minimum_filter(np.where(labels > 0, labels, nothing), reach)
    return (highest > 0) & (lowest != highest)


def stack_targets(
    labels: NDArray[np.int32], distance: NDArray[np.float32], outputs: Sequence[str]
) -> NDArray[np.float32]:
    """Return the maps named in `outputs`, in that order: (H, W, len(outputs)) float32 in 0..1."""
    makers = {
        "foreground": lambda: labels > 0,
        "contact": lambda: contact_map(labels),
        "distance": lambda: distance,
    }
    return np.stack([makers[name]().astype(np.float32) for name in outputs], axis=-1)
