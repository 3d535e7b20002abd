"""Maps of the network → label image: one number a nucleus.

Hills of the distance map are the markers, the contact map keeps neighbours' hills apart, and the foreground is shared
out among the markers.
"""

from dataclasses import dataclass

import fastremap
import numpy as np
from numpy.typing import NDArray
from scipy import ndimage

from model.growth import Labels, grow

Maps = NDArray[np.float32]


@dataclass(frozen=True)
class InstanceRules:
    """Where to draw the lines; fitted on validation images (`nuqleus train`), stored with the weights.

    Attributes:
        foreground: probability above which a pixel belongs to a nucleus.
        marker: height of the distance map above which a pixel belongs to a marker.
        contact: how much the contact map lowers the distance map before markers are cut.
        smoothing: standard deviation, in pixels, of the blur that makes one hill of a bumpy one.
        smallest: nuclei of fewer pixels are dropped.
    """

    foreground: float = 0.5
    marker: float = 0.5
    contact: float = 0.5
    smoothing: float = 1.0
    smallest: int = 20


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
        return _drop_small(_components(inside), rules.smallest)
    hills = ndimage.gaussian_filter(named["distance"] - rules.contact * named["contact"], rules.smoothing)
    return _drop_small(grow(_mark(hills, inside, rules), inside), rules.smallest)


def _mark(hills: Maps, inside: NDArray[np.bool_], rules: InstanceRules) -> Labels:
    """One marker a hill; a piece of foreground without one is a marker itself, so that nothing found is lost."""
    markers = _components(inside & (hills > rules.marker))
    pieces = _components(inside)
    marked = np.zeros(int(pieces.max()) + 1, bool)
    marked[pieces[markers > 0]] = True
    marked[0] = True
    bare = ~marked[pieces]
    markers[bare] = pieces[bare] + markers.max()
    return markers


def _components(mask: NDArray[np.bool_]) -> Labels:
    labels, _ = ndimage.label(mask)
    return labels.astype(np.int32, copy=False)


def _drop_small(labels: Labels, smallest: int) -> Labels:
    areas = np.bincount(labels.ravel())
    small = areas < smallest
    small[0] = True
    kept, _ = fastremap.renumber(np.where(small[labels], 0, labels), preserve_zero=True)
    return kept.astype(np.int32, copy=False)
