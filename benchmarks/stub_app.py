"""A worker without a network: `celery -A benchmarks.stub_app worker`.

In its place comes what the real one said of the first image of each size: everything else is done as ever, on maps that
look as they always do.
"""

from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from model.segmentation.segmenter import Segmenter
from nuqleus.settings import Settings, get_settings
from worker.factory import build_processor
from worker.pipeline import SegmenterProtocol
from worker.processor import Processor
from worker.task import create_app
from worker.worker_process import WorkerProcess


class Remembers:
    """Says of every tile what it said of the first one of that shape."""

    def __init__(self, segmenter: Segmenter) -> None:
        self._network = segmenter.network
        self._said: dict[tuple[int, ...], NDArray[np.float32]] = {}

    def __call__(self, tile: NDArray[np.float32]) -> NDArray[np.float32]:
        """Logits of a tile, (1, H, W, 3) → (H, W, outputs)."""
        if tile.shape not in self._said:
            self._said[tile.shape] = self._network.predict_on_batch(tile)[0]
        return self._said[tile.shape]


def load(weights: Path | None) -> SegmenterProtocol:
    """The shipped network, for the first image of each size."""
    segmenter = Segmenter.load(weights)
    segmenter.forward = Remembers(segmenter)
    return segmenter


def build_stub(settings: Settings) -> Processor:
    """A processor that hardly ever asks the network."""
    return build_processor(settings, load=load, device=lambda: "none")


settings = get_settings()
app = create_app(settings, WorkerProcess(settings, build_stub), __name__)
