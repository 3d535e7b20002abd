"""Training session: from labelled images to weights with their card, by training, threshold search and evaluation."""

import platform
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass, replace
from pathlib import Path
from typing import Any

import keras

from model.arrays import Labels
from model.errors import DatasetError, WeightsError
from model.evaluation.matching import match_nuclei
from model.evaluation.scores import ImageScore, summarise
from model.hashing import hash_file
from model.segmentation.segmenter import Segmenter
from model.training.callbacks import NO_CALLBACKS, Callbacks
from model.training.dataset import Example
from model.training.inference_settings import (
    InferenceSettings,
    fit_inference_settings,
    make_segmenter,
)
from model.training.pictures import draw_curve, draw_examples
from model.training.recipe import FINE_TUNE, Recipe
from model.training.record import check_record, make_record, write_record
from model.training.stage_files import LOG, holds_training
from model.training.threshold_search import search_thresholds
from model.training.trainer import InitialWeights, save_without_optimizer, train, trained_seconds
from model.weights import ModelCard, read_card, write_card
from model.weights.diameters import KnownDiameters
from model.weights.postprocessing import PostprocessingParams

EXAMPLES_A_KIND = 2
"""How many images of each kind the picture of examples shows: the worst and the best."""


@dataclass(frozen=True)
class TrainingStart:
    """What a training starts from.

    Attributes:
        recipe: what to train, and how.
        weights: weights to begin with instead of random ones.
        use: how these are used, as their card says it: thresholds, calibration, sizes that they know. What is trained
            from them is used alike: fitted to a few images, thresholds forget more than weights do.
    """

    recipe: Recipe
    weights: InitialWeights | None = None
    use: InferenceSettings | None = None

    @property
    def diameters(self) -> KnownDiameters | None:
        """Sizes of nuclei that the weights know."""
        return self.use.diameters if self.use else None


def fine_tune(weights: Path) -> TrainingStart:
    """Return the start of a fine-tuning: trained weights, their network, and how it is used.

    Raises:
        WeightsError: they can't be read, or don't fit their card.
    """
    card = read_card(weights)
    try:
        network = card.network
        use = InferenceSettings(card.postprocessing, card.calibration, card.diameters)
    except (KeyError, TypeError, ValueError, AttributeError) as error:
        raise WeightsError(
            f"The card of {weights} doesn't describe a network and its thresholds: {error!r}. Was it written by "
            "`nuqleus train`, of this version?"
        ) from error
    recipe = Recipe((replace(FINE_TUNE, network=network),))
    return TrainingStart(recipe, InitialWeights(weights, network), use)


@dataclass(frozen=True)
class TrainingPlan:
    """A training, and what its card will say of it.

    Attributes:
        start: what it starts from.
        folder: where checkpoint, log, weights, card and pictures go.
        name: of the network.
        data: describes the images, see `model.training.split.describe_data`.
        code_version: of this package.
        resume: go on from the checkpoint in `folder` if there is one.
        diameters: sizes at which nuclei are shown, if images are zoomed to these; the network then knows no others.
    """

    start: TrainingStart
    folder: Path
    name: str
    data: Mapping[str, Any]
    code_version: str
    resume: bool = False
    diameters: KnownDiameters | None = None


def run_session(
    plan: TrainingPlan,
    train_on: Sequence[Example],
    val: Sequence[Example],
    callbacks: Callbacks = NO_CALLBACKS,
) -> ModelCard:
    """Train, measure on `val`, and write `<name>.weights.h5`, its card and pictures.

    A new network's thresholds are searched on `val`, too; a fine-tuned one keeps those of the weights it began with.

    Raises:
        DatasetError: no image to train on shows a nucleus.
        WeightsError: the training to resume is another one, or would overwrite the weights that it begins with.
    """
    start, weights = plan.start, plan.folder / f"{plan.name}.weights.h5"
    _check_examples(train_on)
    _check_target(start.weights, weights)
    _check_or_write_record(plan)
    network = train(
        start.recipe,
        train_on,
        plan.folder,
        initial_weights=start.weights,
        resume=plan.resume,
        callbacks=callbacks,
    )
    config = start.recipe.network
    settings = _choose_settings(plan, network, val, callbacks).config
    save_without_optimizer(network, config, weights)
    scores = _measure(make_segmenter(network, config, settings), val, plan.folder)
    card = _write_card(plan, settings, weights, scores, _measure_initial(start.weights, val))
    draw_curve(plan.folder / LOG, plan.folder / "curve.png")
    return card


