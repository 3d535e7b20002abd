"""Instance segmentation: maps of the network → label image, by marker-controlled growth.

Peaks of the distance map are the markers, the contact map keeps neighbours' peaks apart, and the foreground is shared
out among the markers.
"""

import cc3d
import numpy as np
from scipy.ndimage import gaussian_filter

from model.arrays import Bools, Indices, Labels, Maps
from model.segmentation.enclosure import absorb_enclosed
from model.segmentation.growth import grow
from model.segmentation.nuclear_size import area_weighted_diameter
from model.weights.postprocessing import PostprocessingParams


def find_nuclei(
    maps: Maps, outputs: tuple[str, ...], params: PostprocessingParams, diameter: float = 0.0
) -> Labels:
    """Separate the nuclei that the maps show.

    Args:
        maps: (H, W, len(outputs)) float32 probabilities.
        outputs: what the maps are; `foreground` alone gives its connected components.
        params: thresholds.
        diameter: area-weighted median of the nuclei's diameters, in pixels; 0 takes that of those that are found.

    Returns:
        (H, W) int32, 0 background, 1..N nuclei, without gaps.
    """
    named = {name: maps[..., i] for i, name in enumerate(outputs)}
    foreground = named["foreground"] > params.foreground
    if "distance" not in named:
        return _drop_small(_components(foreground)[0], params, diameter)
    peaks = gaussian_filter(named["distance"] - params.contact * named["contact"], params.smoothing)
    where = np.flatnonzero(foreground)
    markers = _place_markers(foreground & (peaks > params.marker), foreground, where)
    return _drop_small(absorb_enclosed(grow(markers, foreground), params.enclosed), params, diameter)


def _drop_small(labels: Labels, params: PostprocessingParams, diameter: float) -> Labels:
    if params.smallest_share:
        diameter = diameter or area_weighted_diameter(labels)
    return _relabel(labels, max(params.smallest, params.smallest_share * np.pi / 4 * diameter**2))


def _place_markers(seeds: Bools, foreground: Bools, where: Indices) -> Labels:
    """Label each seed; a component of the foreground without one is a marker itself, so that nothing found is lost."""
    markers, n_seeds = _components(seeds)
    components, count = _components(foreground)
    component = components.reshape(-1)[where]
    unmarked = np.ones(count + 1, np.bool_)
    unmarked[component[seeds.reshape(-1)[where]]] = False
    lost = unmarked[component]
    markers.reshape(-1)[where[lost]] = component[lost] + n_seeds
    return markers


def _components(mask: Bools) -> tuple[Labels, int]:
    """Label the connected components of a mask (pixels that share edges), and count them."""
    labels, count = cc3d.connected_components(mask, connectivity=4, return_N=True, out_dtype=np.uint32)
    return labels.view(np.int32), count


def _relabel(labels: Labels, smallest: float) -> Labels:
    """Drop nuclei of fewer pixels, and number the others from 1 in the order of their first pixels."""
    where = np.flatnonzero(labels)
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
