"""Training loop: resume, step, checkpoint, keep the moving average of the weights."""

import csv
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import keras
import numpy as np
from numpy.typing import NDArray

from model.errors import WeightsError
from model.network.batch_norm import freeze_norms
from model.network.config import UNetConfig
from model.network.precision import choose_precision, computing_in
from model.network.unet import build_unet
from model.training.batches import choose_examples, make_batches
from model.training.callbacks import NO_CALLBACKS, Callbacks
from model.training.dataset import Example
from model.training.losses import binary_cross_entropy, maps_loss
from model.training.recipe import Recipe, Stage
from model.training.schedule import WarmupHoldCosine
from model.training.stage_files import LOG, StageFiles
from model.training.teacher import add_teacher_maps
from model.training.widening import widen

FloatArray = NDArray[np.float32]


@dataclass(frozen=True)
class InitialWeights:
    """Weights to begin with, and the network they are of: the first stage's own, or a narrower one."""

    file: Path
    network: UNetConfig


def train(
    recipe: Recipe,
    examples: Sequence[Example],
    folder: Path,
    *,
    initial_weights: InitialWeights | None = None,
    resume: bool = False,
    callbacks: Callbacks = NO_CALLBACKS,
) -> keras.Model:
    """Train a network and return it, with the averaged weights in place.

    Args:
        recipe: what to train, and how.
        examples: labelled images.
        folder: where checkpoints and the log (`log.csv`: step, loss, seconds) go.
        initial_weights: weights to begin with instead of random ones.
        resume: go on from the last checkpoint in `folder` if there is one.
        callbacks: who is told of each step, and of the teacher's progress.
    """
    steps_before = 0
    for number, stage in enumerate(recipe.stages, 1):
        files = StageFiles(folder, number, steps_before)
        keras.utils.set_random_seed(stage.seed)
        network = compile_network(stage, initial_weights)
        initial = network.get_weights()
        learnt_from = _with_teacher(network, stage, choose_examples(stage, examples), callbacks)
        _train_stage(network, stage, learnt_from, files, resume=resume, callbacks=callbacks)
        _blend(network, initial, stage.blend)
        if number < len(recipe.stages):
            save_without_optimizer(network, stage.network, files.weights)
            initial_weights = InitialWeights(files.weights, stage.network)
            steps_before += stage.steps
    return network


def _blend(network: keras.Model, initial: Sequence[FloatArray], share: float) -> None:
    """Move the weights towards those that the stage began with."""
    if share < 1:
        pairs = zip(initial, network.get_weights(), strict=True)
        network.set_weights([before + share * (after - before) for before, after in pairs])


def _with_teacher(
    network: keras.Model, stage: Stage, examples: Sequence[Example], callbacks: Callbacks
) -> Sequence[Example]:
    if not stage.distillation_weight:
        return examples
    return add_teacher_maps(network, stage.network, examples, callbacks.on_teacher)


def _train_stage(
    network: keras.Model,
    stage: Stage,
    examples: Sequence[Example],
    files: StageFiles,
    *,
    resume: bool,
    callbacks: Callbacks,
) -> None:
    done = _restore(network, files) if resume else 0
    losses: list[float] = []
    since = time.perf_counter()
    for step, (images, targets) in enumerate(make_batches(stage, examples, done), done + 1):
        losses.append(float(network.train_on_batch(images, targets)))
        callbacks.on_step(files.steps_before + step, losses[-1])
        if step % stage.steps_per_epoch == 0 or step == stage.steps:
            now = time.perf_counter()
            _checkpoint(network, files)
            _log(files.folder / LOG, files.steps_before + step, float(np.mean(losses)), now - since)
            losses.clear()
            since = now
    apply_ema(network, stage)


def compile_network(stage: Stage, initial_weights: InitialWeights | None = None) -> keras.Model:
    """Build a stage's network, with given weights or random ones, its optimizer and loss: every variable.

    Raises:
        WeightsError: the given weights aren't those of the network that they are said to be of.
        ValueError: their network can't be widened to the stage's, see `widen`.
    """
    with computing_in(choose_precision()):
        network = build_unet(stage.network)
    if initial_weights is not None:
        widen(_load(initial_weights, stage.network.frozen), network)
    network.compile(optimizer=_optimizer(stage), loss=_loss(stage))
    network.optimizer.build(network.trainable_variables)
    return network


def _load(initial_weights: InitialWeights, frozen: bool) -> keras.Model:
    file, config = initial_weights.file, initial_weights.network
    network = build_unet(config)
    try:
        network.load_weights(file)
    except (OSError, ValueError, KeyError) as error:  # what Keras and h5py raise for other files
        raise WeightsError(
            f"{file} can't be loaded into the network that its card describes: {error}"
        ) from error
    return freeze_norms(network, config) if frozen and not config.frozen else network


def apply_ema(network: keras.Model, stage: Stage) -> None:
    """Overwrite the weights with their moving average (Polyak and Juditsky 1992), if the stage keeps one."""
    if stage.ema_fraction:
        network.optimizer.finalize_variable_values(network.trainable_variables)


def _optimizer(stage: Stage) -> keras.Optimizer:
    return keras.optimizers.AdamW(
        WarmupHoldCosine(stage),
        weight_decay=stage.weight_decay,
        clipnorm=5.0,
        use_ema=stage.ema_fraction > 0,
        ema_momentum=_ema_momentum(stage),
    )


def _ema_momentum(stage: Stage) -> float:
    """Long trainings are averaged over more steps than short ones, of which the first weights must not be a part."""
    return 1.0 - 1.0 / max(stage.ema_fraction * stage.steps, 1.0)


def _loss(stage: Stage) -> Callable[[Any, Any], Any]:
    if stage.loss == "binary":
        return binary_cross_entropy
    return maps_loss(stage.network.outputs, stage.contact_weight)


def trained_seconds(folder: Path) -> float:
    """Return how long the training logged in a folder has taken so far, interruptions left out."""
    if not (folder / LOG).exists():  # cut off after its only checkpoint, before the entry
        return 0.0
    with (folder / LOG).open(newline="") as lines:
        return sum(float(seconds) for _, _, seconds in csv.reader(lines))


def save_without_optimizer(network: keras.Model, config: UNetConfig, path: Path) -> None:
    """Save a network's weights without its optimizer, whose variables are three quarters of the whole."""
    bare = build_unet(config)
    bare.set_weights(network.get_weights())
    bare.save_weights(path)


def _checkpoint(network: keras.Model, files: StageFiles) -> None:
    """Renamed into place, so that a crash leaves the last one whole."""
    unfinished = files.folder / "unfinished.weights.h5"
    network.save_weights(unfinished)
    unfinished.replace(files.checkpoint)


def _log(log: Path, step: int, loss: float, seconds: float) -> None:
    with log.open("a", newline="") as lines:
        csv.writer(lines).writerow((step, f"{loss:.5f}", f"{seconds:.1f}"))


def _restore(network: keras.Model, files: StageFiles) -> int:
    """Return the number of steps done so far."""
    if not files.checkpoint.is_file():
        return 0
    network.load_weights(files.checkpoint)
    return int(keras.ops.convert_to_numpy(network.optimizer.iterations))
