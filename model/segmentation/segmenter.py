"""Segmentation of an image: normalise, find the size, run the network tile by tile, separate the nuclei."""

import time
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, replace
from fractions import Fraction
from pathlib import Path

import keras
import numpy as np
from numpy.typing import NDArray

from model.arrays import FloatImage, Labels, Maps, PixelArray, Region
from model.errors import WeightsError
from model.network.batch_norm import fold_norms
from model.network.forward_pass import BatchedForwardPass, ForwardPass
from model.network.precision import Precision, choose_precision
from model.network.unet import build_unet
from model.preprocessing.bright_field import shows_stained_tissue
from model.preprocessing.normalisation import normalise
from model.preprocessing.resampling import resample
from model.segmentation.instances import find_nuclei
from model.segmentation.nuclear_size import (
    OWN_SIZE,
    Detection,
    Detector,
    NuclearSize,
    areas_of,
    search_zoom,
)
from model.segmentation.nuclei import EVERYWHERE, Nuclei, join_confidence, keep_confident
from model.segmentation.prediction import halo, predict_maps, predict_tile, predict_zoomed, tile_side
from model.segmentation.tiling import Tile
from model.segmentation.windows import SampledImage, find_windows, sample_image
from model.weights import SHIPPED, ModelCard, read_card
from model.weights.diameters import KnownDiameters, limit_zoom
from model.weights.postprocessing import PostprocessingParams

SMALL_IMAGE = 100_000
"""Pixels up to which an image is seen at its own size first: of those of 316 × 316 few have nuclei to be shrunk."""

LARGEST_STAINED = 320.0
"""Diameter, in pixels, of the largest nuclei of stained tissue: at the highest magnification they have 250 or so, and
what is larger is the tissue itself, a core of it on a slide."""

LARGEST_IMAGE = 400_000_000
"""Pixels that an enlarged image may have: as many as one that isn't enlarged."""


