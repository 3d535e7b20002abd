"""H&E → what immunohistochemistry might have made of the same tissue: blue nuclei, some of them brown, brown membranes.

Colours are taken apart into haematoxylin, eosin and DAB and put together again in other amounts (Ruifrok and Johnston
2001, *Quantification of histochemical staining by color deconvolution*, as in scikit-image).
"""

import numpy as np
from numpy.random import Generator
from numpy.typing import NDArray
from scipy import ndimage
from skimage.color import hed2rgb, rgb2hed

RGB = NDArray[np.uint8]


def stain_immunohistochemically(image: RGB, labels: NDArray[np.int32], rng: Generator) -> RGB:
    """Return a tissue stained with DAB and haematoxylin instead of H&E.

    A random share of the nuclei turns brown (a nuclear marker such as Ki-67), or rims of cells and cytoplasm do
    (a membrane marker such as EpCAM), or both; eosin fades.

    Args:
        image: (H, W, 3) uint8, stained with haematoxylin and eosin.
        labels: (H, W) int32, its nuclei.
        rng: chooses.
    """
    haematoxylin, eosin, dab = np.moveaxis(rgb2hed(image), -1, 0)
    scale = max(float(np.percentile(haematoxylin, 99)), 1e-3)
    brown = np.zeros_like(dab)
    nuclear, membranous = rng.choice(((True, False), (False, True), (True, True)), p=(0.5, 0.35, 0.15))
    if nuclear:
        positive = _positive_nuclei(labels, rng)
        brown += positive * haematoxylin * rng.uniform(0.7, 1.6)
        haematoxylin = haematoxylin * (1 - positive * rng.uniform(0.3, 0.9))
    if membranous:
        brown += _membranes(labels, rng) * scale * rng.uniform(0.3, 1.2)
    brown += scale * rng.uniform(0.0, 0.12) + np.maximum(eosin, 0) * rng.uniform(0.0, 0.3)
    amounts = (haematoxylin * rng.uniform(0.6, 1.3), eosin * rng.uniform(0.0, 0.15), brown)
    stained: RGB = np.rint(255 * np.clip(hed2rgb(np.stack(amounts, axis=-1)), 0, 1)).astype(np.uint8)
    return stained


def _positive_nuclei(labels: NDArray[np.int32], rng: Generator) -> NDArray[np.float64]:
    """How brown each pixel's nucleus is, 0..1, with soft edges: (H, W)."""
    strength = (rng.random(int(labels.max()) + 1) < rng.uniform(0.1, 0.9)) * rng.uniform(0.5, 1.0)
    strength *= rng.uniform(0.5, 1.0, strength.size)
    strength[0] = 0.0
    return ndimage.gaussian_filter(strength[labels], 0.8)


def _membranes(labels: NDArray[np.int32], rng: Generator) -> NDArray[np.float64]:
    """How brown the surroundings of nuclei are, 0..1: lines half-way between neighbours, and some cytoplasm: (H, W)."""
    distance, nearest = ndimage.distance_transform_edt(labels == 0, return_indices=True)
    cells = labels[tuple(nearest)]
    edges = (ndimage.maximum_filter(cells, 3) != ndimage.minimum_filter(cells, 3)) | (
        np.abs(distance - rng.uniform(8, 20)) < 1.5
    )
    lines = ndimage.gaussian_filter(edges.astype(float), rng.uniform(0.8, 2.0)) * 2
    positive = rng.random(int(labels.max()) + 1) < rng.uniform(0.3, 1.0)
    patchy = ndimage.gaussian_filter(rng.normal(0, 1, labels.shape), 8) * 12 + 1
    outside = ndimage.gaussian_filter((labels == 0).astype(float), 1.0)
    cytoplasm = np.exp(-distance / rng.uniform(5, 20)) * outside * rng.uniform(0, 0.5)
    near = distance < rng.uniform(20, 40)
    return np.clip((lines + cytoplasm) * np.clip(patchy, 0, 1.5) * near * positive[cells], 0, 1.5)
