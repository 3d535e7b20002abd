"""The format csv: images.csv and nuclei.csv."""

from pathlib import Path

from cli.exports.exporter import Written
from nuqleus.csv_files import write_csv
from nuqleus.database.queries.snapshot import IMAGE_COLUMNS, Snapshot, nucleus_columns


def export(results: Snapshot, output: Path) -> Written:
    """Write a row for each image, and one for each nucleus."""
    rows = (image.columns for image in results.images())
    images = write_csv(output / "images.csv", IMAGE_COLUMNS, rows)
    nuclei = write_csv(output / "nuclei.csv", nucleus_columns(results.channels()), results.nuclei())
    return Written(f"{images} rows in {output / 'images.csv'}, {nuclei} rows in {output / 'nuclei.csv'}")
