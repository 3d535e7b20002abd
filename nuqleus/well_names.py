"""Well names: `A01` as people and microscopes write it (`a1`, `A001`, `AF48`), and 0-based rows and columns."""

import re
from dataclasses import dataclass

LAST_ROW, LAST_COL = 31, 47
"""The last row, AF, and the last column, 48, of a plate of 1,536 wells."""

_NAME = re.compile(r"\s*([A-Za-z]{1,2})\s*[-:]?\s*0*(\d{1,2})\s*")

PLATE_SIZES = ((2, 3), (3, 4), (4, 6), (6, 8), (8, 12), (16, 24), (32, 48))
"""Rows and columns of plates of 6 to 1,536 wells."""


@dataclass(frozen=True, order=True)
class WellPlace:
    """A well's place, 0-based."""

    row: int
    col: int

    @property
    def name(self) -> str:
        """`A01`."""
        tens, ones = divmod(self.row, 26)
        letters = chr(ord("A") + tens - 1) * bool(tens) + chr(ord("A") + ones)
        return f"{letters}{self.col + 1:02d}"


def parse_well(text: str) -> WellPlace | None:
    """The well that somebody's name stands for; None for what is no well of a plate of up to 1,536."""
    name = _NAME.fullmatch(text)
    if name is None:
        return None
    row = 0
    for letter in name[1].upper():
        row = row * 26 + ord(letter) - ord("A") + 1
    return well_at(row - 1, int(name[2]) - 1)


def well_at(row: int, col: int) -> WellPlace | None:
    """The well at a 0-based row and column, if a plate can have it."""
    return WellPlace(row, col) if 0 <= row <= LAST_ROW and 0 <= col <= LAST_COL else None


def plate_size(last_row: int, last_col: int) -> tuple[int, int]:
    """Rows and columns of the smallest usual plate that has these (0-based) last rows and columns."""
    return next(size for size in PLATE_SIZES if last_row < size[0] and last_col < size[1])
