"""Batches of random crops, prefetched by a thread beside the network."""

from collections import defaultdict
from collections.abc import Iterator, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace

import numpy as np
from numpy.typing import NDArray

from model.training.augment import Augmentation, Crop, random_crop, resize_whole
from model.training.dataset import Example
from model.training.recipe import Stage
from model.training.targets import stack_targets

Batch = tuple[NDArray[np.float32], NDArray[np.float32]]
"""Images (B, S, S, 3) and targets (B, S, S, len(outputs))."""

PREFETCHED = 3
"""Batches made before they are needed."""


def choose_examples(stage: Stage, examples: Sequence[Example]) -> list[Example]:
    """Return what a stage learns from: images of the kinds that it names, or all where there are none of these."""
    kinds = {kind for kind, share in stage.shares if share > 0} or set(stage.kinds)
    named = [example for example in examples if example.kind in kinds] or list(examples)
    return named if stage.shares else [example for example in named if example.zoom == 1]


def make_batches(stage: Stage, examples: Sequence[Example], first: int) -> Iterator[Batch]:
    """Yield the batches of steps `first`, `first` + 1, … up to the stage's last.

    A batch depends on the stage's seed and its step alone, so that a resumed training sees what an unbroken one
    would have seen.
    """
    probabilities = _sampling_probabilities(examples, stage)
    with ThreadPoolExecutor(1) as executor:
        steps = range(first, stage.steps)
        pending = [
            executor.submit(_make_batch, stage, examples, probabilities, step) for step in steps[:PREFETCHED]
        ]
        for step in steps:
            batch = pending.pop(0).result()
            if step + PREFETCHED < stage.steps:
                pending.append(
                    executor.submit(_make_batch, stage, examples, probabilities, step + PREFETCHED)
                )
            yield batch


def _make_batch(
    stage: Stage, examples: Sequence[Example], probabilities: NDArray[np.float64], step: int
) -> Batch:
    rng = np.random.default_rng((stage.seed, step))
    size = stage.network.resize_to or stage.input_augmentation.crop
    images = np.empty((stage.batch_size, size, size, 3), np.float32)
    targets = np.empty((stage.batch_size, size, size, len(stage.network.outputs)), np.float32)
    for slot, drawn in enumerate(rng.choice(len(examples), stage.batch_size, p=probabilities)):
        augmentation = replace(stage.input_augmentation, untouched=_untouched(stage, probabilities, drawn))
        crop = _crop(stage, examples[drawn], augmentation, rng)
        images[slot], targets[slot] = crop.image, _targets(stage, crop)
    return images, targets


def _crop(stage: Stage, example: Example, augmentation: Augmentation, rng: np.random.Generator) -> Crop:
    if stage.network.resize_to is None:
        return random_crop(example, augmentation, rng)
    return resize_whole(example, stage.network.resize_to)


def _targets(stage: Stage, crop: Crop) -> NDArray[np.float32]:
    """Return what the network is to learn of a crop: the labels' maps, blended with the teacher's."""
    maps = stack_targets(crop.labels, crop.distance, stage.network.outputs)
    return (
        maps if crop.teacher_maps is None else maps + stage.distillation_weight * (crop.teacher_maps - maps)
    )


def _untouched(stage: Stage, probabilities: NDArray[np.float64], drawn: int) -> float:
    """Return the probability that a crop of the drawn image is shown as it is."""
    share = stage.augmentation.untouched
    usual = float(np.median(probabilities) if stage.shares else probabilities.min())
    return share * min(1.0, usual / probabilities[drawn]) if stage.augment_oversampled else share


def _sampling_probabilities(examples: Sequence[Example], stage: Stage) -> NDArray[np.float64]:
    kinds = [example.kind for example in examples]
    shares = dict(stage.shares)
    if shares.keys() & set(kinds):
        probabilities = _by_shares(examples, shares)
    else:
        counts = {kind: kinds.count(kind) for kind in set(kinds)}
        probabilities = np.array([counts[kind] ** (stage.balance - 1) for kind in kinds], np.float64)
    return probabilities / probabilities.sum()


def _by_shares(examples: Sequence[Example], shares: Mapping[str, float]) -> NDArray[np.float64]:
    totals: defaultdict[str, float] = defaultdict(float)
    for example in examples:
        totals[example.kind] += example.weight
    return np.array([shares.get(e.kind, 0.0) * e.weight / totals[e.kind] for e in examples])
