"""Plate maps: what is in the wells, from a CSV file with a column `well` and any others.

Spreadsheets write them with or without a byte order mark, with commas, semicolons or tabs, in UTF-8, UTF-16 or the code
page of Western Windows; wells are `A01`, `a1` or `A001`.
"""

import codecs
import csv
import io
import re
from collections.abc import Iterator
from pathlib import Path

from nuqleus.errors import PermanentError
from nuqleus.well_names import WellPlace, parse_well

WELL = "well"
LARGEST = 10 * 2**20
"""Bytes of a plate map."""

_DELIMITERS = ",;\t"
_SEPARATOR_LINE = re.compile(r'"?sep=(.)"?[,;\t]*\n', re.IGNORECASE)
"""A first line by which Excel is told what stands between cells."""

PlateMap = dict[WellPlace, dict[str, str]]
"""What is in each well, by column; empty cells are left out."""


class PlateMapError(PermanentError):
    """A plate map that makes no sense; nothing was attached."""


def read_plate_map(path: Path) -> PlateMap:
    """Read a plate map.

    Raises:
        PlateMapError: it can't be read or makes no sense; with the lines and what to put right.
    """
    rows = _rows(path)
    try:
        _, header = next(rows)
    except StopIteration:
        raise PlateMapError(f"{path} is empty: a plate map has a column {WELL} and others") from None
    names = _names(path, header)
    plate_map: PlateMap = {}
    lines: dict[WellPlace, int] = {}
    for line, row in rows:
        if len(row) > len(names):
            raise PlateMapError(f"{path}, line {line}: {len(row)} cells, but {len(names)} columns")
        values = dict(zip(names, row, strict=False))
        well = _well(path, line, values.pop(WELL, ""))
        if well in lines:
            raise PlateMapError(
                f"{path}, line {line}: well {well.name} is there twice; first in line {lines[well]}"
            )
        lines[well] = line
        plate_map[well] = {name: value for name, value in values.items() if name and value}
    if not plate_map:
        raise PlateMapError(f"{path} has a header, and no well below it: nothing of it is taken")
    return plate_map


def _names(path: Path, header: list[str]) -> list[str]:
    """Names of the columns; the one of the wells as WELL."""
    names = [WELL if name.casefold() == WELL else name for name in header]
    if WELL not in names:
        raise PlateMapError(f"{path} has no column {WELL}. Its columns: {', '.join(map(repr, names))}")
    twice = sorted({name for name in names if name and names.count(name) > 1})
    if twice:
        raise PlateMapError(f"{path} has two columns {', '.join(map(repr, twice))}")
    return names


def _well(path: Path, line: int, text: str) -> WellPlace:
    well = parse_well(text)
    if well is None:
        raise PlateMapError(f"{path}, line {line}: {text!r} is no well (A01 to AF48)")
    return well


def _rows(path: Path) -> Iterator[tuple[int, list[str]]]:
    """Rows that hold anything, with the numbers of their lines; of spaces in cells, single ones stay."""
    text = io.StringIO(_text(path), newline=None).read()
    told = _SEPARATOR_LINE.match(text)
    table = text[told.end() :] if told else text
    first = table.partition("\n")[0]
    delimiter = told[1] if told else max(_DELIMITERS, key=first.count)
    reader = csv.reader(io.StringIO(table), delimiter=delimiter, strict=True)
    try:
        for row in reader:
            cells = [" ".join(cell.split()) for cell in row]
            if any(cells):
                yield reader.line_num + (1 if told else 0), cells
    except csv.Error as error:
        raise PlateMapError(f"{path}, line {reader.line_num}: {error}") from error


def _text(path: Path) -> str:
    try:
        if path.stat().st_size > LARGEST:
            raise PlateMapError(f"{path} has more than {LARGEST >> 20} MiB: this is no plate map")
        data = path.read_bytes()
    except OSError as error:
        raise PlateMapError(f"{path} can't be read: {error.strerror}") from error
    if data.startswith((codecs.BOM_UTF16_LE, codecs.BOM_UTF16_BE)):
        return data.decode("utf-16", errors="replace")
    try:
        return data.decode("utf-8-sig")
    except UnicodeDecodeError:
        return data.decode("cp1252", errors="replace")
