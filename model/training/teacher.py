"""Self-distillation: a network learns what it predicts itself by test-time augmentation.

Furlanello et al., *Born-Again Neural Networks* (ICML 2018): a network learns from labels and from what an equal one,
its teacher, made of them. Here the teacher is the network itself at the beginning of a stage of its training, averaged
over every way to turn and mirror the image, so that it learns to see at one look what would have taken it eight.
"""

from collections.abc import Callable, Sequence
from dataclasses import replace
from itertools import product

import keras
import numpy as np
from numpy.typing import NDArray

from model.arrays import Maps
from model.network.batch_norm import fold_norms
from model.network.config import UNetConfig
from model.network.forward_pass import BatchedForwardPass, ForwardPass
from model.network.precision import choose_precision
from model.segmentation.prediction import predict_maps
from model.training.dataset import Example

ORIENTATIONS = tuple(product(range(4), (False, True)))
"""Quarter turns, and whether the image is mirrored before: the dihedral group, all that keeps the grid."""


def add_teacher_maps(
    network: keras.Model,
    config: UNetConfig,
    examples: Sequence[Example],
    on_teacher: Callable[[int, int], None] = lambda _done, _total: None,
) -> list[Example]:
    """Return the examples with what the network, as a teacher, predicts for them.

    `on_teacher` is told of how many examples it is done with, and of how many there are.
    """
    forward = BatchedForwardPass(fold_norms(network, config, choose_precision()))
    distilled = []
    for done, example in enumerate(examples, 1):
        maps = predict_augmented(forward, config, example.image, len(ORIENTATIONS))
        distilled.append(replace(example, teacher_maps=maps))
        on_teacher(done, len(examples))
    return distilled


def predict_augmented(
    network: ForwardPass, config: UNetConfig, image: NDArray[np.float32], orientations: int
) -> Maps:
    """Predict maps by test-time augmentation: their mean over the first `orientations` of `ORIENTATIONS`.

    Returns:
        (H, W, len(outputs)) float32.
    """
    total = np.zeros((*image.shape[:2], len(config.outputs)), np.float32)
    for turns, mirrored in ORIENTATIONS[:orientations]:
        turned = np.rot90(image[:, ::-1] if mirrored else image, turns)
        seen = np.rot90(predict_maps(network, config, np.ascontiguousarray(turned)), -turns)
        total += seen[:, ::-1] if mirrored else seen
    return np.divide(total, orientations, dtype=np.float32)
