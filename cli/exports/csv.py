"""The format csv: images.csv, nuclei.csv, and wells.csv where there are wells."""

from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path
from typing import Any

from cli.exports.exporter import Written
from cli.progress_bars import track_stream
from nuqleus.csv_files import write_csv
from nuqleus.database.queries.snapshot import Snapshot


def export(results: Snapshot, output: Path) -> Written:
    """Write a row for each image, one for each nucleus, and one for each well, if there are any."""
    rows = (image.columns for image in results.images())
    written = [_write(output / "images.csv", results.image_columns(), rows)]
    nuclei = track_stream(results.nuclei(), "nuclei", results.nucleus_count())
    written.append(_write(output / "nuclei.csv", results.nucleus_columns(), nuclei))
    if results.plate_shape():
        written.append(_write(output / "wells.csv", results.well_columns(), results.wells()))
    return Written(", ".join(written))


def _write(path: Path, columns: Sequence[str], rows: Iterable[Mapping[str, Any]]) -> str:
    return f"{write_csv(path, columns, rows)} rows in {path}"
