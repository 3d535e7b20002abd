"""What a network sees when it looks at an image from all sides: better than one look, and something to learn from.

Furlanello et al., *Born-Again Neural Networks* (ICML 2018): a network learns from labels and from what an equal one,
its teacher, made of them. Here the teacher is the network itself at the beginning of a part of its training, averaged
over every way to turn and mirror the image, so that it learns to see at one look what would have taken it eight.
"""

from collections.abc import Callable, Sequence
from dataclasses import replace
from itertools import product

import keras
import numpy as np
from numpy.typing import NDArray

from model.network.batch_norm import fold_norms
from model.network.config import UNetConfig
from model.network.forward_pass import Forward
from model.network.precision import choose_precision
from model.segmentation.instances import Maps
from model.segmentation.segmenter import Predicts, predict_maps
from model.training.dataset import Example

WAYS = tuple(product(range(4), (False, True)))
"""Quarter turns, and whether the image is mirrored before: all that keep the grid."""


def teach(
    network: keras.Model,
    config: UNetConfig,
    examples: Sequence[Example],
    on_taught: Callable[[int, int], None] = lambda _done, _total: None,
) -> list[Example]:
    """Return the examples with what the network sees in them from all sides.

    `on_taught` is told of how many examples it is done with, and of how many there are.
    """
    forward = Forward(fold_norms(network, config, choose_precision()))
    taught = []
    for done, example in enumerate(examples, 1):
        taught.append(replace(example, taught=look_round(forward, config, example.image, len(WAYS))))
        on_taught(done, len(examples))
    return taught


def look_round(network: Predicts, config: UNetConfig, image: NDArray[np.float32], ways: int) -> Maps:
    """Return the mean of the maps of an image over the first so many of `WAYS`: (H, W, len(outputs)) float32."""
    total = np.zeros((*image.shape[:2], len(config.outputs)), np.float32)
    for turns, mirrored in WAYS[:ways]:
        turned = np.rot90(image[:, ::-1] if mirrored else image, turns)
        seen = np.rot90(predict_maps(network, config, np.ascontiguousarray(turned)), -turns)
        total += seen[:, ::-1] if mirrored else seen
    return np.divide(total, ways, dtype=np.float32)
