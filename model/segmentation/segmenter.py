"""Segmentation of an image: normalise, run the network tile by tile, separate the nuclei."""

import time
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

import keras
import numpy as np
from skimage.transform import resize

from model.arrays import FloatImage, Labels, Maps, PixelArray
from model.errors import WeightsError
from model.network.batch_norm import fold_norms
from model.network.config import UNetConfig
from model.network.forward_pass import BatchedForwardPass, ForwardPass
from model.network.precision import Precision, choose_precision
from model.network.unet import CHANNELS_IN, build_unet
from model.preprocessing.normalisation import normalise
from model.segmentation.instances import find_nuclei
from model.segmentation.tiling import Tile, cut_tiles
from model.weights import SHIPPED, ModelCard, read_card

TILE_SIDE = 1408
"""Side of the largest tile that the network sees at once, as large as it sees it: about 1.2 GB of features."""

HALO = 160
"""Context around what is kept of a tile, as large as the network sees it. It sees 200 pixels around each pixel, but
what lies beyond 160 changes its probabilities by less than 0.0002."""


@dataclass(frozen=True)
class Segmentation:
    """Label image of an image's nuclei, and how long it took.

    Attributes:
        labels: (H, W) int32, 0 background, 1..N nuclei.
        seconds: what each stage took: `normalise`, `network`, `instances`.
    """

    labels: Labels
    seconds: Mapping[str, float]


class Segmenter:
    """A loaded network with the thresholds that turn its maps into nuclei. Several threads may use it at once.

    Attributes:
        network: its batch norms folded away.
        forward: the network's forward pass, as it is used.
        card: what it is.
    """

    def __init__(self, network: keras.Model, card: ModelCard) -> None:
        self.network = network
        self.card = card
        self._config = card.network
        self.forward: ForwardPass = BatchedForwardPass(network, max_pixels=self.tile_side**2)

    @classmethod
    def load(cls, weights: Path | None = None, precision: Precision | None = None) -> "Segmenter":
        """Load weights, by default those that come with the package, to compute in what suits the processor.

        Raises:
            WeightsError: they can't be read, or don't fit their card.
        """
        weights = weights or SHIPPED
        card = read_card(weights)
        network = build_unet(card.network)
        try:
            network.load_weights(weights)
        except (OSError, ValueError) as error:
            raise WeightsError(f"{weights} does not fit the network its card describes: {error}") from error
        return cls(fold_norms(network, card.network, precision or choose_precision()), card)

    def segment(self, pixels: PixelArray) -> Segmentation:
        """Find the nuclei of an image of any size: (H, W), (H, W, 1) or (H, W, 3), any numeric dtype."""
        seconds: dict[str, float] = {}
        with _timed(seconds, "normalise"):
            image = normalise(pixels)
        with _timed(seconds, "network"):
            maps = predict_maps(self.forward, self._config, image)
        with _timed(seconds, "instances"):
            labels = self.separate(maps)
        return Segmentation(labels, seconds)

    @property
    def tile_predictor(self) -> "Segmenter | None":
        """Itself, to predict tile by tile (`model.blockwise.segmentation`); None if it must see images whole."""
        return self if self._config.resize_to is None else None

    @property
    def tile_side(self) -> int:
        """Side of the largest tile that it sees."""
        return self._config.unzoomed(TILE_SIDE)

    @property
    def halo(self) -> int:
        """Context around what is kept of a tile."""
        return self._config.unzoomed(HALO)

    @property
    def n_maps(self) -> int:
        """How many maps it makes."""
        return len(self._config.outputs)

    def predict(self, image: FloatImage, tile: Tile) -> Maps:
        """Return the maps of what a tile of a normalised image writes: (h, w, maps) float32."""
        return _predict_tile(self.forward, self._config.multiple, image, tile)

    def separate(self, maps: Maps) -> Labels:
        """Return the nuclei that maps show: (h, w) int32, 1..n."""
        return find_nuclei(maps, self._config.outputs, self.card.postprocessing)


def predict_maps(network: ForwardPass, config: UNetConfig, image: FloatImage) -> Maps:
    """Run the network over an image of any size: (H, W, 1 or 3) → probabilities (H, W, len(outputs)), float32."""
    if config.resize_to is not None:
        return _predict_resized(network, config.resize_to, config.multiple, image)
    height, width = image.shape[:2]
    maps = np.empty((height, width, len(config.outputs)), np.float32)
    for tile in cut_tiles(height, width, config.unzoomed(TILE_SIDE), config.unzoomed(HALO)):
        maps[tile.write] = _predict_tile(network, config.multiple, image, tile)
    return maps


def _predict_resized(network: ForwardPass, side: int, multiple: int, image: FloatImage) -> Maps:
    small = resize(image, (side, side), order=1, anti_aliasing=True)
    (tile,) = cut_tiles(side, side, TILE_SIDE, HALO)
    maps = _predict_tile(network, multiple, small, tile)
    return resize(maps, (*image.shape[:2], maps.shape[2]), order=1).astype(np.float32, copy=False)


def _predict_tile(network: ForwardPass, multiple: int, image: FloatImage, tile: Tile) -> Maps:
    batch = make_batch(image[tile.read], multiple)
    return _sigmoid(network(batch)[tile.inner])


def make_batch(image: FloatImage, multiple: int) -> FloatImage:
    """Return an image as the network takes it: (H, W, 1 or 3) → (1, H', W', 3), padded to whole multiples."""
    down, right = (-side % multiple for side in image.shape[:2])
    padded = np.pad(image, ((0, down), (0, right), (0, 0)), mode="symmetric") if down or right else image
    return np.broadcast_to(padded, (*padded.shape[:2], CHANNELS_IN))[None]


def _sigmoid(logits: FloatImage) -> Maps:
    return 0.5 * np.tanh(0.5 * logits) + 0.5


@contextmanager
def _timed(seconds: dict[str, float], stage: str) -> Iterator[None]:
    start = time.perf_counter()
    yield
    seconds[stage] = time.perf_counter() - start
