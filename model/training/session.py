"""From a folder of labelled images to weights with their card: train, fit the rules, measure, write down."""

import hashlib
import platform
from collections.abc import Callable, Mapping, Sequence
from dataclasses import asdict, dataclass, field, replace
from pathlib import Path
from typing import Any

import keras

from model.errors import DatasetError, WeightsError
from model.evaluation.matching import compare
from model.evaluation.scores import ImageScore, summarise
from model.network.forward_pass import Forward
from model.segmentation.instances import find_nuclei
from model.segmentation.segmenter import predict_maps
from model.training.dataset import Example, Pair, find_pairs
from model.training.pictures import draw_curve, draw_examples
from model.training.recipe import FINE_TUNE, Recipe
from model.training.record import keep_record
from model.training.stage_files import LOG
from model.training.threshold_search import fit_rules
from model.training.trainer import Start, save_bare, train, trained_seconds
from model.weights import ModelCard, hash_file, read_card, write_card
from model.weights.postprocessing import InstanceRules

VALIDATION_SHARE = 8
"""Of a folder without a validation set of its own, one image in so many is held out."""

EXAMPLES_A_KIND = 2
"""How many images of each kind the picture of examples shows: the worst and the best."""


@dataclass(frozen=True)
class Split:
    """Which images are trained on, and which the result is measured on."""

    train: list[Pair]
    val: list[Pair]


def split_folder(folder: Path) -> Split:
    """Return `folder/train` and `folder/val` where they exist, else a fixed split of `folder` by name.

    Raises:
        DatasetError: there aren't images to train on and others to measure on; see also `find_pairs`.
    """
    if (folder / "train").is_dir():
        return Split(find_pairs(folder / "train"), find_pairs(folder / "val"))
    pairs = find_pairs(folder)
    names = {pair.name for pair in pairs}
    if len(names) < 2:
        raise DatasetError(
            f"{folder} has one labelled image: it takes two at least, of which one is held out to measure on."
        )
    held_out = {name for name in names if _is_held_out(name)}
    if held_out in (set(), names):
        held_out = {pairs[0].name}
    return Split(
        [pair for pair in pairs if pair.name not in held_out],
        [pair for pair in pairs if pair.name in held_out],
    )


def describe_data(folder: Path, split: Split) -> dict[str, Any]:
    """Say which images these are: counts, and a digest over the bytes of all images and label images."""
    digest = hashlib.sha256()
    for pair in (*split.train, *split.val):
        for path in (pair.image, pair.labels):
            digest.update(hash_file(path).encode())
    return {
        "name": folder.resolve().name,
        "train": len(split.train),
        "val": len(split.val),
        "sha256": digest.hexdigest(),
    }


@dataclass(frozen=True)
class Beginning:
    """What a training starts from.

    Attributes:
        recipe: what to train, and how.
        start: weights to begin with instead of random ones.
        rules: thresholds from which better ones are looked for.
    """

    recipe: Recipe
    start: Start | None = None
    rules: InstanceRules = field(default_factory=InstanceRules)


def fine_tune(weights: Path) -> Beginning:
    """Begin with trained weights, their network and their rules.

    Raises:
        WeightsError: they can't be read, or don't fit their card.
    """
    card = read_card(weights)
    try:
        network, rules = card.network, card.rules
    except (KeyError, TypeError, ValueError, AttributeError) as error:
        raise WeightsError(
            f"The card of {weights} doesn't describe a network and its rules: {error!r}. Was it written by "
            "`nuqleus train`, of this version?"
        ) from error
    return Beginning(replace(FINE_TUNE, network=network), Start(weights, network), rules)


@dataclass(frozen=True)
class Plan:
    """A training, and what its card will say of it.

    Attributes:
        begin: what it starts from.
        folder: where checkpoint, log, weights, card and pictures go.
        name: of the network.
        data: describes the images, see `describe_data`.
        code_version: of this package.
        resume: go on from the checkpoint in `folder` if there is one.
    """

    begin: Beginning
    folder: Path
    name: str
    data: Mapping[str, Any]
    code_version: str
    resume: bool = False


