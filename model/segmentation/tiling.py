"""Overlapping tiles of a large image, so that memory stays bounded and no seam shows."""

from collections.abc import Iterator
from dataclasses import dataclass

Interval = tuple[int, int]
"""First and one-past-last pixel along one side."""


@dataclass(frozen=True)
class Tile:
    """A tile of an image.

    Attributes:
        read: rows and columns that the network sees.
        write: rows and columns of the result that are taken from it: those with enough context on every side.
    """

    read: tuple[slice, slice]
    write: tuple[slice, slice]

    @property
    def inner(self) -> tuple[slice, slice]:
        """Where `write` lies within `read`."""
        rows, columns = (
            slice(write.start - read.start, write.stop - read.start)
            for read, write in zip(self.read, self.write, strict=True)
        )
        return rows, columns

    def relative_to(self, row: int, column: int) -> "Tile":
        """Return the same tile in the coordinates of a window that begins at this row and column."""
        read, write = (
            (_shifted(rows, -row), _shifted(columns, -column)) for rows, columns in (self.read, self.write)
        )
        return Tile(read, write)


def cut_tiles(height: int, width: int, side: int, halo: int) -> Iterator[Tile]:
    """Cover an image with tiles of at most `side` pixels whose written parts lie `halo` inside those read.

    Written parts touch without overlap and cover everything; an image no larger than `side` is one tile. Tiles begin
    at multiples of the greatest common divisor of `side` and `halo`, so that a network that coarsens by a divisor
    of it sees every tile in step with the whole image.

    Raises:
        ValueError: `side` is no larger than two halos.
    """
    if side <= 2 * halo:
        raise ValueError(f"A tile must be larger than its two halos. Received: {side} and {halo}.")
    for row_read, row_write in cut_side(height, side, halo):
        for column_read, column_write in cut_side(width, side, halo):
            yield Tile((slice(*row_read), slice(*column_read)), (slice(*row_write), slice(*column_write)))


def _shifted(span: slice, by: int) -> slice:
    return slice(span.start + by, span.stop + by)


def cut_side(length: int, side: int, halo: int) -> Iterator[tuple[Interval, Interval]]:
    """Cut one side of an image: what is read and what is written of each tile, as `cut_tiles` has it."""
    start = 0
    while True:
        read = max(0, start - halo)
        stop = read + side - halo
        if read + side >= length:
            yield (read, length), (start, length)
            return
        yield (read, read + side), (start, stop)
        start = stop
