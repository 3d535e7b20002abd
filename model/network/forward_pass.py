"""The network's forward pass, for several threads at once.

A device of its own is asked about one batch after the other, in which tiles of the same shape go through together. A
processor is asked about as many batches at a time as it has cores: two batches beside each other leave no core waiting
for the other at the end of every layer, and take a fifth less time than one that is shared out
(`benchmarks/throughput.py`, the bare network).
"""

import os
from collections import defaultdict
from collections.abc import Iterator, Sequence

import keras
import numpy as np
from numpy.typing import NDArray

from model.memory_budget import MemoryBudget
from model.network.request_batcher import Combiner

Batch = NDArray[np.float32]

MOST = 8
"""Tiles in a batch. More let those who wait for the first one wait longer."""

PIXELS = 1408 * 1408
"""Pixels that a network may look at at a time: about 1.2 GB of features, if it doesn't see them enlarged."""


class Forward:
    """Runs a network on tiles, (1, H, W, 3) float32 → (H, W, outputs) float32 logits, whatever thread they come from.

    Shapes and batch sizes may vary: the network is traced for any. A batch that the device has no memory for is halved.

    Args:
        network: it.
        pixels: of input that it looks at at a time.
        lanes: batches at the same time, by default what suits the device.

    Raises:
        MemoryError: there isn't enough for a single tile.
    """

    def __init__(self, network: keras.Model, pixels: int = PIXELS, lanes: int | None = None) -> None:
        lanes = lanes or choose_lanes()
        self._network = network
        self._together = Combiner(self._predict_all, MOST if lanes == 1 else 1, lanes)
        self._pixels = pixels
        self._budget = MemoryBudget(pixels)

    def __call__(self, tile: Batch) -> Batch:
        """Return the logits of a tile."""
        return self._together(tile)

    def _predict_all(self, tiles: Sequence[Batch]) -> list[Batch]:
        logits: dict[int, Batch] = {}
        for group in _alike(tiles, self._pixels):
            logits |= zip(group, self._predict([tiles[i] for i in group]), strict=True)
        return [logits[i] for i in range(len(tiles))]

    def _predict(self, tiles: Sequence[Batch]) -> list[Batch]:
        batch = np.concatenate(tiles)
        try:
            with self._budget.reserve(batch[..., 0].size):
                return list(self._network.predict_on_batch(batch))
        except Exception as error:
            if not _is_full(error):
                raise
            if len(tiles) == 1:
                raise MemoryError(f"The network ran out of memory: {error}") from error
        half = len(tiles) // 2
        return [*self._predict(tiles[:half]), *self._predict(tiles[half:])]


def choose_lanes() -> int:
    """Return how many batches the device that Keras computes on is best asked about at a time."""
    if not str(keras.distribution.list_devices()[0]).startswith("cpu"):
        return 1
    return len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1


def _alike(tiles: Sequence[Batch], pixels: int) -> Iterator[list[int]]:
    """Numbers of tiles of one shape, no more than fit into a batch."""
    groups = defaultdict(list)
    for i, tile in enumerate(tiles):
        groups[tile.shape].append(i)
    for (_, height, width, _), group in groups.items():
        size = max(1, pixels // (height * width))
        for start in range(0, len(group), size):
            yield group[start : start + size]


def _is_full(error: Exception) -> bool:
    """Each backend has an exception of its own for a device that is full; callers know only Python's."""
    return type(error).__name__ in {"ResourceExhaustedError", "OutOfMemoryError"}
