"""Maps of the network → label image: one number a nucleus.

Hills of the distance map are the markers, the contact map keeps neighbours' hills apart, and the foreground is shared
out among the markers.
"""

import cc3d
import numpy as np
from numpy.typing import NDArray

from model.segmentation.blur import blur
from model.segmentation.growth import Labels, grow
from model.weights.postprocessing import InstanceRules

Maps = NDArray[np.float32]
Mask = NDArray[np.bool_]
Indices = NDArray[np.intp]


def find_nuclei(maps: Maps, outputs: tuple[str, ...], rules: InstanceRules) -> Labels:
    """Return the label image that the maps speak of.

    Args:
        maps: (H, W, len(outputs)) float32 probabilities.
        outputs: what the maps are; `foreground` alone gives its connected components.
        rules: thresholds.

    Returns:
        (H, W) int32, 0 background, 1..N nuclei, without gaps.
    """
    named = {name: maps[..., i] for i, name in enumerate(outputs)}
    inside = named["foreground"] > rules.foreground
    if "distance" not in named:
        return _number(_components(inside)[0], np.flatnonzero(inside), rules.smallest)
    hills = blur(named["distance"] - rules.contact * named["contact"], inside, rules.smoothing)
    where = np.flatnonzero(inside)
    markers = _mark(inside & (hills > rules.marker), inside, where)
    return _number(grow(markers, inside), where, rules.smallest)


def _mark(tops: Mask, inside: Mask, where: Indices) -> Labels:
    """One marker a hill; a piece of foreground without one is a marker itself, so that nothing found is lost."""
    markers, hills = _components(tops)
    pieces, count = _components(inside)
    piece = pieces.reshape(-1)[where]
    bare = np.ones(count + 1, np.bool_)
    bare[piece[tops.reshape(-1)[where]]] = False
    lost = bare[piece]
    markers.reshape(-1)[where[lost]] = piece[lost] + hills
    return markers


def _components(mask: Mask) -> tuple[Labels, int]:
    """Label the pieces of a mask whose pixels share edges, and count them."""
    labels, count = cc3d.connected_components(mask, connectivity=4, return_N=True, out_dtype=np.uint32)
    return labels.view(np.int32), count


def _number(labels: Labels, where: Indices, smallest: int) -> Labels:
    """Drop small nuclei, and number the others from 1 in the order of their first pixels; `where` are all pixels."""
    label = labels.reshape(-1)[where]
    area = np.bincount(label)
    first = np.zeros(area.size, np.intp)
    first[label[::-1]] = where[::-1]
    kept = np.flatnonzero(area >= max(1, smallest))
    numbers = np.zeros(area.size, np.int32)
    numbers[kept[np.argsort(first[kept])]] = np.arange(1, kept.size + 1)
    numbered = np.zeros(labels.size, np.int32)
    numbered[where] = numbers[label]
    return numbered.reshape(labels.shape)
