"""Layout of blocks: an image too large for memory in blocks of tiles, each of which overlaps those before it."""

from collections.abc import Iterator
from dataclasses import dataclass
from itertools import product

import numpy as np

from model.arrays import Bools, Labels
from model.segmentation.tiling import Interval, Tile, cut_side

BlockIndex = tuple[int, int]
"""Row and column of a block in the grid of blocks."""

Region = tuple[slice, slice]
"""Rows and columns of an image, or of a part of one."""

TILES_PER_SIDE = 2
"""Tiles along a block's side: with tiles of 1056 and halos of 120 that makes blocks of 1632 pixels."""

OVERLAP = 384
"""Pixels that a block's window shares with the blocks above and to the left, where nuclei may reach into it."""

EDGE_MARGIN = 64
"""Pixels along an edge behind which the image goes on: what lies there may look different when more is seen."""

MIN_NEW_PIXELS = 20
"""Pixels that make what sticks out of a known nucleus a new one: fewer are a difference of view."""


@dataclass(frozen=True)
class BlockSpan:
    """Extent of a block along one side of the image.

    Attributes:
        index: counted from 0.
        tiles: what its tiles read and write.
        length: of the image's side.
    """

    index: int
    tiles: tuple[tuple[Interval, Interval], ...]
    length: int

    @property
    def new(self) -> slice:
        """What no block before it has covered."""
        return slice(self.tiles[0][1][0], self.tiles[-1][1][1])

    @property
    def window(self) -> slice:
        """That, and what it sees again."""
        return slice(max(0, self.new.start - OVERLAP), self.new.stop)

    @property
    def read(self) -> slice:
        """All that its tiles and its window need."""
        return slice(min(self.window.start, self.tiles[0][0][0]), self.tiles[-1][0][1])

    @property
    def is_last(self) -> bool:
        """Whether the image ends here."""
        return self.new.stop == self.length


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
    def new(self) -> Region:
        """What no block before it has covered."""
        return self.rows.new, self.columns.new

    @property
    def window(self) -> Region:
        """That, and what it sees again of the blocks above and to the left."""
        return self.rows.window, self.columns.window

    @property
    def read(self) -> Region:
        """All that its tiles and its window need."""
        return self.rows.read, self.columns.read

    @property
    def tiles(self) -> Iterator[Tile]:
        """Its tiles, placed in the image."""
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


def relative_to(region: Region, outer: Region) -> Region:
    """Return where a region lies in one around it."""
    rows, columns = (
        slice(side.start - around.start, side.stop - around.start)
        for side, around in zip(region, outer, strict=True)
    )
    return rows, columns


def cut_blocks(height: int, width: int, side: int, halo: int) -> list[Block]:
    """Cut an image into blocks of whole tiles, those of `cut_tiles`.

    They follow each other along the image's shorter side, so that as few as possible wait for their neighbours.
    """
    rows, columns = _cut_spans(height, side, halo), _cut_spans(width, side, halo)
    blocks = [Block(row, column) for row in rows for column in columns]
    return blocks if width <= height else sorted(blocks, key=lambda block: block.index[::-1])


def _cut_spans(length: int, side: int, halo: int) -> list[BlockSpan]:
    tiles = list(cut_side(length, side, halo))
    groups = [tuple(tiles[first : first + TILES_PER_SIDE]) for first in range(0, len(tiles), TILES_PER_SIDE)]
    return [BlockSpan(index, group, length) for index, group in enumerate(groups)]


def assign_new_nuclei(found: Labels, known: Labels, block: Block) -> Labels:
    """Number the nuclei of a block's window that are new and certain.

    Those that earlier blocks assigned are known. Those that touch an edge behind which the image goes on are left to
    the block there, which sees them whole; only what is too large for that is cut, and its parts are nuclei of their
    own.

    Args:
        found: (h, w) labels 0..n of the block's window, segmented by itself.
        known: (h, w) labels of the same pixels that earlier blocks gave.
        block: where the window lies.

    Returns:
        (h, w) int32, 1..m without gaps: the nuclei that are new; known pixels stay with the nuclei that have them.
    """
    count = int(found.max(initial=0))
    area = np.bincount(found.ravel(), minlength=count + 1)
    covered = np.bincount(found[known > 0], minlength=count + 1)
    new = (2 * covered < area) | (area - covered >= MIN_NEW_PIXELS)
    new &= ~_continue_in_later_block(found, count, block)
    new[0] = False
    numbers = np.zeros(count + 1, np.int32)
    numbers[new] = np.arange(1, np.count_nonzero(new) + 1)
    return np.where(known > 0, np.int32(0), numbers[found])


def _continue_in_later_block(found: Labels, count: int, block: Block) -> Bools:
    """Return for each label whether it touches an edge behind which a block follows that will see all of it."""
    later = np.zeros(count + 1, np.bool_)
    for span, lines in ((block.rows, found), (block.columns, found.T)):
        if not span.is_last:
            later |= _occur(lines[-EDGE_MARGIN:], count) & ~_occur(lines[:-OVERLAP], count)
    return later


def _occur(labels: Labels, count: int) -> Bools:
    occur = np.zeros(count + 1, np.bool_)
    occur[labels] = True
    return occur
