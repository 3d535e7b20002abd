"""Segmentation of an image: normalise, find the size, run the network tile by tile, separate the nuclei."""

import time
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, replace
from fractions import Fraction
from pathlib import Path
from typing import NamedTuple

import keras
import numpy as np
from numpy.typing import NDArray
from skimage.transform import resize

from model.arrays import FloatImage, Labels, Maps, PixelArray
from model.errors import WeightsError
from model.network.batch_norm import fold_norms
from model.network.config import UNetConfig
from model.network.forward_pass import BatchedForwardPass, ForwardPass
from model.network.precision import Precision, choose_precision
from model.network.unet import CHANNELS_IN, build_unet
from model.preprocessing.normalisation import normalise
from model.preprocessing.resampling import bring_back, resample
from model.segmentation.confidence import NucleusEvidence, confidence_of, image_confidence
from model.segmentation.instances import find_nuclei
from model.segmentation.nuclear_size import SHRINKS, area_weighted_diameter, estimate_diameter, find_windows
from model.segmentation.tiling import Tile, cut_tiles
from model.weights import SHIPPED, ModelCard, read_card
from model.weights.calibration import Calibration
from model.weights.diameters import KnownDiameters
from model.weights.postprocessing import PostprocessingParams

TILE_SIDE = 1408
"""Side of the largest tile that the network sees at once, as large as it sees it: about 1.2 GB of features."""

HALO = 160
"""Context around what is kept of a tile, as large as the network sees it. It sees 200 pixels around each pixel, but
what lies beyond 160 changes its probabilities by less than 0.0002."""


OWN_SIZE = Fraction(1)

LARGEST_IMAGE = 64_000_000
"""Pixels that an enlarged image may have."""


SURE = 0.85
"""Confidence of an image below which what it shows shrunk is not believed: large nuclei had 0.9 and more in images held
out, the vessels and glands of a stained kidney 0.72."""


class Nuclei(NamedTuple):
    """Nuclei of an image, and how sure they are; see `Segmentation`."""

    labels: Labels
    confidence: NDArray[np.float32] | None
    image_confidence: float | None


