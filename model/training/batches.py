"""An endless supply of random crops, made beside the network."""

from collections.abc import Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace

import numpy as np
from numpy.typing import NDArray

from model.training.augment import Augmentation, View, random_crop, whole_view
from model.training.dataset import Example
from model.training.recipe import Recipe
from model.training.targets import stack_targets

Batch = tuple[NDArray[np.float32], NDArray[np.float32]]
"""Images (B, S, S, 3) and targets (B, S, S, len(outputs))."""

AHEAD = 3
"""Batches made before they are needed."""


def make_batches(recipe: Recipe, examples: Sequence[Example], first: int) -> Iterator[Batch]:
    """Yield the batches of steps `first`, `first` + 1, … up to the recipe's last.

    A batch depends on the recipe's seed and its step alone, so that a resumed training sees what an unbroken one
    would have seen.
    """
    chances = _chances(examples, recipe.balance)
    with ThreadPoolExecutor(1) as executor:
        steps = range(first, recipe.steps)
        pending = [executor.submit(_make_batch, recipe, examples, chances, step) for step in steps[:AHEAD]]
        for step in steps:
            batch = pending.pop(0).result()
            if step + AHEAD < recipe.steps:
                pending.append(executor.submit(_make_batch, recipe, examples, chances, step + AHEAD))
            yield batch


def _make_batch(
    recipe: Recipe, examples: Sequence[Example], chances: NDArray[np.float64], step: int
) -> Batch:
    rng = np.random.default_rng((recipe.seed, step))
    size = recipe.network.canvas or recipe.crops.crop
    images = np.empty((recipe.batch, size, size, 3), np.float32)
    targets = np.empty((recipe.batch, size, size, len(recipe.network.outputs)), np.float32)
    for slot, drawn in enumerate(rng.choice(len(examples), recipe.batch, p=chances)):
        how = replace(recipe.crops, untouched=_untouched(recipe, chances, drawn))
        view = _view(recipe, examples[drawn], how, rng)
        images[slot], targets[slot] = view.image, _targets(recipe, view)
    return images, targets


def _view(recipe: Recipe, example: Example, how: Augmentation, rng: np.random.Generator) -> View:
    if recipe.network.canvas is None:
        return random_crop(example, how, rng)
    return whole_view(example, recipe.network.canvas)


def _targets(recipe: Recipe, view: View) -> NDArray[np.float32]:
    """Return what the network is to learn of a view: the labels' maps, with its share of what a teacher sees."""
    maps = stack_targets(view.labels, view.distance, recipe.network.outputs)
    return maps if view.taught is None else maps + recipe.taught * (view.taught - maps)


def _untouched(recipe: Recipe, chances: NDArray[np.float64], drawn: int) -> float:
    """Return the probability that a crop of the drawn image is shown as it is."""
    share = recipe.augmentation.untouched
    return share * chances.min() / chances[drawn] if recipe.even else share


def _chances(examples: Sequence[Example], balance: float) -> NDArray[np.float64]:
    kinds = [example.kind for example in examples]
    counts = {kind: kinds.count(kind) for kind in set(kinds)}
    chances = np.array([counts[kind] ** (balance - 1) for kind in kinds], np.float64)
    return chances / chances.sum()
