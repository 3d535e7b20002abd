"""The training loop: resume, step, checkpoint, keep the averaged weights."""

import csv
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import keras
import numpy as np

from model.errors import WeightsError
from model.network.batch_norm import freeze_norms
from model.network.config import UNetConfig
from model.network.precision import choose_precision, computing_in
from model.network.unet import build_unet
from model.training.batches import make_batches
from model.training.dataset import Example
from model.training.losses import binary_cross_entropy, maps_loss
from model.training.recipe import Recipe
from model.training.schedule import WarmHoldFall
from model.training.stage_files import LOG, Place
from model.training.teacher import teach
from model.training.widening import widen


@dataclass(frozen=True)
class Start:
    """Weights to begin with, and the network they are of: the recipe's own, or a narrower one."""

    weights: Path
    network: UNetConfig


def train(
    recipe: Recipe,
    examples: Sequence[Example],
    folder: Path,
    *,
    start: Start | None = None,
    resume: bool = False,
    on_step: Callable[[int, float], None] = lambda _step, _loss: None,
    on_taught: Callable[[int, int], None] = lambda _done, _total: None,
) -> keras.Model:
    """Train a network and return it, with the averaged weights in place.

    Args:
        recipe: what to train, and how.
        examples: labelled images.
        folder: where checkpoints and the log (`log.csv`: step, loss, seconds) go.
        start: weights to begin with instead of random ones.
        resume: go on from the last checkpoint in `folder` if there is one.
        on_step: called with the number of steps done and the last loss.
        on_taught: see `teach`; called before the steps of parts with a teacher.
    """
    before = 0
    for number, part in enumerate(recipe.parts, 1):
        place = Place(folder, number, before)
        keras.utils.set_random_seed(part.seed)
        network = compile_network(part, start)
        seen = teach(network, part.network, examples, on_taught) if part.taught else examples
        _train_part(network, part, seen, place, resume, on_step)
        if part.then:
            before, start = before + part.steps, Start(place.weights, part.network)
            save_bare(network, part, place.weights)
    return network


def _train_part(
    network: keras.Model,
    recipe: Recipe,
    examples: Sequence[Example],
    place: Place,
    resume: bool,
    on_step: Callable[[int, float], None],
) -> None:
    done = _restore(network, place) if resume else 0
    losses: list[float] = []
    since = time.perf_counter()
    for step, (images, targets) in enumerate(make_batches(recipe, examples, done), done + 1):
        losses.append(float(network.train_on_batch(images, targets)))
        on_step(place.before + step, losses[-1])
        if step % recipe.epoch == 0 or step == recipe.steps:
            now = time.perf_counter()
            _checkpoint(network, place, (place.before + step, float(np.mean(losses)), now - since))
            losses.clear()
            since = now
    use_average(network, recipe)


def compile_network(recipe: Recipe, start: Start | None = None) -> keras.Model:
    """Build the recipe's network, with given weights or random ones, its optimizer and loss: every variable.

    Raises:
        WeightsError: the given weights aren't those of the network that they are said to be of.
        ValueError: their network can't be widened to the recipe's, see `widen`.
    """
    with computing_in(choose_precision()):
        network = build_unet(recipe.network)
    if start is not None:
        widen(_load(start, recipe.network.frozen), network)
    network.compile(optimizer=_optimizer(recipe), loss=_loss(recipe))
    network.optimizer.build(network.trainable_variables)
    return network


def _load(start: Start, frozen: bool) -> keras.Model:
    network = build_unet(start.network)
    try:
        network.load_weights(start.weights)
    except (OSError, ValueError, KeyError) as error:  # what Keras and h5py raise for other files
        raise WeightsError(
            f"{start.weights} can't be loaded into the network that its card describes: {error}"
        ) from error
    return freeze_norms(network, start.network) if frozen and not start.network.frozen else network


def use_average(network: keras.Model, recipe: Recipe) -> None:
    """Overwrite the weights with their running mean (Polyak and Juditsky 1992), if the recipe keeps one."""
    if recipe.window:
        network.optimizer.finalize_variable_values(network.trainable_variables)


def _optimizer(recipe: Recipe) -> keras.Optimizer:
    return keras.optimizers.AdamW(
        WarmHoldFall(recipe),
        weight_decay=recipe.decay,
        clipnorm=5.0,
        use_ema=recipe.window > 0,
        ema_momentum=_momentum(recipe),
    )


def _momentum(recipe: Recipe) -> float:
    """Long trainings are averaged over more steps than short ones, of which the first weights must not be a part."""
    return 1.0 - 1.0 / max(recipe.window * recipe.steps, 1.0)


def _loss(recipe: Recipe) -> Callable[[Any, Any], Any]:
    if recipe.loss == "binary":
        return binary_cross_entropy
    return maps_loss(recipe.network.outputs, recipe.contacts)


def trained_seconds(folder: Path) -> float:
    """Return how long the training logged in a folder has taken so far, interruptions left out."""
    if not (folder / LOG).exists():  # cut off after its only checkpoint, before the entry
        return 0.0
    with (folder / LOG).open(newline="") as lines:
        return sum(float(seconds) for _, _, seconds in csv.reader(lines))


def save_bare(network: keras.Model, recipe: Recipe, path: Path) -> None:
    """Save a network's weights without its optimizer, whose variables are three quarters of the whole."""
    bare = build_unet(recipe.network)
    bare.set_weights(network.get_weights())
    bare.save_weights(path)


def _checkpoint(network: keras.Model, place: Place, entry: tuple[int, float, float]) -> None:
    """Renamed into place, so that a crash leaves the last one whole."""
    unfinished = place.folder / "unfinished.weights.h5"
    network.save_weights(unfinished)
    unfinished.replace(place.checkpoint)
    with (place.folder / LOG).open("a", newline="") as lines:
        csv.writer(lines).writerow((entry[0], f"{entry[1]:.5f}", f"{entry[2]:.1f}"))


def _restore(network: keras.Model, place: Place) -> int:
    """Return the number of steps done so far."""
    if not place.checkpoint.is_file():
        return 0
    network.load_weights(place.checkpoint)
    return int(keras.ops.convert_to_numpy(network.optimizer.iterations))
