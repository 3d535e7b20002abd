"""Fake segmenter, in place of the network: bright connected pixels are nuclei. Quick, exact, without training."""

from dataclasses import dataclass, field, replace
from fractions import Fraction
from pathlib import Path

import numpy as np
from scipy import ndimage

from model.arrays import Region
from model.preprocessing.normalisation import normalise
from model.preprocessing.resampling import bring_back, resample
from model.segmentation.nuclear_size import Detection, NuclearSize, area_weighted_diameter
from model.segmentation.nuclei import EVERYWHERE, Nuclei
from model.segmentation.tiling import Tile
from model.segmentation.windows import SampledImage
from model.weights.diameters import KnownDiameters


@dataclass(frozen=True)
class Card:
    name: str = "threshold"
    sha256: str = "0" * 64
    config: dict = field(default_factory=dict)
    metrics: dict = field(default_factory=dict)
    code_version: str = "tests"
    diameters: KnownDiameters | None = None


@dataclass(frozen=True)
class FoundNuclei:
    labels: np.ndarray
    seconds: dict
    diameter: float = 0.0
    zoom: Fraction = Fraction(1)
    confidence: np.ndarray | None = None
    image_confidence: float | None = None


class ThresholdSegmenter:
    """Pixels brighter than half of the brightest, 4-connected."""

    card = Card()
    known_diameters: KnownDiameters | None = None

    @classmethod
    def load(cls, weights: Path | None = None) -> "ThresholdSegmenter":
        return cls()

    def size_of(self, diameter: float) -> NuclearSize:
        return NuclearSize(diameter)

    def detect_in_windows(self, image: SampledImage) -> Detection:
        return Detection(Fraction(1))

    def tile_predictor(
        self, shape: tuple[int, int], size: NuclearSize | None = None, smallest: int | None = None
    ) -> "TiledThreshold | None":
        return None

    def segment(
        self, pixels: np.ndarray, size: NuclearSize | None = None, smallest: int | None = None
    ) -> FoundNuclei:
        light = pixels.astype(np.float64).mean(axis=2)
        labels, _ = ndimage.label(light > light.max() / 2)
        diameter = size.diameter if size else area_weighted_diameter(labels)
        return FoundNuclei(
            labels.astype(np.int32), {"normalise": 0.0, "network": 0.0, "instances": 0.0}, diameter
        )


@dataclass(frozen=True)
class TiledThreshold:
    """Sees images in tiles, at any zoom: the light itself is its map, of which nuclei are the bright parts."""

    zoom: Fraction = Fraction(1)
    tile_side: int = 96
    halo: int = 16
    multiple: int = 8
    n_maps: int = 1

    def predict(self, image: np.ndarray, tile: Tile) -> np.ndarray:
        return image[tile.read][tile.inner].mean(axis=2, keepdims=True)

    def find(self, maps: np.ndarray, counted: Region = EVERYWHERE) -> Nuclei:
        return Nuclei(ndimage.label(maps[..., 0] > 0.5)[0].astype(np.int32))

    def find_in(self, image: np.ndarray) -> Nuclei:
        """What it finds in an image that it sees whole."""
        maps = resample(image, self.zoom).mean(axis=2, keepdims=True)
        return self.find(bring_back(maps, image.shape[:2], self.zoom))


class TiledThresholdSegmenter(ThresholdSegmenter):
    """Sees images in tiles, too."""

    tiles = TiledThreshold()

    def tile_predictor(
        self, shape: tuple[int, int], size: NuclearSize | None = None, smallest: int | None = None
    ) -> TiledThreshold | None:
        return replace(self.tiles, zoom=size.zoom) if size else self.tiles

    def segment(
        self, pixels: np.ndarray, size: NuclearSize | None = None, smallest: int | None = None
    ) -> FoundNuclei:
        tiles = self.tile_predictor(pixels.shape[:2], size)
        labels = (tiles or self.tiles).find_in(normalise(pixels)).labels
        diameter = size.diameter if size else area_weighted_diameter(labels)
        seconds = {"normalise": 0.0, "network": 0.0, "instances": 0.0}
        return FoundNuclei(labels, seconds, diameter, size.zoom if size else Fraction(1))


def draw_discs(height: int, width: int, *, pitch: int = 24) -> np.ndarray:
    """Bright discs of many sizes, one in each square of a grid but nowhere in line: uint8 (height, width)."""
    rng = np.random.default_rng(height * width)
    rows, cols = np.mgrid[:height, :width]
    cells = rows // pitch, cols // pitch
    shape = cells[0].max() + 1, cells[1].max() + 1
    row, col = (rng.uniform(0.4, 0.6, shape)[cells] * pitch for _ in range(2))
    radius = rng.uniform(0.15, 0.35, shape)[cells] * pitch
    inside = np.hypot(rows % pitch - row, cols % pitch - col) < radius
    return np.where(inside, 150 + 40 * rng.random(shape)[cells], rng.uniform(0, 20, rows.shape)).astype(
        np.uint8
    )


def draw_squares(count: int, *, side: int = 8, value: int = 200) -> np.ndarray:
    """A row of bright squares, `side` pixels wide and far from each other: uint8 (2 · side, 2 · side · count)."""
    image = np.zeros((2 * side, 2 * side * count), np.uint8)
    for i in range(count):
        image[side // 2 : side // 2 + side, 2 * side * i : 2 * side * i + side] = value
    return image
