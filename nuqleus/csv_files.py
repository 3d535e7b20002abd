"""Tables as CSV files that are safe to open in a spreadsheet."""

import csv
from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path
from typing import Any

from nuqleus.paths import escape_path

FORMULA = ("=", "+", "-", "@")
"""Text that begins like this would be run by a spreadsheet; an apostrophe before it makes it text.

(OWASP, "CSV Injection". Tabs and line ends, which would do the same, are escaped by `nuqleus.paths`.)
"""


def write_csv(path: Path, columns: Sequence[str], rows: Iterable[Mapping[str, Any]]) -> int:
    """Write rows as they come; the file appears under its name when it is whole. Returns their number.

    Columns that a row lacks, and None, are left empty.
    """
    unfinished = path.with_name(f".{path.name}.part")
    count = 0
    with unfinished.open("w", newline="", encoding="utf-8") as file:
        writer = csv.writer(file, lineterminator="\n")
        writer.writerow(columns)
        for row in rows:
            writer.writerow([_cell(row.get(column)) for column in columns])
            count += 1
    unfinished.replace(path)
    return count


def _cell(value: Any) -> Any:
    if not isinstance(value, str):
        return value
    text = escape_path(value)
    return f"'{text}" if text.startswith(FORMULA) else text
