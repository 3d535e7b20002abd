"""Layout of blocks: an image too large for memory in blocks of tiles, each of which overlaps those before it.

Tiles are cut in the pixels that the network sees, nuclei in those of the image. Where it sees the image zoomed, these
differ: a `BlockSpan` has both.
"""

from collections.abc import Iterator
from dataclasses import dataclass
from fractions import Fraction
from itertools import product

import numpy as np
from numpy.typing import NDArray

from model.arrays import Bools, Labels, Region
from model.preprocessing.resampling import Sides, ZoomedSide
from model.segmentation.tiling import Interval, Tile, cut_side

BlockIndex = tuple[int, int]
"""Row and column of a block in the grid of blocks."""

BLOCK_SIDE = 1632
"""Pixels of the image that a block adds along each side, about: two tiles of 1056 with halos of 120, where the network
sees it at its own size. Where it sees it shrunk, tiles are smaller."""

LARGEST_NUCLEUS = 400
"""Pixels of a nucleus that no block cuts, and .."""

LARGEST_ZOOMED = 64
""".. pixels that the network sees of one, which are more of the image where it sees that shrunk."""

EDGE_MARGIN = 64
"""Pixels along an edge behind which the image goes on: what lies there may look different when more is seen; and .."""

ZOOMED_MARGIN = 32
""".. pixels that the network sees, likewise."""

MIN_NEW_PIXELS = 20
"""Pixels that make what sticks out of a known nucleus a new one: fewer are a difference of view."""


@dataclass(frozen=True)
class BlockSizes:
    """Sizes of blocks, and of what they see twice.

    Attributes:
        tile_side: side of a tile, in pixels that the network sees.
        halo: context around what is kept of a tile, likewise.
        tiles: of a block along each side.
        overlap: what a block's window shares with the blocks above and to the left, likewise: nuclei may reach into it.
        margin: see `EDGE_MARGIN`, in pixels of the image.
    """

    tile_side: int
    halo: int
    tiles: int
    overlap: int
    margin: int


