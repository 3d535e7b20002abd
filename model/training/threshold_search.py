"""Threshold search: post-processing parameters fitted on validation images instead of chosen by hand."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from fractions import Fraction
from typing import Any

import keras
import numpy as np
from numpy.typing import NDArray

from model.arrays import Labels
from model.evaluation.matching import match_nuclei
from model.network.config import UNetConfig
from model.network.forward_pass import BatchedForwardPass
from model.segmentation.instances import find_nuclei
from model.segmentation.prediction import predict_maps
from model.training.dataset import Example
from model.weights.postprocessing import PostprocessingParams

GRID: dict[str, tuple[Any, ...]] = {
    "marker": (0.05, 0.1, 0.15, 0.2, 0.3, 0.4, 0.45, 0.5, 0.55, 0.6, 0.7),
    "foreground": (0.35, 0.4, 0.45, 0.5, 0.525, 0.55, 0.575, 0.6, 0.65),
    "contact": (0.0, 0.2, 0.25, 0.3, 0.4, 0.5, 0.75, 1.0),
    "smoothing": (0.5, 1.0, 1.5, 2.0, 2.5),
    "smallest": (10, 15, 20, 25, 30, 35, 40, 50, 60),
    "smallest_share": (0.0, 0.01, 0.02, 0.04, 0.06, 0.09, 0.12),
    "enclosed": (0.5, 0.6, 0.7, 0.8, 0.9, 1.0),
}
"""Values tried, one parameter after another, in this order."""

ROUNDS = 2

DEFAULTS = PostprocessingParams(marker=0.1, contact=0.25, smoothing=0.5, smallest=40)
"""What suited earlier networks: there are other peaks, and lower ones, on the way from thresholds that suited none."""


@dataclass(frozen=True)
class PredictedImage:
    """A labelled image, and what a network predicts for it.

    Attributes:
        kind: what it shows.
        truth: (H, W) int32, its nuclei.
        maps: (H, W, outputs) float16, in the pixels of the image.
        zoom: how large the network saw it.
    """

    kind: str
    truth: Labels
    maps: NDArray[np.float16]
    zoom: Fraction = Fraction(1)

    def find(self, outputs: tuple[str, ...], params: PostprocessingParams) -> Labels:
        """Return the label image (H, W) that these thresholds give."""
        return find_nuclei(self.maps.astype(np.float32), outputs, params.at(float(self.zoom)))


Scoring = Callable[[Sequence[str], Sequence[float]], float]
"""Kinds and Data Science Bowl scores of images → what is to be as high as can be."""


def mean_of_images(kinds: Sequence[str], scores: Sequence[float]) -> float:
    """Return the mean: every image counts alike."""
    del kinds
    return float(np.mean(scores))


def mean_of_kinds(kinds: Sequence[str], scores: Sequence[float]) -> float:
    """Return the mean of the kinds' means: none is sacrificed for those that there are more images of."""
    means = [
        np.mean([score for other, score in zip(kinds, scores, strict=True) if other == kind])
        for kind in sorted(set(kinds))
    ]
    return float(np.mean(means))


def balanced_mean(kinds: Sequence[str], scores: Sequence[float]) -> float:
    """Return the mean of both: kinds of two images, whose scores are mostly chance, count for less than common ones."""
    return (mean_of_images(kinds, scores) + mean_of_kinds(kinds, scores)) / 2


def search_thresholds(
    network: keras.Model,
    config: UNetConfig,
    examples: Sequence[Example],
    *,
    start: PostprocessingParams = DEFAULTS,
    on_trial: Callable[[PostprocessingParams, float], None] = lambda _params, _score: None,
) -> tuple[PostprocessingParams, float]:
    """Return the thresholds with the best mean Data Science Bowl score on images seen as they are, and that score."""
    forward = BatchedForwardPass(network)
    images = [
        PredictedImage(e.kind, e.labels, predict_maps(forward, config, e.image).astype(np.float16))
        for e in examples
    ]
    return search_params(images, config.outputs, start=start, on_trial=on_trial)


def search_params(
    images: Sequence[PredictedImage],
    outputs: tuple[str, ...],
    *,
    start: PostprocessingParams = DEFAULTS,
    scoring: Scoring = mean_of_images,
    on_trial: Callable[[PostprocessingParams, float], None] = lambda _params, _score: None,
) -> tuple[PostprocessingParams, float]:
    """Return the thresholds that score best on predicted images, and their score.

    Coordinate ascent over `GRID` from `start`, which stays unless others are better; `on_trial` is told of every trial.
    """
    kinds = [image.kind for image in images]
    tried: dict[PostprocessingParams, float] = {}

    def attempt(params: PostprocessingParams) -> None:
        if params not in tried:
            scores = [match_nuclei(image.truth, image.find(outputs, params)).score for image in images]
            tried[params] = scoring(kinds, scores)
            on_trial(params, tried[params])

    attempt(start)
    best = start
    for _ in range(ROUNDS):
        for name, values in GRID.items():
            for value in values:
                attempt(replace(best, **{name: value}))
            best = max(tried, key=lambda params: tried[params])
    return best, tried[best]