def _check_examples(train_on: Sequence[Example]) -> None:
    if not any(example.labels.any() for example in train_on):
        raise DatasetError(
            "No label image to train on has a nucleus (a number above 0): there is nothing to learn."
        )


def _check_target(initial: InitialWeights | None, weights: Path) -> None:
    if initial and initial.file.resolve() == weights.resolve():
        raise WeightsError(
            f"{initial.file} would be overwritten by what is trained from it: choose another --output or --name."
        )


def _check_or_write_record(plan: TrainingPlan) -> None:
    initial = plan.start.weights
    record = make_record(plan.start.recipe, initial.file if initial else None, plan.data)
    if plan.resume and holds_training(plan.folder):
        check_record(record, plan.folder)
    else:
        write_record(record, plan.folder)


def _choose_settings(
    plan: TrainingPlan, network: keras.Model, val: Sequence[Example], callbacks: Callbacks
) -> InferenceSettings:
    """Return how the network is used, as its card will say it."""
    if plan.start.use:
        return replace(plan.start.use, diameters=plan.diameters)
    config, start = plan.start.recipe.network, PostprocessingParams()
    if plan.diameters is None:
        params, _ = search_thresholds(network, config, val, start=start, on_trial=callbacks.on_trial)
        return InferenceSettings(params)
    return fit_inference_settings(
        network, config, plan.diameters, val, start=start, on_trial=callbacks.on_trial
    )


def _write_card(
    plan: TrainingPlan,
    settings: Mapping[str, Any],
    weights: Path,
    scores: list[ImageScore],
    initial: Mapping[str, Any] | None,
) -> ModelCard:
    recipe = plan.start.recipe
    card = ModelCard(
        name=plan.name,
        sha256=hash_file(weights),
        config={"network": recipe.network.to_json(), **settings},
        metrics=_metrics(scores),
        code_version=plan.code_version,
        training={
            "data": dict(plan.data),
            "recipe": asdict(recipe),
            "from": initial,
            "seconds": round(trained_seconds(plan.folder)),
            "backend": f"{keras.backend.backend()}, Keras {keras.version()}",
            "machine": f"{platform.system()} {platform.machine()}",
        },
    )
    write_card(card, weights)
    return card


def _metrics(scores: Sequence[ImageScore]) -> dict[str, Any]:
    return {summary.kind: asdict(summary) for summary in summarise(scores)}


def _measure_initial(initial: InitialWeights | None, val: Sequence[Example]) -> dict[str, Any] | None:
    """Say which weights a fine-tuning began with, and how good they are on what it is measured on."""
    if initial is None:
        return None
    segmenter = Segmenter.load(initial.file)
    metrics = _metrics(_score(val, _find_nuclei(segmenter, val)))
    return {"file": initial.file.name, "sha256": segmenter.card.sha256, "metrics": metrics}


def _find_nuclei(segmenter: Segmenter, val: Sequence[Example]) -> list[Labels]:
    return [segmenter.segment_normalised(example.image).labels for example in val]


def _score(val: Sequence[Example], found: Sequence[Labels]) -> list[ImageScore]:
    return [
        ImageScore(e.name, e.kind, match_nuclei(e.labels, labels))
        for e, labels in zip(val, found, strict=True)
    ]


def _measure(segmenter: Segmenter, val: Sequence[Example], folder: Path) -> list[ImageScore]:
    found = _find_nuclei(segmenter, val)
    scores = _score(val, found)
    shown = _worst_and_best(scores)
    draw_examples(
        [val[i] for i in shown],
        [found[i] for i in shown],
        [scores[i].matching.score for i in shown],
        folder / "examples.png",
    )
    return scores


def _worst_and_best(scores: Sequence[ImageScore]) -> list[int]:
    shown: list[int] = []
    for kind in sorted({score.kind for score in scores}):
        ranks = sorted(
            (i for i, score in enumerate(scores) if score.kind == kind),
            key=lambda i: scores[i].matching.score,
        )
        shown += ranks[:1] + ranks[1:][-(EXAMPLES_A_KIND - 1) :]
    return shown
