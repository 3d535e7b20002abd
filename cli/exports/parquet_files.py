"""Parquet files, written a few thousand rows at a time."""

from collections.abc import Iterable, Iterator, Mapping
from itertools import islice
from pathlib import Path
from typing import Any

import pyarrow as pa
from pyarrow.parquet import ParquetWriter

from nuqleus.csv_files import defused
from nuqleus.whole_files import whole_file

ROWS = 10_000
"""Rows that are held in memory, and lie together in a file."""

TYPES = {str: pa.string(), int: pa.int64(), float: pa.float64(), bool: pa.bool_()}
"""Parquet's types for Python's."""


def write_parquet(path: Path, columns: Mapping[str, type], rows: Iterable[Mapping[str, Any]]) -> int:
    """Write rows as they come; the file appears under its name when it is whole. Returns their number.

    Args:
        path: the file.
        columns: what the values of each are: text, whole numbers, numbers, or yes and no.
        rows: values by column; those that a row lacks, and None, are null.
    """
    schema = pa.schema([(name, TYPES[kind]) for name, kind in columns.items()])
    count = 0
    with whole_file(path) as unfinished, ParquetWriter(unfinished, schema, compression="zstd") as writer:
        for some in _portions(rows):
            values = {name: [row.get(name) for row in some] for name in columns}
            texts = {name: list(map(defused, values[name])) for name, kind in columns.items() if kind is str}
            writer.write_table(pa.table(values | texts, schema))
            count += len(some)
    return count


def _portions(rows: Iterable[Mapping[str, Any]]) -> Iterator[list[Mapping[str, Any]]]:
    left = iter(rows)
    while some := list(islice(left, ROWS)):
        yield some
