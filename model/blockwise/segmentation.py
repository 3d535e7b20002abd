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
from fractions import Fraction
from typing import Protocol

import numpy as np

from model.arrays import FloatImage, Labels, Maps, PixelArray, Region
from model.blockwise.block_layout import Block, BlockIndex, assign_new_nuclei, choose_block_sizes, cut_blocks
from model.blockwise.normalised_plane import NormalisedPlane
from model.blockwise.prefetch import prefetch
from model.blockwise.seams import LabelCanvas, MapStrips
from model.labels.masks import MaskBlock, encode_block
from model.measurements import Table, measure_intensities, measure_shapes, with_confidence
from model.preprocessing.resampling import ZoomedSide, bring_back_part, relative_to, resample_part
from model.segmentation.nuclei import Nuclei, join_confidence
from model.segmentation.tiling import Tile

NOWHERE: Labels = np.zeros((0, 0), np.int32)
"""Stands for labels that are no longer needed."""


class TilePredictor(Protocol):
    """A network that sees an image tile by tile: `model.segmentation.segmenter.TiledNetwork` is one."""

    @property
    def zoom(self) -> Fraction:
        """How large it sees the image."""

    @property
    def tile_side(self) -> int:
        """Side of the largest tile that it sees, in pixels of the zoomed image."""

    @property
    def halo(self) -> int:
        """Context around what is kept of a tile, likewise."""

    @property
    def multiple(self) -> int:
        """Sides of tiles that it sees in step with each other differ by multiples of this, likewise."""

    @property
    def n_maps(self) -> int:
        """How many maps it makes."""

    def predict(self, image: FloatImage, tile: Tile) -> Maps:
        """Return the maps of what a tile of a zoomed image writes: (h, w, maps) float32."""

    def find(self, maps: Maps, counted: Region) -> Nuclei:
        """Return the nuclei that maps (h, w, maps) in the image's own pixels show; missed ones count in a region."""


@dataclass(frozen=True)
class BlockResult:
    """What a block adds to the result of its image.

    Attributes:
        nuclei: `NUCLEUS_COLUMNS`, in the image's pixels and numbers.
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

    def __init__(self, plane: NormalisedPlane, network: TilePredictor) -> None:
        self._plane = plane
        self._network = network
        sides = (ZoomedSide(plane.size[0], network.zoom), ZoomedSide(plane.size[1], network.zoom))
        sizes = choose_block_sizes(network.tile_side, network.halo, network.multiple, network.zoom)
        self._blocks = cut_blocks(sides, sizes)
        self._strips = MapStrips()
        self._canvas = LabelCanvas()
        self._count = 0
        self._sure: list[Nuclei] = []
        self.seconds = dict.fromkeys(("read", "normalise", "network", "instances", "measure"), 0.0)

    def __len__(self) -> int:
        return len(self._blocks)

    def __iter__(self) -> Iterator[BlockResult]:
        for block, pixels, maps in prefetch(self._predict_blocks()):
            nuclei = self._separate(maps, block)
            with self._timing("measure"):
                result = self._measure(nuclei, pixels, block)
            yield result

    @property
    def image_confidence(self) -> float | None:
        """How sure the network is of the blocks up to now, 0..1; None if nobody knows."""
        return join_confidence(self._sure)

    def _predict_blocks(self) -> Iterator[tuple[Block, PixelArray, Maps]]:
        """Yield each block with its window's pixels and maps."""
        for block in self._blocks:
            with self._timing("read"):
                shown, pixels = self._plane.pixels[block.shown], self._plane.pixels[block.window]
            with self._timing("normalise"):
                image = resample_part(
                    self._plane.normalise(shown), block.sides, block.shown, block.zoomed_read
                )
            yield block, pixels, self._predict(image, block)

    def _predict(self, image: FloatImage, block: Block) -> Maps:
        """Return the maps of a block's window, in the image's pixels; those that are new come from the network."""
        top, left = _origin(block.zoomed_window)
        maps = np.empty((*_size(block.zoomed_window), self._network.n_maps), np.float32)
        self._strips.restore(maps, block)
        with self._timing("network"):
            for tile in block.tiles:
                new = self._network.predict(image, tile.relative_to(*_origin(block.zoomed_read)))
                maps[tile.relative_to(top, left).write] = new
        self._strips.save(maps, block)
        return bring_back_part(maps, block.sides, block.zoomed_window, block.window)

    def _separate(self, maps: Maps, block: Block) -> Nuclei:
        """Return the nuclei of a block's window that are new, numbered from 1."""
        with self._timing("instances"):
            found = self._network.find(maps, relative_to(block.new, block.window))
            known = self._canvas.open(block)
            numbers = assign_new_nuclei(found.labels, known, block)
            labels = np.where(known > 0, np.int32(0), numbers[found.labels])
            self._canvas.write(np.where(labels > 0, labels + np.int32(self._count), 0), block)
        confidence = None if found.confidence is None else found.confidence[numbers[1:] > 0]
        return Nuclei(labels, confidence, found.doubt)

    def _measure(self, new: Nuclei, pixels: PixelArray, block: Block) -> BlockResult:
        nuclei = _shifted(measure_shapes(new.labels), _origin(block.window), self._plane.size)
        nuclei = with_confidence(nuclei, new.confidence)
        intensities = measure_intensities(new.labels, pixels)
        for table in (nuclei, intensities):
            table["label"] = table["label"] + self._count
        self._count += len(nuclei["label"])
        self._sure.append(replace(new, labels=NOWHERE))
        masks = [encode_block(done, *_origin(other.new)) for other, done in self._canvas.close(block)]
        return BlockResult(nuclei, intensities, masks)

    @contextmanager
    def _timing(self, stage: str) -> Iterator[None]:
        start = time.perf_counter()
        yield
        self.seconds[stage] += time.perf_counter() - start


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


def _size(region: Region) -> tuple[int, int]:
    rows, columns = region
    return rows.stop - rows.start, columns.stop - columns.start


def _origin(region: Region) -> BlockIndex:
    rows, columns = region
    return rows.start, columns.start