@dataclass(frozen=True)
class Segmentation:
    """An image's nuclei.

    Attributes:
        labels: (H, W) int32, 0 background, 1..N nuclei.
        seconds: what each stage took: `normalise`, `network`, `instances`.
        diameter: area-weighted median of the nuclei's diameters, in pixels; 0 without nuclei.
        zoom: how large the network saw the image.
        confidence: of each nucleus, 0..1: (N,) float32; None if the network has no calibration.
        image_confidence: of the image, 0..1; None likewise.
    """

    labels: Labels
    seconds: Mapping[str, float]
    diameter: float = 0.0
    zoom: Fraction = OWN_SIZE
    confidence: NDArray[np.float32] | None = None
    image_confidence: float | None = None


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

    def segment(self, pixels: PixelArray, diameter: float | None = None) -> Segmentation:
        """Find the nuclei of an image of any size.

        Args:
            pixels: (H, W), (H, W, 1) or (H, W, 3), any numeric dtype.
            diameter: area-weighted median of the nuclei's diameters, in pixels; None estimates it.
        """
        seconds: dict[str, float] = {}
        with _timed(seconds, "normalise"):
            image = normalise(pixels)
        found = self.segment_normalised(image, diameter)
        return replace(found, seconds={**seconds, **found.seconds})

    def segment_normalised(self, image: FloatImage, diameter: float | None = None) -> Segmentation:
        """Find the nuclei of an image that is stretched already: (H, W, 1 or 3)."""
        seconds = dict.fromkeys(("network", "instances"), 0.0)
        if diameter is None and self._known:
            return self._segment_sized(image, seconds)
        zoom = self._zoom(diameter or 0.0, image)
        nuclei = self._find(image, zoom, diameter or 0.0, seconds)
        return _segmentation(nuclei, seconds, diameter or area_weighted_diameter(nuclei.labels), zoom)

    def see(self, image: FloatImage, zoom: Fraction) -> Maps:
        """Return the maps of a stretched image that is seen zoomed, in its own pixels: (H, W, maps) float32."""
        maps = predict_maps(self.forward, self._config, resample(image, zoom))
        return bring_back(maps, image.shape[:2], zoom)

    def estimate_diameter(self, pixels: PixelArray) -> float:
        """Return the area-weighted median diameter of an image's nuclei, in pixels; 0 if it has none.

        For all planes of a file: what `segment` then does with each depends on this figure alone.
        """
        return self.segment(pixels).diameter

    def _segment_sized(self, image: FloatImage, seconds: dict[str, float]) -> Segmentation:
        """Look at low zoom first, then at the size that this suggests, then, if needed, at the size that it was."""
        first = estimate_diameter(lambda zoom: self._glance(image, zoom, seconds), self._largest)
        zoom = self._zoom(first, image) if first > self._largest else OWN_SIZE
        nuclei = self._find(image, zoom, 0.0, seconds)
        diameter = area_weighted_diameter(nuclei.labels)
        refuted = zoom < 1 and (diameter < SHRINKS * first or _is_doubtful(nuclei))
        better = OWN_SIZE if refuted else self._zoom(diameter, image)
        if better != zoom and (zoom == 1 or better == 1):
            nuclei, zoom = self._find(image, better, 0.0, seconds), better
            diameter = area_weighted_diameter(nuclei.labels)
        return _segmentation(nuclei, seconds, diameter, zoom)

    def _glance(self, image: FloatImage, zoom: Fraction, seconds: dict[str, float]) -> Iterator[Labels]:
        """Show an image, or windows of a large one, at low zoom: label images as the network sees them."""
        height, width = image.shape[:2]
        for window in find_windows(height, width, zoom):
            with _timed(seconds, "network"):
                maps = predict_maps(self.forward, self._config, resample(image[window], zoom))
            with _timed(seconds, "instances"):
                yield find_nuclei(maps, self._config.outputs, self.card.postprocessing)

    def _find(self, image: FloatImage, zoom: Fraction, diameter: float, seconds: dict[str, float]) -> Nuclei:
        with _timed(seconds, "network"):
            maps = self.see(image, zoom)
        with _timed(seconds, "instances"):
            return self.find(maps, zoom, diameter)

    def _zoom(self, diameter: float, image: FloatImage) -> Fraction:
        if self._known is None:
            return OWN_SIZE
        return self._known.zoom(diameter, image.shape[:2], LARGEST_IMAGE)

    @property
    def _known(self) -> KnownDiameters | None:
        return self.card.diameters if self._config.resize_to is None else None

    @property
    def _largest(self) -> float:
        return self._known.largest if self._known else 0.0

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
        """Return the nuclei that maps speak of: (h, w) int32, 1..n."""
        return self.find(maps).labels

    def find(self, maps: Maps, zoom: Fraction = OWN_SIZE, diameter: float = 0.0) -> Nuclei:
        """Return the nuclei that maps speak of, and how sure they are.

        Args:
            maps: (h, w, maps) float32, in the pixels of the image.
            zoom: how large the network saw it.
            diameter: of a typical nucleus of the image, in pixels; 0 takes those of these maps.
        """
        outputs, params, calibration = (
            self._config.outputs,
            self.card.postprocessing.at(float(zoom)),
            self.card.calibration,
        )
        labels = find_nuclei(maps, outputs, params, diameter)
        if calibration is None:
            return Nuclei(labels, None, None)
        return keep_confident(maps, outputs, labels, calibration, params, float(zoom))


def keep_confident(
    maps: Maps,
    outputs: tuple[str, ...],
    labels: Labels,
    calibration: Calibration,
    params: PostprocessingParams,
    zoom: float,
) -> Nuclei:
    """Return the nuclei of which the network is as sure as the params want it to be, numbered without gaps."""
    evidence = NucleusEvidence(maps, outputs, labels, zoom)
    confidence = confidence_of(evidence.features, calibration)
    kept = confidence >= params.least_confidence
    numbers = np.append(np.int32(0), np.where(kept, np.cumsum(kept), 0).astype(np.int32))
    sure = image_confidence(confidence[kept], evidence.doubtful)
    return Nuclei(labels if kept.all() else numbers[labels], confidence[kept], sure)


def _is_doubtful(nuclei: Nuclei) -> bool:
    """Whether what was found may as well be parts of a tissue: shrunk, they look like large nuclei."""
    return nuclei.image_confidence is not None and nuclei.image_confidence < SURE


def _segmentation(
    nuclei: Nuclei, seconds: Mapping[str, float], diameter: float, zoom: Fraction
) -> Segmentation:
    return Segmentation(nuclei.labels, seconds, diameter, zoom, nuclei.confidence, nuclei.image_confidence)


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
    seconds[stage] = seconds.get(stage, 0.0) + time.perf_counter() - start
