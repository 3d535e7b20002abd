"""Tables as CSV files that are safe to open in a spreadsheet."""

import csv
from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path
from typing import Any

from nuqleus.paths import escape_path
from nuqleus.whole_files import whole_file

FORMULA = ("=", "+", "-", "@")
"""Text that begins like this would be run by a spreadsheet; an apostrophe before it makes it text.

(OWASP, "CSV Injection". Tabs and line ends, which would do the same, are escaped by `nuqleus.paths`.)
"""


def write_csv(path: Path, columns: Sequence[str], rows: Iterable[Mapping[str, Any]]) -> int:
    """Write rows as they come; the file appears under its name when it is whole. Returns their number.

    Columns that a row lacks, and None, are left empty.
    """
    count = 0
    with whole_file(path) as unfinished, unfinished.open("w", newline="", encoding="utf-8") as file:
        writer = csv.writer(file, lineterminator="\n")
        writer.writerow(columns)
        for row in rows:
            values = map(row.get, columns)
            writer.writerow([defused(value) if isinstance(value, str) else value for value in values])
            count += 1
    return count


def defused(value: Any) -> Any:
    """A value as it may stand in a table: text is made visible, and no formula."""
    if not isinstance(value, str):
        return value
    text = escape_path(value)
    return f"'{text}" if text.startswith(FORMULA) else text
