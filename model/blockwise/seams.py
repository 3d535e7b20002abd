"""What blocks hand on to those that follow: maps to look at again, and labels that may still be added to."""

from collections.abc import Iterator

import numpy as np

from model.arrays import Maps
from model.blockwise.block_layout import KEPT, Block, Labels, Place


class MapStrips:
    """The last rows and columns of blocks' maps, for as long as a later block sees them."""

    def __init__(self) -> None:
        self._below: dict[Place, Maps] = {}
        self._beside: dict[Place, Maps] = {}

    def hand_out(self, maps: Maps, block: Block) -> None:
        """Fill in what a block's window (h, w, maps) shows of the blocks above and to the left."""
        (row, column), (top, left) = block.place, _corner(block)
        if row:
            maps[:top, left:] = self._below[row - 1, column]
        if column:
            maps[top:, :left] = self._beside.pop((row, column - 1))
        if row and column:
            maps[:top, :left] = self._below[row - 1, column - 1][:, -KEPT:]

    def take_in(self, maps: Maps, block: Block) -> None:
        """Keep what later blocks will see of a block's window, and let go of what none will."""
        top, left = _corner(block)
        if not block.rows.is_last:
            self._below[block.place] = maps[-KEPT:, left:].copy()
        if not block.columns.is_last:
            self._beside[block.place] = maps[top:, -KEPT:].copy()
        for place in block.ended:
            self._below.pop(place, None)


class LabelCanvas:
    """The label image where it is not complete yet."""

    def __init__(self) -> None:
        self._open: dict[Place, tuple[Block, Labels]] = {}

    def begin(self, block: Block) -> Labels:
        """Make room for a block; returns what is known in its window: (h, w) int32."""
        self._open[block.place] = block, np.zeros(_size(block.new), np.int32)
        known = np.zeros(_size(block.window), np.int32)
        for in_window, there in self._shared(block):
            known[in_window] = there
        return known

    def paint(self, labels: Labels, block: Block) -> None:
        """Add the nuclei of a block's window."""
        for in_window, there in self._shared(block):
            np.copyto(there, labels[in_window], where=labels[in_window] > 0)

    def end(self, block: Block) -> Iterator[tuple[Block, Labels]]:
        """Yield, and forget, what nothing will be added to after this block."""
        for place in block.ended:
            yield self._open.pop(place)

    def _shared(self, block: Block) -> Iterator[tuple[tuple[slice, slice], Labels]]:
        """Yield where in a block's window other blocks lie, and what they hold there, to read or write."""
        for other, labels in self._open.values():
            place = tuple(_overlap(a, b) for a, b in zip(block.window, other.new, strict=True))
            yield _seen_from(place, block.window), labels[_seen_from(place, other.new)]


def _corner(block: Block) -> tuple[int, int]:
    """Where in its window a block's new pixels begin."""
    rows, columns = (new.start - window.start for new, window in zip(block.new, block.window, strict=True))
    return rows, columns


def _size(region: tuple[slice, slice]) -> tuple[int, int]:
    rows, columns = (side.stop - side.start for side in region)
    return rows, columns


def _overlap(a: slice, b: slice) -> slice:
    start = max(a.start, b.start)
    return slice(start, max(start, min(a.stop, b.stop)))


def _seen_from(region: tuple[slice, ...], origin: tuple[slice, slice]) -> tuple[slice, slice]:
    rows, columns = (
        slice(side.start - first.start, side.stop - first.start)
        for side, first in zip(region, origin, strict=True)
    )
    return rows, columns
