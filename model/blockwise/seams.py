"""Seams between blocks: maps that later windows overlap, and labels that may still be added to."""

from collections.abc import Iterator

import numpy as np

from model.arrays import Labels, Maps, Region
from model.blockwise.block_layout import Block, BlockIndex
from model.preprocessing.resampling import relative_to


class MapStrips:
    """Last rows and columns of blocks' maps, as the network saw them, for as long as a later window overlaps them."""

    def __init__(self) -> None:
        self._below: dict[BlockIndex, Maps] = {}
        self._beside: dict[BlockIndex, Maps] = {}

    def restore(self, maps: Maps, block: Block) -> None:
        """Fill in what a block's window (h, w, maps) shares with the blocks above and to the left."""
        (row, column), (top, left) = block.index, _corner(block)
        if row:
            maps[:top, left:] = self._below[row - 1, column]
        if column:
            maps[top:, :left] = self._beside.pop((row, column - 1))
        if row and column:
            maps[:top, :left] = self._below[row - 1, column - 1][:, -block.overlap :]

    def save(self, maps: Maps, block: Block) -> None:
        """Keep what later windows will share of a block's, (h, w, maps), and let go of what none will."""
        top, left = _corner(block)
        if not block.rows.is_last:
            self._below[block.index] = maps[-block.overlap :, left:].copy()
        if not block.columns.is_last:
            self._beside[block.index] = maps[top:, -block.overlap :].copy()
        for index in block.completed:
            self._below.pop(index, None)


class LabelCanvas:
    """Label image where it is not complete yet: the open blocks."""

    def __init__(self) -> None:
        self._open: dict[BlockIndex, tuple[Block, Labels]] = {}

    def open(self, block: Block) -> Labels:
        """Open a block; returns what is known in its window: (h, w) int32."""
        self._open[block.index] = block, np.zeros(_size(block.new), np.int32)
        known = np.zeros(_size(block.window), np.int32)
        for in_window, there in self._shared(block):
            known[in_window] = there
        return known

    def write(self, labels: Labels, block: Block) -> None:
        """Add the nuclei of a block's window, (h, w)."""
        for in_window, there in self._shared(block):
            np.copyto(there, labels[in_window], where=labels[in_window] > 0)

    def close(self, block: Block) -> Iterator[tuple[Block, Labels]]:
        """Yield, and forget, the blocks that nothing will be added to after this one, with their labels (h, w)."""
        for index in block.completed:
            yield self._open.pop(index)

    def _shared(self, block: Block) -> Iterator[tuple[Region, Labels]]:
        """Yield where in a block's window other blocks lie, and what they hold there, to read or write."""
        for other, labels in self._open.values():
            shared = _intersection(block.window, other.new)
            yield relative_to(shared, block.window), labels[relative_to(shared, other.new)]


def _corner(block: Block) -> tuple[int, int]:
    """Where in its window begins what the network sees for the first time."""
    rows, columns = (
        new.start - window.start for new, window in zip(block.zoomed_new, block.zoomed_window, strict=True)
    )
    return rows, columns


def _size(region: Region) -> tuple[int, int]:
    rows, columns = (side.stop - side.start for side in region)
    return rows, columns


def _intersection(one: Region, other: Region) -> Region:
    """What two regions share; empty where they share nothing."""
    starts = [max(a.start, b.start) for a, b in zip(one, other, strict=True)]
    stops = [min(a.stop, b.stop) for a, b in zip(one, other, strict=True)]
    rows, columns = (slice(start, max(start, stop)) for start, stop in zip(starts, stops, strict=True))
    return rows, columns
