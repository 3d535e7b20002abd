"""Nuclei that a network's maps speak of, with how sure it is of each, and of the whole image."""

from collections.abc import Sequence
from dataclasses import dataclass
from functools import reduce
from operator import add

import numpy as np
from numpy.typing import NDArray

from model.arrays import Labels, Maps, Region
from model.segmentation.confidence import (
    ALL,
    NucleusEvidence,
    confidence_of,
    doubtful_nuclei,
    image_confidence,
)
from model.weights.calibration import Calibration
from model.weights.postprocessing import PostprocessingParams

EVERYWHERE: Region = (ALL, ALL)


@dataclass(frozen=True)
class ImageDoubt:
    """What speaks of nuclei that were missed in an image, or in a part of one.

    Attributes:
        outside: foreground outside of all nuclei, in pixels.
        diameters: of all nuclei, those as well that the network isn't sure of, in pixels: (N,).
        zoom: how large the network saw the image.
    """

    outside: float
    diameters: NDArray[np.float64]
    zoom: float

    def __add__(self, other: "ImageDoubt") -> "ImageDoubt":
        """Join two parts of an image."""
        diameters = np.concatenate((self.diameters, other.diameters))
        return ImageDoubt(self.outside + other.outside, diameters, self.zoom)

    def confidence(self, nuclei: NDArray[np.float32]) -> float:
        """Return how sure the network is of the image, 0..1, given how sure it is of its nuclei: (N,)."""
        return image_confidence(nuclei, doubtful_nuclei(self.outside, self.diameters, self.zoom))


@dataclass(frozen=True)
class Nuclei:
    """Nuclei of an image, or of a part of one.

    Attributes:
        labels: (H, W) int32, 0 background, 1..N nuclei.
        confidence: of each nucleus, 0..1: (N,) float32; None if the network has no calibration.
        doubt: None likewise.
    """

    labels: Labels
    confidence: NDArray[np.float32] | None = None
    doubt: ImageDoubt | None = None

    @property
    def image_confidence(self) -> float | None:
        """How sure the network is of the image, 0..1; None if nobody knows."""
        return (
            None if self.doubt is None or self.confidence is None else self.doubt.confidence(self.confidence)
        )


def join_confidence(parts: Sequence[Nuclei]) -> float | None:
    """Return how sure the network is of an image that it saw in parts, 0..1; None if nobody knows."""
    known = [(part.confidence, part.doubt) for part in parts if part.confidence is not None and part.doubt]
    if not known:
        return None
    confidences, doubts = zip(*known, strict=True)
    return reduce(add, doubts).confidence(np.concatenate(confidences))


def keep_confident(
    maps: Maps,
    outputs: tuple[str, ...],
    labels: Labels,
    calibration: Calibration,
    params: PostprocessingParams,
    zoom: float,
    counted: Region = EVERYWHERE,
) -> Nuclei:
    """Return the nuclei of which the network is as sure as the params want it to be, numbered without gaps.

    Args:
        maps: (H, W, outputs) float32 probabilities, in the label image's pixels.
        outputs: names of the maps.
        labels: (H, W) int32, 1..N.
        calibration: of the network.
        params: thresholds.
        zoom: how large the network saw the image.
        counted: where what was missed counts: other parts of the image may show the rest.
    """
    evidence = NucleusEvidence(maps, outputs, labels, zoom)
    confidence = confidence_of(evidence.features, calibration)
    kept = confidence >= params.least_confidence
    numbers = np.append(np.int32(0), np.where(kept, np.cumsum(kept), 0).astype(np.int32))
    there = np.bincount(labels[counted].reshape(-1), minlength=confidence.size + 1)[1:] > 0
    doubt = ImageDoubt(evidence.outside(*counted), evidence.diameters[there], zoom)
    return Nuclei(labels if kept.all() else numbers[labels], confidence[kept], doubt)
