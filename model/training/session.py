"""From a folder of labelled images to weights with their card: train, fit the rules, measure, write down."""

import hashlib
import platform
from collections.abc import Callable, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

import keras

from model.errors import WeightsError
from model.evaluation import ImageScore, summarise
from model.instances import InstanceRules, find_nuclei
from model.metrics import compare
from model.segmentation import predict_maps
from model.training.dataset import Example, Pair, find_pairs
from model.training.fitting import fit_rules
from model.training.pictures import draw_curve, draw_examples
from model.training.recipe import Recipe
from model.training.trainer import LOG, train, trained_seconds
from model.unet import build_unet
from model.weights import ModelCard, hash_file, write_card

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
    """Return `folder/train` and `folder/val` where they exist, else a fixed split of `folder` by name."""
    if (folder / "train").is_dir():
        return Split(find_pairs(folder / "train"), find_pairs(folder / "val"))
    pairs = find_pairs(folder)
    held_out = {pair.name for pair in pairs if _is_held_out(pair.name)} or {pairs[0].name}
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


def run_session(
    recipe: Recipe,
    train_on: Sequence[Example],
    val: Sequence[Example],
    folder: Path,
    *,
    name: str,
    data: dict[str, Any],
    code_version: str,
    start: Path | None = None,
    resume: bool = False,
    on_step: Callable[[int, float], None] = lambda _step, _loss: None,
    on_trial: Callable[[InstanceRules, float], None] = lambda _rules, _score: None,
) -> ModelCard:
    """Train, fit the rules on `val`, measure there, and write `<name>.weights.h5`, its card and pictures.

    Args as in `train` and `fit_rules`; `data` and `code_version` go into the card.
    """
    network = train(recipe, train_on, folder, start=start, resume=resume, on_step=on_step)
    rules, _ = fit_rules(network, recipe.network, val, on_trial)
    weights = folder / f"{name}.weights.h5"
    _save_network(network, recipe, weights)
    scores = _measure(network, recipe, rules, val, folder)
    card = ModelCard(
        name=name,
        sha256=hash_file(weights),
        config={"network": recipe.network.to_json(), "rules": asdict(rules)},
        metrics={summary.kind: asdict(summary) for summary in summarise(scores)},
        code_version=code_version,
        training={
            "data": data,
            "recipe": asdict(recipe),
            "from": start.name if start else None,
            "seconds": round(trained_seconds(folder)),
            "backend": f"{keras.backend.backend()}, Keras {keras.version()}",
            "machine": f"{platform.system()} {platform.machine()}",
        },
    )
    write_card(card, weights)
    draw_curve(folder / LOG, folder / "curve.png")
    return card


def _save_network(network: keras.Model, recipe: Recipe, weights: Path) -> None:
    """Save the network without its optimizer, whose variables are three quarters of the whole."""
    bare = build_unet(recipe.network)
    bare.set_weights(network.get_weights())
    bare.save_weights(weights)


def _measure(
    network: keras.Model, recipe: Recipe, rules: InstanceRules, val: Sequence[Example], folder: Path
) -> list[ImageScore]:
    outputs = recipe.network.outputs
    found = [find_nuclei(predict_maps(network, recipe.network, e.image), outputs, rules) for e in val]
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


def check_start(start: Path | None, recipe: Recipe, card: ModelCard | None) -> None:
    """Refuse to begin with the weights of another network.

    Raises:
        WeightsError: their card describes a network unlike the recipe's.
    """
    if card is not None and card.network != recipe.network:
        raise WeightsError(
            f"{start} holds a network unlike the one to be trained. Received: {card.network}; "
            f"to be trained: {recipe.network}. Choose the preset it was trained with."
        )
