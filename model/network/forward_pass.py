"""The network's forward pass, for several threads at once.

An accelerator runs one batch after the other, in which tiles of the same shape go through together. A processor runs as
many batches at a time as it has cores: two batches beside each other leave no core waiting for the other at the end of
every layer, and take a fifth less time than one that is shared out (`benchmarks/throughput.py`, the bare network).
"""

from collections import defaultdict
from collections.abc import Callable, Iterator, Sequence

import keras
import numpy as np
from numpy.typing import NDArray

from model.container_limits import count_cores
from model.memory_budget import MemoryBudget
from model.network.request_batcher import RequestBatcher

TileBatch = NDArray[np.float32]
"""Tiles of one size: (B, H, W, channels)."""

ForwardPass = Callable[[TileBatch], TileBatch]
"""A network at work on a tile: (1, H, W, 3) → (H, W, outputs) logits, float32."""

MAX_BATCH = 8
"""Tiles in a batch. More let those who wait for the first one wait longer."""

MAX_PIXELS = 1408 * 1408
"""Pixels in the network at a time: about 1.2 GB of features, if it doesn't see them enlarged."""


class BatchedForwardPass:
    """The `ForwardPass` of a network, whatever thread calls it: tiles that come together may share a batch.

    Shapes and batch sizes may vary: the network is traced for any. A batch that the device has no memory for is halved.

    Args:
        network: a U-Net, of `build_unet`.
        max_pixels: of input that it works on at a time.
        concurrency: batches at the same time, by default what suits the device.

    Raises:
        MemoryError: there isn't enough for a single tile.
    """

    def __init__(
        self, network: keras.Model, max_pixels: int = MAX_PIXELS, concurrency: int | None = None
    ) -> None:
        concurrency = concurrency or choose_concurrency()
        self._network = network
        self._batcher = RequestBatcher(self._predict_tiles, MAX_BATCH if concurrency == 1 else 1, concurrency)
        self._max_pixels = max_pixels
        self._budget = MemoryBudget(max_pixels)

    def __call__(self, tile: TileBatch) -> TileBatch:
        """Return the logits of a tile."""
        return self._batcher(tile)

    def _predict_tiles(self, tiles: Sequence[TileBatch]) -> list[TileBatch]:
        logits: dict[int, TileBatch] = {}
        for group in _group_by_shape(tiles, self._max_pixels):
            logits |= zip(group, self._predict_batch([tiles[i] for i in group]), strict=True)
        return [logits[i] for i in range(len(tiles))]

    def _predict_batch(self, tiles: Sequence[TileBatch]) -> list[TileBatch]:
        batch = np.concatenate(tiles)
        try:
            with self._budget.reserve(batch[..., 0].size):
                return list(self._network.predict_on_batch(batch))
        except Exception as error:
            if not _is_out_of_memory(error):
                raise
            if len(tiles) == 1:
                raise MemoryError(f"The network ran out of memory: {error}") from error
        half = len(tiles) // 2
        return [*self._predict_batch(tiles[:half]), *self._predict_batch(tiles[half:])]


def choose_concurrency() -> int:
    """Return how many batches at a time suit the device that Keras computes on."""
    if not str(keras.distribution.list_devices()[0]).startswith("cpu"):
        return 1
    return count_cores()


def _group_by_shape(tiles: Sequence[TileBatch], max_pixels: int) -> Iterator[list[int]]:
    """Yield indices of tiles of one shape, no more than fit into a batch."""
    groups = defaultdict(list)
    for i, tile in enumerate(tiles):
        groups[tile.shape].append(i)
    for (_, height, width, _), group in groups.items():
        size = max(1, max_pixels // (height * width))
        for start in range(0, len(group), size):
            yield group[start : start + size]


def _is_out_of_memory(error: Exception) -> bool:
    """Each backend has an exception of its own for a device that is full; callers know only Python's."""
    return type(error).__name__ in {"ResourceExhaustedError", "OutOfMemoryError"}
