"""Images too large to be worked on at once, in blocks of tiles; each block looks back at those before it."""

from collections.abc import Iterator
from dataclasses import dataclass
from itertools import product

import numpy as np
from numpy.typing import NDArray

from model.segmentation.tiling import Interval, Tile, cut_side

Labels = NDArray[np.int32]
Place = tuple[int, int]
"""Row and column of a block among the blocks."""

TILES = 2
"""Tiles along a block's side: with tiles of 1056 and margins of 120 that makes blocks of 1632 pixels."""

KEPT = 384
"""Pixels that a block sees again of those above it and to its left, where nuclei may reach into it."""

UNSURE = 64
"""Pixels along an edge at which the image goes on: what lies there may look different when more is seen."""

SLIVER = 20
"""Pixels of a nucleus that is known but for these: fewer are a difference of view, not a part of it."""


@dataclass(frozen=True)
class Stripe:
    """A block along one side.

    Attributes:
        number: counted from 0.
        tiles: what its tiles read and write.
        length: of the image's side.
    """

    number: int
    tiles: tuple[tuple[Interval, Interval], ...]
    length: int

    @property
    def new(self) -> slice:
        """What no block before it has covered."""
        return slice(self.tiles[0][1][0], self.tiles[-1][1][1])

    @property
    def window(self) -> slice:
        """That, and what it sees again."""
        return slice(max(0, self.new.start - KEPT), self.new.stop)

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
    """Some tiles of an image, and where they lie."""

    rows: Stripe
    columns: Stripe

    @property
    def place(self) -> Place:
        """Row and column among the blocks."""
        return self.rows.number, self.columns.number

    @property
    def new(self) -> tuple[slice, slice]:
        """What no block before it has covered."""
        return self.rows.new, self.columns.new

    @property
    def window(self) -> tuple[slice, slice]:
        """That, and what it sees again of the blocks above and to the left."""
        return self.rows.window, self.columns.window

    @property
    def read(self) -> tuple[slice, slice]:
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
    def ended(self) -> Iterator[Place]:
        """The blocks that no later block sees, once this one is done."""
        row, column = self.place
        for r in [row - 1] + [row] * self.rows.is_last:
            yield from ((r, c) for c in [column - 1] + [column] * self.columns.is_last if min(r, c) >= 0)


def cut_blocks(height: int, width: int, side: int, margin: int) -> list[Block]:
    """Cut an image into blocks of whole tiles, those of `cut_tiles`.

    They follow each other along the image's shorter side, so that as few as possible wait for their neighbours.
    """
    rows, columns = _stripes(height, side, margin), _stripes(width, side, margin)
    blocks = [Block(row, column) for row in rows for column in columns]
    return blocks if width <= height else sorted(blocks, key=lambda block: block.place[::-1])


def _stripes(length: int, side: int, margin: int) -> list[Stripe]:
    tiles = list(cut_side(length, side, margin))
    groups = [tuple(tiles[first : first + TILES]) for first in range(0, len(tiles), TILES)]
    return [Stripe(number, group, length) for number, group in enumerate(groups)]


def settle(found: Labels, known: Labels, block: Block) -> Labels:
    """Tell which of the nuclei that a block shows are new, and sure.

    Those that earlier blocks settled are known. Those that touch an edge behind which the image goes on are left to the
    block there, which sees them whole; only what is too large for that is cut, and its parts are nuclei of their own.

    Args:
        found: (h, w) labels 0..n of the block's window, looked at by itself.
        known: (h, w) labels of the same pixels that earlier blocks gave.
        block: where the window lies.

    Returns:
        (h, w) int32, 1..m without gaps: the nuclei to be settled now; known pixels stay with whom they belong to.
    """
    count = int(found.max(initial=0))
    area = np.bincount(found.ravel(), minlength=count + 1)
    covered = np.bincount(found[known > 0], minlength=count + 1)
    new = (2 * covered < area) | (area - covered >= SLIVER)
    new &= ~_left_to_later(found, count, block)
    new[0] = False
    numbers = np.zeros(count + 1, np.int32)
    numbers[new] = np.arange(1, np.count_nonzero(new) + 1)
    return np.where(known > 0, np.int32(0), numbers[found])


def _left_to_later(found: Labels, count: int, block: Block) -> NDArray[np.bool_]:
    """Return for each label whether it touches an edge behind which a block follows that will see all of it."""
    later = np.zeros(count + 1, np.bool_)
    for stripe, lines in ((block.rows, found), (block.columns, found.T)):
        if not stripe.is_last:
            later |= _occur(lines[-UNSURE:], count) & ~_occur(lines[:-KEPT], count)
    return later


def _occur(labels: Labels, count: int) -> NDArray[np.bool_]:
    occur = np.zeros(count + 1, np.bool_)
    occur[labels] = True
    return occur
