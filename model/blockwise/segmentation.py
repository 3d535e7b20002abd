"""Blockwise segmentation: the nuclei that the whole image would show, in bounded memory.

The network sees the same tiles as it would in the whole image, each once, so its maps are the same. Nuclei are
separated in windows that overlap; a nucleus is assigned by the first window that is sure to show all of it
(`model.blockwise.block_layout`), measured there as a whole, and numbered on. The network works on the next block
meanwhile.
"""

import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, replace
from typing import Protocol

import numpy as np

from model.arrays import FloatImage, Labels, Maps, PixelArray
from model.blockwise.block_layout import Block, BlockIndex, Region, assign_new_nuclei, cut_blocks, relative_to
from model.blockwise.prefetch import prefetch
from model.blockwise.seams import LabelCanvas, MapStrips
from model.labels.masks import MaskBlock, encode_block
from model.measurements import Table, measure_intensities, measure_shapes
from model.preprocessing.normalisation import Normalisation, fit_normalisation, sample_step
from model.reading import Plane
from model.reading.channels import nuclear_pixels
from model.segmentation.tiling import Tile

BAND_ROWS = 1024
"""Rows that are read together where every pixel of a plane must be seen once."""


class TilePredictor(Protocol):
    """A network that segments tile by tile: `model.segmentation.segmenter.Segmenter` is one."""

    @property
    def tile_side(self) -> int:
        """Side of the largest tile that it sees."""

    @property
    def halo(self) -> int:
        """Context around what is kept of a tile."""

    @property
    def n_maps(self) -> int:
        """How many maps it makes."""

    def predict(self, image: FloatImage, tile: Tile) -> Maps:
        """Return the maps of what a tile of an image writes: (h, w, maps) float32."""

    def separate(self, maps: Maps) -> Labels:
        """Return the nuclei that maps show: (h, w) int32, 1..n."""


@dataclass(frozen=True)
class BlockResult:
    """What a block adds to the result of its image.

    Attributes:
        nuclei: columns of `measure_shapes`, in the image's pixels and numbers.
        intensities: columns of `measure_intensities`.
        masks: blocks of the label image that are complete.
    """

    nuclei: Table
    intensities: Table
    masks: list[MaskBlock]


class BlockwiseSegmentation:
    """Finds and measures the nuclei of a plane block by block. Iterate once: each block gives a `BlockResult`.

    Attributes:
        seconds: what each stage took up to now: `read`, `normalise`, `network`, `instances`, `measure`.
    """

    def __init__(self, plane: Plane, network: TilePredictor) -> None:
        self._plane = plane
        self._network = network
        height, width = self._size = plane.pixels.shape[:2]
        self._blocks = cut_blocks(height, width, network.tile_side, network.halo)
        self._strips = MapStrips()
        self._canvas = LabelCanvas()
        self._count = 0
        self.seconds = dict.fromkeys(("read", "normalise", "network", "instances", "measure"), 0.0)

    def __len__(self) -> int:
        return len(self._blocks)

    def __iter__(self) -> Iterator[BlockResult]:
        for block, pixels, maps in prefetch(self._predict_blocks()):
            labels = self._separate(maps, block)
            with self._timing("measure"):
                result = self._measure(labels, pixels, block)
            yield result

    def _predict_blocks(self) -> Iterator[tuple[Block, PixelArray, Maps]]:
        """Yield each block with its window's pixels and maps."""
        with self._timing("read"):
            normalisation = fit_plane_normalisation(self._plane)
        for block in self._blocks:
            with self._timing("read"):
                pixels = self._plane.pixels[block.read]
            with self._timing("normalise"):
                image = normalisation(nuclear_pixels(replace(self._plane, pixels=pixels)))
            yield block, pixels[relative_to(block.window, block.read)], self._predict(image, block)

    def _predict(self, image: FloatImage, block: Block) -> Maps:
        """Return the maps of a block's window; those that are new come from the network."""
        (top, left), (rows, columns) = _origin(block.window), block.window
        maps = np.empty((rows.stop - top, columns.stop - left, self._network.n_maps), np.float32)
        self._strips.restore(maps, block)
        with self._timing("network"):
            for tile in block.tiles:
                new = self._network.predict(image, tile.relative_to(*_origin(block.read)))
                maps[tile.relative_to(top, left).write] = new
        self._strips.save(maps, block)
        return maps

    def _separate(self, maps: Maps, block: Block) -> Labels:
        """Return the nuclei of a block's window that are new, numbered from 1."""
        with self._timing("instances"):
            labels = assign_new_nuclei(self._network.separate(maps), self._canvas.open(block), block)
            self._canvas.write(np.where(labels > 0, labels + np.int32(self._count), 0), block)
        return labels

    def _measure(self, labels: Labels, pixels: PixelArray, block: Block) -> BlockResult:
        nuclei = _shifted(measure_shapes(labels), _origin(block.window), self._size)
        intensities = measure_intensities(labels, pixels)
        for table in (nuclei, intensities):
            table["label"] = table["label"] + self._count
        self._count += len(nuclei["label"])
        masks = [encode_block(done, *_origin(other.new)) for other, done in self._canvas.close(block)]
        return BlockResult(nuclei, intensities, masks)

    @contextmanager
    def _timing(self, stage: str) -> Iterator[None]:
        start = time.perf_counter()
        yield
        self.seconds[stage] += time.perf_counter() - start


def fit_plane_normalisation(plane: Plane) -> Normalisation:
    """Choose the normalisation of a plane of any size, as `normalise` would."""
    height, width = plane.pixels.shape[:2]
    step = sample_step(height, width)

    def nuclear(pixels: PixelArray) -> PixelArray:
        return nuclear_pixels(replace(plane, pixels=pixels))

    def bands() -> Iterator[PixelArray]:
        return (nuclear(plane.pixels[row : row + BAND_ROWS]) for row in range(0, height, BAND_ROWS))

    return fit_normalisation(nuclear(plane.pixels[::step, ::step]), bands)


def join_results(results: Sequence[BlockResult]) -> tuple[list[MaskBlock], Table, Table]:
    """Join what the blocks of an image gave: mask, `nuclei` and `intensities`, ordered as for an image seen whole."""
    intensities = _joined([result.intensities for result in results])
    order = np.argsort(intensities["channel"], kind="stable")
    return (
        [mask for result in results for mask in result.masks],
        _joined([result.nuclei for result in results]),
        {name: column[order] for name, column in intensities.items()},
    )


def _joined(tables: list[Table]) -> Table:
    return {name: np.concatenate([table[name] for table in tables]) for name in tables[0]}


def _shifted(nuclei: Table, origin: BlockIndex, size: tuple[int, ...]) -> Table:
    """Move nuclei from a window of an image to where they are in the image."""
    for axis, first in zip(("row", "col"), origin, strict=True):
        for name in (f"centroid_{axis}", f"bbox_{axis}0", f"bbox_{axis}1"):
            nuclei[name] = nuclei[name] + first
    starts = np.minimum(nuclei["bbox_row0"], nuclei["bbox_col0"])
    ends = (nuclei["bbox_row1"] == size[0]) | (nuclei["bbox_col1"] == size[1])
    return {**nuclei, "touches_border": (starts == 0) | ends}


def _origin(region: Region) -> BlockIndex:
    rows, columns = region
    return rows.start, columns.start
