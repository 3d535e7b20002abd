"""Cells of an image: what is measured at a time, so that memory is bounded and an image in blocks is measured alike."""

from collections.abc import Iterator
from dataclasses import dataclass
from itertools import product

import numpy as np

from model.arrays import Ints, Region
from model.measurements.columns import Table

CELL_SIDE = 2048
"""Pixels along the side of a cell; whole tiles of `model.measurements.focus`."""


@dataclass(frozen=True)
class Cell:
    """A cell of the grid over an image.

    Attributes:
        region: its pixels; every pixel of the image lies in one cell.
        window: those that must be seen with it, for all around its nuclei.
        nuclei: (n,) rows of the table of nuclei whose bounding box begins in it.
    """

    region: Region
    window: Region
    nuclei: Ints

    @property
    def inner(self) -> Region:
        """Where the region lies in the window."""
        rows, columns = (
            slice(part.start - seen.start, part.stop - seen.start)
            for part, seen in zip(self.region, self.window, strict=True)
        )
        return rows, columns


def cut_cells(size: tuple[int, int], nuclei: Table, margin: int) -> Iterator[Cell]:
    """Cut an image (H, W) into cells, row by row.

    Args:
        size: of the image.
        nuclei: their bounding boxes, as `measure_shapes` returns them.
        margin: pixels that must be seen around each nucleus, and around each cell.
    """
    grid = tuple(-(-length // CELL_SIDE) for length in size)
    place = nuclei["bbox_row0"] // CELL_SIDE * grid[1] + nuclei["bbox_col0"] // CELL_SIDE
    order = np.argsort(place, kind="stable")
    ends = np.searchsorted(place[order], np.arange(grid[0] * grid[1] + 1))
    for number, (row, column) in enumerate(product(*map(range, grid))):
        of_cell = order[ends[number] : ends[number + 1]]
        rows = _side(row, size[0], nuclei["bbox_row1"][of_cell], margin)
        columns = _side(column, size[1], nuclei["bbox_col1"][of_cell], margin)
        yield Cell((rows[0], columns[0]), (rows[1], columns[1]), of_cell)


def _side(number: int, length: int, ends: Ints, margin: int) -> Region:
    """Return the extent of a cell along a side of the image, and that of its window."""
    start, stop = number * CELL_SIDE, min((number + 1) * CELL_SIDE, length)
    seen = max(stop, int(ends.max(initial=0))) + margin
    return slice(start, stop), slice(max(0, start - margin), min(seen, length))