@dataclass(frozen=True)
class Onlookers:
    """Who is told how far a training is: see `train` and `fit_rules`."""

    on_step: Callable[[int, float], None] = lambda _step, _loss: None
    on_taught: Callable[[int, int], None] = lambda _done, _total: None
    on_trial: Callable[[InstanceRules, float], None] = lambda _rules, _score: None


def run_session(
    plan: Plan, train_on: Sequence[Example], val: Sequence[Example], onlookers: Onlookers | None = None
) -> ModelCard:
    """Train, fit the rules on `val`, measure there, and write `<name>.weights.h5`, its card and pictures.

    Raises:
        DatasetError: no image to train on shows a nucleus.
        WeightsError: the training to resume is another one, or would overwrite the weights that it begins with.
    """
    onlookers = onlookers or Onlookers()
    begin, folder, weights = plan.begin, plan.folder, plan.folder / f"{plan.name}.weights.h5"
    start = begin.start.weights if begin.start else None
    _check(train_on, start, weights)
    keep_record(folder, begin.recipe, start, plan.data, resume=plan.resume)
    network = train(
        begin.recipe,
        train_on,
        folder,
        start=begin.start,
        resume=plan.resume,
        on_step=onlookers.on_step,
        on_taught=onlookers.on_taught,
    )
    recipe = begin.recipe.last
    rules, _ = fit_rules(network, recipe.network, val, start=begin.rules, on_trial=onlookers.on_trial)
    save_bare(network, recipe, weights)
    card = _write_card(plan, rules, weights, _measure(network, recipe, rules, val, folder))
    draw_curve(folder / LOG, folder / "curve.png")
    return card


def _check(train_on: Sequence[Example], start: Path | None, weights: Path) -> None:
    if not any(example.labels.any() for example in train_on):
        raise DatasetError(
            "No label image to train on has a nucleus (a number above 0): there is nothing to learn."
        )
    if start and start.resolve() == weights.resolve():
        raise WeightsError(
            f"{start} would be overwritten by what is trained from it: choose another --output or --name."
        )


def _write_card(plan: Plan, rules: InstanceRules, weights: Path, scores: list[ImageScore]) -> ModelCard:
    recipe, start = plan.begin.recipe, plan.begin.start
    card = ModelCard(
        name=plan.name,
        sha256=hash_file(weights),
        config={"network": recipe.last.network.to_json(), "rules": asdict(rules)},
        metrics={summary.kind: asdict(summary) for summary in summarise(scores)},
        code_version=plan.code_version,
        training={
            "data": dict(plan.data),
            "recipe": asdict(recipe),
            "from": {"file": start.weights.name, "sha256": hash_file(start.weights)} if start else None,
            "seconds": round(trained_seconds(plan.folder)),
            "backend": f"{keras.backend.backend()}, Keras {keras.version()}",
            "machine": f"{platform.system()} {platform.machine()}",
        },
    )
    write_card(card, weights)
    return card


def _measure(
    network: keras.Model, recipe: Recipe, rules: InstanceRules, val: Sequence[Example], folder: Path
) -> list[ImageScore]:
    outputs = recipe.network.outputs
    found = [
        find_nuclei(predict_maps(Forward(network), recipe.network, e.image), outputs, rules) for e in val
    ]
    scores = [
        ImageScore(e.name, e.kind, compare(e.labels, labels)) for e, labels in zip(val, found, strict=True)
    ]
    shown = _worst_and_best(scores)
    draw_examples(
        [val[i] for i in shown],
        [found[i] for i in shown],
        [scores[i].agreement.score for i in shown],
        folder / "examples.png",
    )
    return scores


def _worst_and_best(scores: Sequence[ImageScore]) -> list[int]:
    shown: list[int] = []
    for kind in sorted({score.kind for score in scores}):
        ranks = sorted(
            (i for i, score in enumerate(scores) if score.kind == kind),
            key=lambda i: scores[i].agreement.score,
        )
        shown += ranks[:1] + ranks[1:][-(EXAMPLES_A_KIND - 1) :]
    return shown


def _is_held_out(name: str) -> bool:
    return hashlib.sha256(name.encode()).digest()[0] % VALIDATION_SHARE == 0
