"""The format parquet: images.parquet and nuclei.parquet, with the columns of images.csv and nuclei.csv."""

from pathlib import Path

from cli.exports.exporter import Written
from cli.exports.parquet_files import write_parquet
from cli.progress_bars import track_stream
from nuqleus.database.queries.row_types import types_of, types_of_wells
from nuqleus.database.queries.snapshot import Snapshot


def export(results: Snapshot, output: Path) -> Written:
    """Write a row for each image, one for each nucleus, and one for each well, if there are any."""
    others = write_images_and_wells(results, output)
    nuclei = write_parquet(
        output / "nuclei.parquet",
        types_of(results.nucleus_columns()),
        track_stream(results.nuclei(), "nuclei", results.nucleus_count()),
    )
    return Written(f"{others}, {nuclei} rows in nuclei.parquet, in {output}")


def write_images_and_wells(results: Snapshot, output: Path) -> str:
    """Write images.parquet, and wells.parquet if there are wells. Returns how many rows they have."""
    images = write_parquet(
        output / "images.parquet",
        types_of(results.image_columns()),
        (image.columns for image in results.images()),
    )
    written = f"{images} rows in images.parquet"
    if not results.plate_shape():
        return written
    columns = types_of_wells(results.well_columns())
    wells = write_parquet(output / "wells.parquet", columns, results.wells())
    return f"{written}, {wells} rows in wells.parquet"
