"""The network's forward pass, for several threads at once: tiles of the same shape go through it together."""

from collections import defaultdict
from collections.abc import Iterator, Sequence

import keras
import numpy as np
from numpy.typing import NDArray

from model.combining import Combiner

Batch = NDArray[np.float32]

MOST = 8
"""Tiles in a batch. More don't make a processor faster, and let those who wait for the first one wait longer."""

PIXELS = 1280 * 1280
"""Pixels in a batch of several tiles: about 1 GB of features."""


class Forward:
    """Runs a network on tiles, (1, H, W, 3) float32 → (H, W, outputs) float32 logits, whatever thread they come from.

    Shapes and batch sizes may vary: the network is traced for any. A batch that the device has no memory for is halved.

    Raises:
        MemoryError: there isn't enough for a single tile.
    """

    def __init__(self, network: keras.Model) -> None:
        self._network = network
        self._together = Combiner(self._predict_all, MOST)

    def __call__(self, tile: Batch) -> Batch:
        """Return the logits of a tile."""
        return self._together(tile)

    def _predict_all(self, tiles: Sequence[Batch]) -> list[Batch]:
        logits: dict[int, Batch] = {}
        for group in _alike(tiles):
            logits |= zip(group, self._predict([tiles[i] for i in group]), strict=True)
        return [logits[i] for i in range(len(tiles))]

    def _predict(self, tiles: Sequence[Batch]) -> list[Batch]:
        try:
            return list(self._network.predict_on_batch(np.concatenate(tiles)))
        except Exception as error:
            if not _is_full(error):
                raise
            if len(tiles) == 1:
                raise MemoryError(f"The network ran out of memory: {error}") from error
        half = len(tiles) // 2
        return [*self._predict(tiles[:half]), *self._predict(tiles[half:])]


def _alike(tiles: Sequence[Batch]) -> Iterator[list[int]]:
    """Numbers of tiles of one shape, no more than fit into a batch."""
    groups = defaultdict(list)
    for i, tile in enumerate(tiles):
        groups[tile.shape].append(i)
    for (_, height, width, _), group in groups.items():
        size = max(1, PIXELS // (height * width))
        for start in range(0, len(group), size):
            yield group[start : start + size]


def _is_full(error: Exception) -> bool:
    """Each backend has an exception of its own for a device that is full; callers know only Python's."""
    return type(error).__name__ in {"ResourceExhaustedError", "OutOfMemoryError"}
