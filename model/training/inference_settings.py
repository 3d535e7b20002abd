"""Inference settings of a trained network: sizes that it knows, thresholds, calibration; from held-out images."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import asdict, dataclass, replace
from fractions import Fraction
from typing import Any

import keras
import numpy as np
from numpy.typing import NDArray

from model.evaluation.matching import match_nuclei
from model.labels.overlaps import overlap
from model.network.batch_norm import fold_norms
from model.network.config import UNetConfig
from model.network.precision import choose_precision
from model.segmentation.confidence import NucleusEvidence
from model.segmentation.nuclei import keep_confident
from model.segmentation.segmenter import Segmenter
from model.training.calibration import fit_calibration
from model.training.dataset import Example
from model.training.threshold_search import PredictedImage, Scoring, balanced_mean, search_params
from model.weights import ModelCard
from model.weights.calibration import Calibration
from model.weights.diameters import KnownDiameters
from model.weights.postprocessing import PostprocessingParams

MATCHED = 0.5
"""IoU above which a nucleus matches."""

LEAST_CONFIDENCES = (0.0, 0.1, 0.2, 0.3, 0.4, 0.45, 0.5, 0.55, 0.6)
"""Values of `PostprocessingParams.least_confidence` that are tried."""


@dataclass(frozen=True)
class InferenceSettings:
    """Settings of inference: how a trained network is used.

    Attributes:
        params: thresholds.
        calibration: how sure it is of nuclei; None if it finds none, of which one could say, or nobody looked.
        diameters: sizes of nuclei that it knows; None if it sees images as they are.
    """

    params: PostprocessingParams
    calibration: Calibration | None = None
    diameters: KnownDiameters | None = None

    @property
    def config(self) -> Mapping[str, Any]:
        """What a model card says of it, beside the network."""
        known = {"calibration": self.calibration, "diameters": self.diameters}
        return {
            "postprocessing": asdict(self.params),
            **{name: asdict(value) for name, value in known.items() if value},
        }


def fit_inference_settings(
    network: keras.Model,
    config: UNetConfig,
    diameters: KnownDiameters,
    examples: Sequence[Example],
    *,
    start: PostprocessingParams,
    scoring: Scoring = balanced_mean,
    on_trial: Callable[[PostprocessingParams, float], None] = lambda _params, _score: None,
) -> InferenceSettings:
    """Search the thresholds and fit the calibration on held-out images, each seen at the zoom that it needs."""
    use = {"postprocessing": asdict(start), "diameters": asdict(diameters)}
    images = predict_images(make_segmenter(network, config, use), examples)
    params, _ = search_params(images, config.outputs, start=start, scoring=scoring, on_trial=on_trial)
    calibration = calibrate(images, config.outputs, params)
    if calibration is None:
        return InferenceSettings(params, None, diameters)
    params, _ = search_confidence(images, config.outputs, params, calibration, scoring)
    return InferenceSettings(params, calibration, diameters)


def make_segmenter(network: keras.Model, config: UNetConfig, use: Mapping[str, Any]) -> Segmenter:
    """Return a segmenter of a network that has no card yet; `use` is what it will say beside the network."""
    card = ModelCard("", "", {"network": config.to_json(), **use}, {}, "")
    return Segmenter(fold_norms(network, config, choose_precision()), card)


def predict_images(segmenter: Segmenter, examples: Sequence[Example]) -> list[PredictedImage]:
    """Show images to a network, each at the zoom that the sizes of its nuclei ask for."""
    zooms = [segmenter.segment_normalised(example.image).zoom for example in examples]
    return [_predict_image(segmenter, example, zoom) for example, zoom in zip(examples, zooms, strict=True)]


def _predict_image(segmenter: Segmenter, example: Example, zoom: Fraction) -> PredictedImage:
    maps = segmenter.predict(example.image, zoom).astype(np.float16)
    return PredictedImage(example.kind, example.labels, maps, zoom)


def calibrate(
    images: Sequence[PredictedImage], outputs: tuple[str, ...], params: PostprocessingParams
) -> Calibration | None:
    """Fit how sure a network is of nuclei; kinds of images count alike, however many nuclei they have.

    Returns:
        None if it finds no nuclei.
    """
    features, matched, kinds = collect_evidence(images, outputs, params)
    if not len(matched):
        return None
    names, numbers, counts = np.unique(kinds, return_inverse=True, return_counts=True)
    return fit_calibration(features, matched, 1.0 / (len(names) * counts[numbers]))


def collect_evidence(
    images: Sequence[PredictedImage], outputs: tuple[str, ...], params: PostprocessingParams
) -> tuple[NDArray[np.float64], NDArray[np.bool_], NDArray[np.str_]]:
    """Return what the maps say of all nuclei that are found in some images.

    Returns:
        Their features, (N, features); whether each matches a true nucleus, (N,); and the kind of its image, (N,).
    """
    features, matched, kinds = [], [], []
    for image in images:
        labels = image.find(outputs, params)
        maps = image.maps.astype(np.float32)
        features.append(NucleusEvidence(maps, outputs, labels, zoom=float(image.zoom)).features)
        matched.append(_matched(image.truth, labels))
        kinds += [image.kind] * int(labels.max())
    return np.concatenate(features), np.concatenate(matched), np.array(kinds)


def search_confidence(
    images: Sequence[PredictedImage],
    outputs: tuple[str, ...],
    params: PostprocessingParams,
    calibration: Calibration,
    scoring: Scoring = balanced_mean,
) -> tuple[PostprocessingParams, float]:
    """Return the params with the least confidence that scores best, and the score."""
    found = [(image, image.find(outputs, params)) for image in images]
    kinds = [image.kind for image in images]

    def score(least: float) -> float:
        wanted = replace(params, least_confidence=least)
        kept = [
            keep_confident(i.maps.astype(np.float32), outputs, labels, calibration, wanted, float(i.zoom))
            for i, labels in found
        ]
        return scoring(
            kinds, [match_nuclei(i.truth, k.labels).score for i, k in zip(images, kept, strict=True)]
        )

    scores = {least: score(least) for least in LEAST_CONFIDENCES}
    best = max(scores, key=lambda least: scores[least])
    return replace(params, least_confidence=best), scores[best]


def _matched(truth: NDArray[np.int32], labels: NDArray[np.int32]) -> NDArray[np.bool_]:
    """Whether each nucleus found matches a true one: (N,)."""
    pairs = overlap(truth, labels)
    matched = np.zeros(int(labels.max(initial=0)), np.bool_)
    matched[pairs.columns[pairs.ious > MATCHED]] = True
    return matched