def choose_block_sizes(tile_side: int, halo: int, multiple: int, zoom: Fraction) -> BlockSizes:
    """Return the sizes of blocks that need about the same memory at every zoom.

    Args:
        tile_side: side of the largest tile that the network sees.
        halo: context around what is kept of a tile.
        multiple: pixels that a network coarsens by: tiles are larger by multiples of it.
        zoom: how large it sees the image.
    """
    margin = max(EDGE_MARGIN, round(ZOOMED_MARGIN / zoom))
    nucleus = max(LARGEST_NUCLEUS, round(LARGEST_ZOOMED / zoom))
    overlap = int((nucleus + 2 * margin) * zoom) + 2  # an interpolated pixel takes two
    new = max(int(BLOCK_SIDE * min(zoom, Fraction(1))), overlap)
    largest = tile_side - 2 * halo
    if new >= largest:
        return BlockSizes(tile_side, halo, -(-new // largest), overlap, margin)
    return BlockSizes(2 * halo + -(-new // multiple) * multiple, halo, 1, overlap, margin)


@dataclass(frozen=True)
class BlockSpan:
    """Extent of a block along one side of the image.

    Attributes:
        index: counted from 0.
        tiles: what its tiles read and write.
        side: of the image.
        sizes: of its blocks.
    """

    index: int
    tiles: tuple[tuple[Interval, Interval], ...]
    side: ZoomedSide
    sizes: BlockSizes

    @property
    def zoomed_new(self) -> slice:
        """What the network sees in it that it has seen in no block before it."""
        return slice(self.tiles[0][1][0], self.tiles[-1][1][1])

    @property
    def zoomed_window(self) -> slice:
        """That, and what it is shown again of its maps."""
        return slice(max(0, self.zoomed_new.start - self.sizes.overlap), self.zoomed_new.stop)

    @property
    def zoomed_read(self) -> slice:
        """What the network sees of it, for what is new."""
        return slice(self.tiles[0][0][0], self.tiles[-1][0][1])

    @property
    def new(self) -> slice:
        """Pixels of the image that no block before it has covered."""
        return slice(*(self.side.restored(end) for end in (self.zoomed_new.start, self.zoomed_new.stop)))

    @property
    def window(self) -> slice:
        """Those, and what it sees again."""
        return slice(self._restored_from(self.zoomed_window.start), self.new.stop)

    @property
    def shown(self) -> slice:
        """Pixels of the image that make up what the network sees."""
        return self.side.sources(self.zoomed_read)

    @property
    def next_window_start(self) -> int:
        """First pixel of the image in the window of the block after it."""
        return self._restored_from(max(0, self.zoomed_new.stop - self.sizes.overlap))

    @property
    def is_last(self) -> bool:
        """Whether the image ends here."""
        return self.zoomed_new.stop == self.side.zoomed_length

    def _restored_from(self, zoomed_start: int) -> int:
        return self.side.restored_from(zoomed_start) if zoomed_start else 0


@dataclass(frozen=True)
class Block:
    """Block of tiles, and where it lies in the image."""

    rows: BlockSpan
    columns: BlockSpan

    @property
    def index(self) -> BlockIndex:
        """Row and column in the grid of blocks."""
        return self.rows.index, self.columns.index

    @property
    def sides(self) -> Sides:
        """Those of the image."""
        return self.rows.side, self.columns.side

    @property
    def overlap(self) -> int:
        """What its window shares with each block before it, in pixels that the network sees."""
        return self.rows.sizes.overlap

    @property
    def new(self) -> Region:
        """Pixels of the image that no block before it has covered."""
        return self.rows.new, self.columns.new

    @property
    def window(self) -> Region:
        """Those, and what it sees again of the blocks above and to the left."""
        return self.rows.window, self.columns.window

    @property
    def shown(self) -> Region:
        """Pixels of the image that make up what the network sees."""
        return self.rows.shown, self.columns.shown

    @property
    def zoomed_new(self) -> Region:
        """What the network sees in it for the first time, in the pixels that it sees; so are the next two."""
        return self.rows.zoomed_new, self.columns.zoomed_new

    @property
    def zoomed_window(self) -> Region:
        """That, and what it is shown again of its maps."""
        return self.rows.zoomed_window, self.columns.zoomed_window

    @property
    def zoomed_read(self) -> Region:
        """All that its tiles read."""
        return self.rows.zoomed_read, self.columns.zoomed_read

    @property
    def tiles(self) -> Iterator[Tile]:
        """Its tiles, placed in the zoomed image."""
        for (row_read, row_write), (column_read, column_write) in product(
            self.rows.tiles, self.columns.tiles
        ):
            yield Tile((slice(*row_read), slice(*column_read)), (slice(*row_write), slice(*column_write)))

    @property
    def completed(self) -> Iterator[BlockIndex]:
        """Blocks whose labels are final once this one is done: no later window overlaps them."""
        row, column = self.index
        for r in [row - 1] + [row] * self.rows.is_last:
            yield from ((r, c) for c in [column - 1] + [column] * self.columns.is_last if min(r, c) >= 0)


def cut_blocks(sides: Sides, sizes: BlockSizes) -> list[Block]:
    """Cut an image into blocks of whole tiles, those of `cut_tiles` for a tile of that size.

    They follow each other along the image's shorter side, so that as few as possible wait for their neighbours.
    """
    rows, columns = (_cut_spans(side, sizes) for side in sides)
    blocks = [Block(row, column) for row in rows for column in columns]
    height, width = (side.length for side in sides)
    return blocks if width <= height else sorted(blocks, key=lambda block: block.index[::-1])


def _cut_spans(side: ZoomedSide, sizes: BlockSizes) -> list[BlockSpan]:
    tiles = list(cut_side(side.zoomed_length, sizes.tile_side, sizes.halo))
    groups = [tuple(tiles[first : first + sizes.tiles]) for first in range(0, len(tiles), sizes.tiles)]
    return [BlockSpan(index, group, side, sizes) for index, group in enumerate(groups)]


def assign_new_nuclei(found: Labels, known: Labels, block: Block) -> NDArray[np.int32]:
    """Number the nuclei of a block's window that are new and certain.

    Those that earlier blocks assigned are known; those along an edge beyond which an earlier block saw were judged by
    it. Those that touch an edge behind which the image goes on are left to the block there, which sees them whole;
    only what is too large for that is cut, and its parts are nuclei of their own.

    Args:
        found: (h, w) labels 0..n of the block's window, segmented by itself.
        known: (h, w) labels of the same pixels that earlier blocks gave.
        block: where the window lies.

    Returns:
        (n + 1,) int32: the number of each label, 1..m without gaps for those that are new, else 0. Known pixels stay
        with the nuclei that have them.
    """
    count = int(found.max(initial=0))
    area = np.bincount(found.ravel(), minlength=count + 1)
    covered = np.bincount(found[known > 0], minlength=count + 1)
    new = (2 * covered < area) | (area - covered >= MIN_NEW_PIXELS)
    for span, lines in ((block.rows, found), (block.columns, found.T)):
        new &= ~_continue_in_later_block(lines, count, span) & ~_judged_before(lines, count, span)
    new[0] = False
    numbers = np.zeros(count + 1, np.int32)
    numbers[new] = np.arange(1, np.count_nonzero(new) + 1)
    return numbers


def _continue_in_later_block(lines: Labels, count: int, span: BlockSpan) -> Bools:
    """Return for each label whether it touches an edge behind which a block follows that will see all of it."""
    if span.is_last:
        return np.zeros(count + 1, np.bool_)
    next_start = span.next_window_start - span.window.start
    return _occur(lines[-span.sizes.margin :], count) & ~_occur(lines[: max(0, next_start)], count)


def _judged_before(lines: Labels, count: int, span: BlockSpan) -> Bools:
    """Return for each label whether it lies at an edge, and an earlier block saw what is beyond: it knew better."""
    if not span.window.start:
        return np.zeros(count + 1, np.bool_)
    margin, new = span.sizes.margin, span.new.start - span.window.start
    return _occur(lines[:margin], count) & ~_occur(lines[max(0, new - margin) :], count)


def _occur(labels: Labels, count: int) -> Bools:
    occur = np.zeros(count + 1, np.bool_)
    occur[labels] = True
    return occur
