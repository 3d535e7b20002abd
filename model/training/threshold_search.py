"""Threshold search: post-processing parameters fitted on validation images instead of chosen by hand."""

from collections.abc import Callable, Sequence
from dataclasses import replace
from typing import Any

import keras
import numpy as np

from model.evaluation.matching import match_nuclei
from model.network.config import UNetConfig
from model.network.forward_pass import BatchedForwardPass
from model.segmentation.instances import find_nuclei
from model.segmentation.segmenter import predict_maps
from model.training.dataset import Example
from model.weights.postprocessing import PostprocessingParams

GRID: dict[str, tuple[Any, ...]] = {
    "marker": (0.05, 0.1, 0.15, 0.2, 0.3, 0.4, 0.45, 0.5, 0.55, 0.6, 0.7),
    "foreground": (0.35, 0.4, 0.45, 0.5, 0.525, 0.55, 0.575, 0.6, 0.65),
    "contact": (0.0, 0.2, 0.25, 0.3, 0.4, 0.5, 0.75, 1.0),
    "smoothing": (0.5, 1.0, 1.5, 2.0, 2.5),
    "smallest": (10, 15, 20, 25, 30, 35, 40, 50, 60),
}
"""Values tried, one parameter after another, in this order."""

ROUNDS = 2

DEFAULTS = PostprocessingParams(marker=0.1, contact=0.25, smoothing=0.5, smallest=40)
"""What suited earlier networks: there are other peaks, and lower ones, on the way from thresholds that suited none."""


def search_thresholds(
    network: keras.Model,
    config: UNetConfig,
    examples: Sequence[Example],
    *,
    start: PostprocessingParams = DEFAULTS,
    on_trial: Callable[[PostprocessingParams, float], None] = lambda _params, _score: None,
) -> tuple[PostprocessingParams, float]:
    """Return the thresholds with the best mean Data Science Bowl score on these images, and that score.

    Coordinate ascent over `GRID` from `start`, which stays unless others are better; `on_trial` is told of every trial.
    """
    score = _scoring(network, config, examples)
    tried: dict[PostprocessingParams, float] = {}

    def attempt(params: PostprocessingParams) -> None:
        if params not in tried:
            tried[params] = score(params)
            on_trial(params, tried[params])

    attempt(start)
    best = start
    for _ in range(ROUNDS):
        for name, values in GRID.items():
            for value in values:
                attempt(replace(best, **{name: value}))
            best = max(tried, key=lambda params: tried[params])
    return best, tried[best]


def _scoring(
    network: keras.Model, config: UNetConfig, examples: Sequence[Example]
) -> Callable[[PostprocessingParams], float]:
    """Predict the maps of all images once, and return what scores thresholds on them: the mean over the images."""
    forward = BatchedForwardPass(network)
    maps = [predict_maps(forward, config, example.image).astype(np.float16) for example in examples]

    def score(params: PostprocessingParams) -> float:
        found = (find_nuclei(one.astype(np.float32), config.outputs, params) for one in maps)
        scores = [
            match_nuclei(example.labels, labels).score
            for example, labels in zip(examples, found, strict=True)
        ]
        return float(np.mean(scores))

    return score
