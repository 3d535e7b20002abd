"""Fake segmenter, in place of the network: bright connected pixels are nuclei. Quick, exact, without training."""

from dataclasses import dataclass, field
from pathlib import Path

import numpy as np
from scipy import ndimage

from model.preprocessing.normalisation import normalise
from model.segmentation.tiling import Tile
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
class Found:
    labels: np.ndarray
    seconds: dict


class ThresholdSegmenter:
    """Pixels brighter than half of the brightest, 4-connected."""

    card = Card()
    tile_predictor = None

    @classmethod
    def load(cls, weights: Path | None = None) -> "ThresholdSegmenter":
        return cls()

    def segment(self, pixels: np.ndarray) -> Found:
        light = pixels.astype(np.float64).mean(axis=2)
        labels, _ = ndimage.label(light > light.max() / 2)
        return Found(labels.astype(np.int32), {"normalise": 0.0, "network": 0.0, "instances": 0.0})


class TiledThresholdSegmenter(ThresholdSegmenter):
    """Sees images in tiles, too: the light itself is its map, of which nuclei are the bright parts."""

    tile_side, halo, n_maps = 96, 16, 1

    @property
    def tile_predictor(self) -> "TiledThresholdSegmenter":
        return self

    def predict(self, image: np.ndarray, tile: Tile) -> np.ndarray:
        return image[tile.read][tile.inner].mean(axis=2, keepdims=True)

    def separate(self, maps: np.ndarray) -> np.ndarray:
        return ndimage.label(maps[..., 0] > 0.5)[0].astype(np.int32)

    def segment(self, pixels: np.ndarray) -> Found:
        labels = self.separate(normalise(pixels).mean(axis=2, keepdims=True))
        return Found(labels, {"normalise": 0.0, "network": 0.0, "instances": 0.0})


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
