"""Prediction of an image's maps: tile by tile, so that memory stays bounded, at any zoom."""

from fractions import Fraction

import numpy as np
from skimage.transform import resize

from model.arrays import FloatImage, Maps
from model.network.config import UNetConfig
from model.network.forward_pass import ForwardPass
from model.network.unet import CHANNELS_IN
from model.preprocessing.resampling import ZoomedSide, bring_back, bring_back_part, resample, resample_part
from model.segmentation.tiling import Tile, cut_tiles

TILE_SIDE = 1408
"""Side of the largest tile that the network sees at once, as large as it sees it: about 1.2 GB of features."""

HALO = 160
"""Context around what is kept of a tile, as large as the network sees it. It sees 200 pixels around each pixel, but
what lies beyond 160 changes its probabilities by less than 0.001."""


def tile_side(config: UNetConfig) -> int:
    """Side of the largest tile that a network sees, in pixels of the zoomed image."""
    return config.unzoomed(TILE_SIDE)


def halo(config: UNetConfig) -> int:
    """Context around what is kept of a tile, likewise."""
    return config.unzoomed(HALO)


def predict_zoomed(network: ForwardPass, config: UNetConfig, image: FloatImage, zoom: Fraction) -> Maps:
    """Predict the maps of an image that the network is shown zoomed, in its own pixels: (H, W, maps) float32."""
    if zoom > 1:
        return _predict_enlarged(network, config, image, zoom)
    return bring_back(predict_maps(network, config, resample(image, zoom)), image.shape[:2], zoom)


def _predict_enlarged(network: ForwardPass, config: UNetConfig, image: FloatImage, zoom: Fraction) -> Maps:
    """Neither the enlarged image nor its maps are ever held as a whole: they have nine times the pixels."""
    height, width = image.shape[:2]
    rows, columns = sides = ZoomedSide(height, zoom), ZoomedSide(width, zoom)
    maps = np.zeros((height, width, len(config.outputs)), np.float32)
    for tile in cut_tiles(rows.zoomed_length, columns.zoomed_length, tile_side(config), halo(config)):
        shown = rows.sources(tile.read[0]), columns.sources(tile.read[1])
        part = resample_part(image[shown], sides, shown, tile.read)
        new = predict_tile(
            network, config.multiple, part, tile.relative_to(*(side.start for side in tile.read))
        )
        pixels = rows.touched(tile.write[0]), columns.touched(tile.write[1])
        maps[pixels] += bring_back_part(new, sides, tile.write, pixels)  # pixels may lie in two tiles
    return maps


def predict_maps(network: ForwardPass, config: UNetConfig, image: FloatImage) -> Maps:
    """Run the network over an image of any size: (H, W, 1 or 3) → probabilities (H, W, len(outputs)), float32."""
    if config.resize_to is not None:
        return _predict_resized(network, config.resize_to, config.multiple, image)
    height, width = image.shape[:2]
    maps = np.empty((height, width, len(config.outputs)), np.float32)
    for tile in cut_tiles(height, width, tile_side(config), halo(config)):
        maps[tile.write] = predict_tile(network, config.multiple, image, tile)
    return maps


def _predict_resized(network: ForwardPass, side: int, multiple: int, image: FloatImage) -> Maps:
    small = resize(image, (side, side), order=1, anti_aliasing=True)
    (tile,) = cut_tiles(side, side, TILE_SIDE, HALO)
    maps = predict_tile(network, multiple, small, tile)
    return resize(maps, (*image.shape[:2], maps.shape[2]), order=1).astype(np.float32, copy=False)


def predict_tile(network: ForwardPass, multiple: int, image: FloatImage, tile: Tile) -> Maps:
    """Return the maps of what a tile of an image writes: (h, w, maps) float32."""
    batch = make_batch(image[tile.read], multiple)
    return _sigmoid(network(batch)[tile.inner])


def make_batch(image: FloatImage, multiple: int) -> FloatImage:
    """Return an image as the network takes it: (H, W, 1 or 3) → (1, H', W', 3), padded to whole multiples."""
    down, right = (-side % multiple for side in image.shape[:2])
    padded = np.pad(image, ((0, down), (0, right), (0, 0)), mode="symmetric") if down or right else image
    return np.broadcast_to(padded, (*padded.shape[:2], CHANNELS_IN))[None]


def _sigmoid(logits: FloatImage) -> Maps:
    return 0.5 * np.tanh(0.5 * logits) + 0.5
