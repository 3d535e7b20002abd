"""DataFrames of rows that come one by one; a row takes a few hundred bytes, not the thousands of a dict."""

from collections.abc import Iterable, Mapping, Sequence
from typing import TYPE_CHECKING, Any

import numpy as np

from nuqleus.database.batches import batched
from nuqleus.errors import NuqleusError

if TYPE_CHECKING:
    from pandas import DataFrame

ROWS = 10_000
"""Rows that are held as dicts."""

WITHOUT_MISSING: dict[type, type] = {int: float, bool: object}
"""Types whose arrays have no room for a missing value, and what has."""


def to_frame(columns: Mapping[str, type], rows: Iterable[Mapping[str, Any]]) -> "DataFrame":
    """Put rows together.

    Args:
        columns: what the values of each are: text, whole numbers, numbers, or yes and no.
        rows: values by column. Where one is missing, text is None, a number NaN, and a whole number, or yes and no,
            `pandas.NA`.

    Raises:
        NuqleusError: pandas isn't installed.
    """
    try:
        from pandas import DataFrame
    except ModuleNotFoundError as error:
        raise NuqleusError(
            "tables of results need the library pandas: pip install 'nuqleus[pandas]'"
        ) from error
    parts: dict[str, list[Any]] = {name: [] for name in columns}
    texts: dict[str, str] = {}
    for batch in batched(rows, ROWS):
        for name, kind in columns.items():
            values = [row.get(name) for row in batch]
            if kind is str:  # the same text is kept once
                values = [value if value is None else texts.setdefault(value, value) for value in values]
            parts[name].append(_compact(values, kind))
    return DataFrame({name: _joined(parts[name], kind) for name, kind in columns.items()})


def _compact(values: Sequence[Any], kind: type) -> Any:
    """Return an array of the values; whole numbers of which one is missing are numbers for now, yes and no objects."""
    if kind in WITHOUT_MISSING and any(value is None for value in values):
        kind = WITHOUT_MISSING[kind]
    return np.array(values, object if kind is str else kind)


def _joined(parts: Sequence[Any], kind: type) -> Any:
    from pandas import array

    if not parts:
        return np.array([], object if kind is str else kind)
    joined = np.concatenate(parts)
    has_missing = kind in WITHOUT_MISSING and joined.dtype == WITHOUT_MISSING[kind]
    return array(joined, "Int64" if kind is int else "boolean") if has_missing else joined
