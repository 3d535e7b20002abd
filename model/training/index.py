"""Index of a dataset, index.csv: which kind each labelled image is of."""

import csv
from pathlib import Path

from model.errors import DatasetError
from model.evaluation.scores import ALL

UNKNOWN_KIND = "image"
"""What an image is of that the index doesn't speak of."""


def read_kinds(folder: Path) -> dict[str, str]:
    """Return the kinds of images by their names, from the index in a folder or beside it; none without an index.

    Raises:
        DatasetError: the index can't be read.
    """
    for index in (folder / "index.csv", folder.parent / "index.csv"):
        if index.is_file():
            return _read(index)
    return {}


def _read(index: Path) -> dict[str, str]:
    try:
        with index.open(newline="", encoding="utf-8-sig") as lines:  # Excel begins UTF-8 with a mark
            rows = csv.DictReader(lines)
            _check_columns(index, list(rows.fieldnames or ()))
            kinds = {row["id"]: row["kind"] or UNKNOWN_KIND for row in rows}
    except (UnicodeDecodeError, csv.Error) as error:
        raise DatasetError(f"{index} can't be read: {error}. Save it as CSV in UTF-8.") from error
    if ALL in kinds.values():
        raise DatasetError(
            f"{index} calls a kind {ALL!r}, which is what figures over all images are called. Name it otherwise."
        )
    return kinds


def _check_columns(index: Path, columns: list[str]) -> None:
    missing = [name for name in ("id", "kind") if name not in columns]
    if missing:
        raise DatasetError(
            f"{index} has no column {' and no '.join(missing)}: its first line must name the columns id and kind, "
            f"separated by commas. It is {', '.join(columns)!r}."
        )