@dataclass(frozen=True)
class Segmentation:
    """Instance segmentation of an image: its nuclei.

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
    """Segmenter: a loaded network with the thresholds that turn its maps into nuclei, for several threads at once.

    Attributes:
        network: its batch norms folded away.
        forward: the network's forward pass, as it is used.
        card: what it is.
    """

    def __init__(self, network: keras.Model, card: ModelCard) -> None:
        self.network = network
        self.card = card
        self.config = card.network
        self.forward: ForwardPass = BatchedForwardPass(network, max_pixels=tile_side(self.config) ** 2)

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

    @property
    def known_diameters(self) -> KnownDiameters | None:
        """How large the nuclei are that it knows; None if it sees every image as it is."""
        return self.card.diameters if self.config.resize_to is None else None

    def segment(
        self, pixels: PixelArray, size: NuclearSize | None = None, smallest: int | None = None
    ) -> Segmentation:
        """Find the nuclei of an image of any size.

        Args:
            pixels: (H, W), (H, W, 1) or (H, W, 3), any numeric dtype.
            size: of its nuclei; None looks for it.
            smallest: nuclei of fewer pixels are dropped; None: as the network's thresholds say.
        """
        seconds: dict[str, float] = {}
        with _timed(seconds, "normalise"):
            image = normalise(pixels)
        found = self.segment_normalised(image, size, smallest)
        return replace(found, seconds={**seconds, **found.seconds})

    def segment_normalised(
        self, image: FloatImage, size: NuclearSize | None = None, smallest: int | None = None
    ) -> Segmentation:
        """Find the nuclei of an image that is normalised already: (H, W, 1 or 3)."""
        seconds = dict.fromkeys(("network", "instances"), 0.0)
        detect = _WholeImageDetector(self, image, smallest, seconds)
        if size is None and self.known_diameters:
            return _segmentation(
                self._search(sample_image(image), detect, self.known_diameters, seconds), seconds
            )
        detection = detect(self.zoom_of(size, image.shape[:2]), size.diameter if size else 0.0)
        found = _segmentation(detection, seconds)
        return replace(found, diameter=size.diameter) if size else found

    def detect_in_windows(self, image: SampledImage) -> Detection:
        """Detect nuclei in windows of an image, at the zoom at which their size suits the network."""
        if self.known_diameters is None:
            return Detection(OWN_SIZE)
        return self._search(image, _WindowDetector(self, image), self.known_diameters, {})

    def size_of(self, diameter: float) -> NuclearSize:
        """Return the size of nuclei of a known diameter, in pixels."""
        return NuclearSize(
            diameter, self.known_diameters.zoom(diameter) if self.known_diameters else OWN_SIZE
        )

    def zoom_of(self, size: NuclearSize | None, shape: tuple[int, int]) -> Fraction:
        """Return at which zoom an image (H, W) is shown, given the size of its file's nuclei."""
        return limit_zoom(size.zoom, shape, LARGEST_IMAGE) if size and self.known_diameters else OWN_SIZE

    def predict(self, image: FloatImage, zoom: Fraction) -> Maps:
        """Predict the maps of a normalised image that is shown zoomed, in its own pixels: (H, W, maps) float32."""
        return predict_zoomed(self.forward, self.config, image, zoom)

    def tile_predictor(
        self, shape: tuple[int, int], size: NuclearSize | None = None, smallest: int | None = None
    ) -> "TiledNetwork | None":
        """Return what sees an image (H, W) piece by piece (`model.blockwise`); None if it must be seen whole."""
        if self.config.resize_to is not None:
            return None
        return TiledNetwork(self, self.zoom_of(size, shape), self._dropped_below(size), smallest)

    def _dropped_below(self, size: NuclearSize | None) -> float:
        """Diameter that says which nuclei are too small, where those of the whole image aren't known yet."""
        if size and size.diameter:
            return size.diameter
        return self.known_diameters.smallest if self.known_diameters else 1.0

    def find(
        self,
        maps: Maps,
        zoom: Fraction = OWN_SIZE,
        diameter: float = 0.0,
        smallest: int | None = None,
        counted: Region = EVERYWHERE,
    ) -> Nuclei:
        """Return the nuclei that maps speak of, and how sure they are.

        Args:
            maps: (h, w, maps) float32, in the pixels of the image.
            zoom: how large the network saw it.
            diameter: of a typical nucleus of the image, in pixels; 0 takes those of these maps.
            smallest: nuclei of fewer pixels are dropped; None: as the thresholds say.
            counted: where what was missed counts.
        """
        outputs, params = self.config.outputs, self._params(zoom, smallest)
        labels = find_nuclei(maps, outputs, params, diameter)
        if self.card.calibration is None:
            return Nuclei(labels)
        return keep_confident(maps, outputs, labels, self.card.calibration, params, float(zoom), counted)

    def _params(self, zoom: Fraction, smallest: int | None) -> PostprocessingParams:
        params = self.card.postprocessing.at(float(zoom))
        return params if smallest is None else replace(params, smallest=smallest, smallest_share=0.0)

    def _search(
        self,
        image: SampledImage,
        detect: Detector,
        known: KnownDiameters,
        seconds: dict[str, float],
    ) -> Detection:
        def choose_zoom(diameter: float) -> Fraction:
            if diameter > LARGEST_STAINED and shows_stained_tissue(image.sample):
                return OWN_SIZE
            return limit_zoom(known.zoom(diameter), image.size, LARGEST_IMAGE)

        height, width = image.size
        small = height * width <= SMALL_IMAGE
        return search_zoom(_RoughDetector(self, image, seconds), detect, choose_zoom, known.largest, small)


@dataclass(frozen=True)
class TiledNetwork:
    """A network that sees an image in tiles, at a zoom: a `model.blockwise.segmentation.TilePredictor`.

    Attributes:
        segmenter: the network.
        zoom: how large it sees the image.
        diameter: of a typical nucleus of the image, in pixels.
        smallest: nuclei of fewer pixels are dropped; None: as the network's thresholds say.
    """

    segmenter: Segmenter
    zoom: Fraction = OWN_SIZE
    diameter: float = 0.0
    smallest: int | None = None

    @property
    def tile_side(self) -> int:
        """Side of the largest tile that it sees, in pixels of the zoomed image."""
        return tile_side(self.segmenter.config)

    @property
    def halo(self) -> int:
        """Context around what is kept of a tile, likewise."""
        return halo(self.segmenter.config)

    @property
    def multiple(self) -> int:
        """Sides of tiles that it sees in step with each other differ by multiples of this, likewise."""
        return self.segmenter.config.multiple

    @property
    def n_maps(self) -> int:
        """How many maps it makes."""
        return len(self.segmenter.config.outputs)

    def predict(self, image: FloatImage, tile: Tile) -> Maps:
        """Return the maps of what a tile of a zoomed image writes: (h, w, maps) float32."""
        return predict_tile(self.segmenter.forward, self.multiple, image, tile)

    def find(self, maps: Maps, counted: Region) -> Nuclei:
        """Return the nuclei that maps, in the image's own pixels, speak of: (h, w) int32, 1..n."""
        return self.segmenter.find(maps, self.zoom, self.diameter, self.smallest, counted)


@dataclass(frozen=True)
class _RoughDetector:
    """Detects nuclei in an image, or in windows of a large one, at low zoom, with the thresholds of its own size."""

    segmenter: Segmenter
    image: SampledImage
    seconds: dict[str, float]

    def __call__(self, zoom: Fraction) -> Detection:
        labels = [self._find(window, zoom) for window in find_windows(self.image, zoom)]
        seen = np.concatenate([areas_of(found) for found in labels])
        return Detection(zoom, seen / float(zoom) ** 2)

    def _find(self, window: Region, zoom: Fraction) -> Labels:
        config, params = self.segmenter.config, self.segmenter.card.postprocessing
        with _timed(self.seconds, "network"):
            maps = predict_maps(self.segmenter.forward, config, resample(self.image.read(window), zoom))
        with _timed(self.seconds, "instances"):
            return find_nuclei(maps, config.outputs, params)


@dataclass(frozen=True)
class _WholeImageDetector:
    """Detects the nuclei of a whole image."""

    segmenter: Segmenter
    image: FloatImage
    smallest: int | None
    seconds: dict[str, float]

    def __call__(self, zoom: Fraction, diameter: float = 0.0) -> Detection:
        with _timed(self.seconds, "network"):
            maps = self.segmenter.predict(self.image, zoom)
        with _timed(self.seconds, "instances"):
            nuclei = self.segmenter.find(maps, zoom, diameter, self.smallest)
        areas, pixels = areas_of(nuclei.labels), nuclei.labels.size
        return Detection(zoom, areas, nuclei.image_confidence, nuclei, pixels)


@dataclass(frozen=True)
class _WindowDetector:
    """Detects nuclei in windows of an image, for their size."""

    segmenter: Segmenter
    image: SampledImage

    def __call__(self, zoom: Fraction) -> Detection:
        found = [self._find(window, zoom) for window in find_windows(self.image, zoom)]
        areas = np.concatenate([areas_of(nuclei.labels) for nuclei in found])
        pixels = sum(nuclei.labels.size for nuclei in found)
        return Detection(zoom, areas, join_confidence(found), pixels=pixels)

    def _find(self, window: Region, zoom: Fraction) -> Nuclei:
        return self.segmenter.find(self.segmenter.predict(self.image.read(window), zoom), zoom)


def _segmentation(detection: Detection, seconds: Mapping[str, float]) -> Segmentation:
    assert detection.nuclei is not None
    labels, confidence = detection.nuclei.labels, detection.nuclei.confidence
    return Segmentation(labels, seconds, detection.diameter, detection.zoom, confidence, detection.confidence)


@contextmanager
def _timed(seconds: dict[str, float], stage: str) -> Iterator[None]:
    start = time.perf_counter()
    yield
    seconds[stage] = seconds.get(stage, 0.0) + time.perf_counter() - start
