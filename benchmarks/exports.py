"""What an export costs, and whether its reader finds what the database holds.

    python benchmarks/exports.py sqlite:///FILE OUTPUT [--format csv …] [--every 20] [-- --path "plate 0"]

Each format is written by `nuqleus export` in a process of its own; what follows `--` goes to it. Prints megabytes
written, seconds (of CPU, and on the clock) and peak memory. Then the library that the format is for reads it back:
number, areas and places of the nuclei must equal those in the database; where there is a file for each image, in every
`--every`-th. `benchmarks/generated_database.py` makes a database.
"""

import os
import shutil
import subprocess
import sys
import time
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import ProcessPoolExecutor
from dataclasses import dataclass
from multiprocessing import get_context
from pathlib import Path
from typing import TypeAlias

import click
import numpy as np
from numpy.typing import NDArray

from nuqleus.database.engine import existing_database
from nuqleus.database.queries.snapshot import Snapshot, StoredImage, snapshot

Table: TypeAlias = NDArray[np.float64]
"""A row a nucleus: area, row and column of its centroid; in the order of the database."""

Reader: TypeAlias = Callable[[Path], Table]


@dataclass(frozen=True)
class Cost:
    """What it took to write."""

    megabytes: float
    cpu_seconds: float
    wall_seconds: float
    peak_megabytes: float


def measure(command: Sequence[str], output: Path) -> Cost:
    """Run an export.

    Raises:
        CalledProcessError: it failed.
    """
    began = time.monotonic()
    process = subprocess.Popen(command)
    _, status, usage = os.wait4(process.pid, 0)
    if status:
        raise subprocess.CalledProcessError(status, list(command))
    size = sum(path.stat().st_size for path in output.rglob("*") if path.is_file())
    return Cost(
        size / 1e6, usage.ru_utime + usage.ru_stime, time.monotonic() - began, usage.ru_maxrss * 1024 / 1e6
    )


def read_csv(output: Path) -> Table:
    """By pandas."""
    import pandas as pd

    columns = ["area", "centroid_row", "centroid_col"]
    frame = pd.read_csv(output / "nuclei.csv", usecols=columns, float_precision="round_trip")
    return frame[columns].to_numpy(float)


def read_parquet(output: Path) -> Table:
    """By pandas."""
    import pandas as pd

    columns = ["area", "centroid_row", "centroid_col"]
    return pd.read_parquet(output / "nuclei.parquet", columns=columns)[columns].to_numpy(float)


def read_cellprofiler(output: Path) -> Table:
    """By pandas, as Pycytominer does."""
    import pandas as pd

    columns = [f"Nuclei_AreaShape_{name}" for name in ("Area", "Center_Y", "Center_X")]
    return pd.read_parquet(output / "cellprofiler.parquet", columns=columns)[columns].to_numpy(float)


def read_cpa(output: Path) -> Table:
    """By SQLite, as CellProfiler Analyst does."""
    import sqlite3

    columns = "Nuclei_AreaShape_Area, Nuclei_Location_Center_Y, Nuclei_Location_Center_X"
    database = sqlite3.connect(output / "cpa/nuclei.db")
    rows = database.execute(f"SELECT {columns} FROM Per_Object ORDER BY ImageNumber, ObjectNumber").fetchall()
    database.close()
    return np.array(rows, float)


def read_anndata(output: Path) -> Table:
    """By AnnData."""
    import anndata

    data = anndata.read_h5ad(output / "nuclei.h5ad", backed="r")
    area = data[:, "area"].to_memory().X
    return np.column_stack([area, data.obsm["spatial"][:, ::-1]])


def read_coco(output: Path) -> Table:
    """By pycocotools: areas of masks; places are of boxes, which are compared elsewhere."""
    from pycocotools.coco import COCO

    annotations = COCO(output / "coco.json").dataset["annotations"]
    return np.array([[annotation["area"], np.nan, np.nan] for annotation in annotations])


TABLES: dict[str, Reader] = {
    "csv": read_csv,
    "parquet": read_parquet,
    "cellprofiler": read_cellprofiler,
    "cpa": read_cpa,
    "anndata": read_anndata,
    "coco": read_coco,
}
"""Formats with one table of all nuclei, and what reads it."""


def read_labels(path: Path) -> Table:
    """By tifffile."""
    import tifffile

    return measure_labels(tifffile.imread(path))


def read_ome_zarr(path: Path) -> Table:
    """By ome-zarr-py."""
    from ome_zarr.io import parse_url
    from ome_zarr.reader import Label, Reader

    location = parse_url(path / "labels/nuclei")
    assert location is not None
    (node,) = [node for node in Reader(location)() if node.load(Label)]
    return measure_labels(np.asarray(node.data[0]))


def measure_labels(labels: NDArray[np.integer]) -> Table:
    """Areas and centroids of a label image."""
    rows, cols = np.nonzero(labels)
    found = labels[rows, cols]
    area = np.bincount(found)[1:]
    return np.column_stack([area, *(np.bincount(found, place)[1:] / area for place in (rows, cols))])


def read_geojson(path: Path) -> Table:
    """By Shapely, on which GEOS stands, as JTS does that QuPath reads with."""
    import gzip
    import json

    import shapely

    features = json.loads(gzip.decompress(path.read_bytes()))["features"]
    shapes = [shapely.geometry.shape(feature["geometry"]) for feature in features]
    assert all(shape.is_valid for shape in shapes)
    return np.array([[shape.area, shape.centroid.y - 0.5, shape.centroid.x - 0.5] for shape in shapes])


def read_rois(path: Path) -> Table:
    """By roifile, and Shapely for areas."""
    import shapely
    from roifile import roiread

    table = []
    rois = roiread(path)
    assert isinstance(rois, list)
    for roi in sorted(rois, key=lambda roi: roi.name):
        rings = roi.coordinates(multi=True)
        shape = shapely.union_all([])
        for ring in rings:
            shape = shape.symmetric_difference(shapely.Polygon(ring))  # holes are rings too
        table.append([shape.area, shape.centroid.y - 0.5, shape.centroid.x - 0.5])
    return np.array(table)


FILES: dict[str, tuple[str, Reader]] = {
    "labels": ("labels/{}.label.tif", read_labels),
    "ome-zarr": ("ome-zarr/{}.ome.zarr", read_ome_zarr),
    "geojson": ("geojson/{}.geojson.gz", read_geojson),
    "rois": ("rois/{}.rois.zip", read_rois),
}
"""Formats with a file for each image: its place, and what reads it."""


def stored_nuclei(results: Snapshot, every: int = 1) -> Iterator[tuple[StoredImage, Table]]:
    """Yield every `every`-th image with its nuclei, as the database has them."""
    columns = ("area", "centroid_row", "centroid_col")
    for number, image in enumerate(results.images()):
        if number % every == 0:
            nuclei = [nucleus for tile in results.nuclei_by_tile(image, 1 << 30) for nucleus in tile]
            yield image, np.array([[nucleus[column] for column in columns] for nucleus in nuclei])


def compare(database_url: str, output: Path, name: str, every: int) -> int:
    """Raise unless what is read back is what the database holds. Returns how many nuclei were compared."""
    with existing_database(database_url) as engine, snapshot(engine) as results:
        return _compare(results, output, name, every)


def in_another_process(function: Callable[..., int], *arguments: object) -> int:
    """Call a function elsewhere: whoever starts a process lends it the peak of its own memory."""
    with ProcessPoolExecutor(1, get_context("spawn")) as pool:
        return pool.submit(function, *arguments).result()


def _compare(results: Snapshot, output: Path, name: str, every: int) -> int:
    if name in TABLES:
        found = TABLES[name](output)
        expected = np.concatenate([table for _, table in stored_nuclei(results)])
        known = ~np.isnan(found).all(axis=0)
        np.testing.assert_array_equal(found[:, known], expected[:, known])
        return len(found)
    place, read = FILES[name]
    compared = 0
    for image, expected in stored_nuclei(results, every):
        np.testing.assert_allclose(read(output / place.format(image.path)), expected, rtol=1e-12)
        compared += len(expected)
    return compared


@click.command()
@click.argument("database_url", metavar="URL")
@click.argument("output", type=click.Path(file_okay=False, path_type=Path))
@click.option("--format", "formats", multiple=True, default=(*TABLES, *FILES))
@click.option("--every", default=20, show_default=True, help="Which share of the images' files is read back.")
@click.argument("options", nargs=-1)
def main(database_url: str, output: Path, formats: Sequence[str], every: int, options: Sequence[str]) -> None:
    """Write each of the formats below OUTPUT, which is deleted after it is read back."""
    click.echo("| format | MB written | seconds of CPU | seconds | peak memory in MB | nuclei compared |")
    click.echo("| --- | --- | --- | --- | --- | --- |")
    for name in formats:
        as_profile = (
            ("--format", "parquet", "--profile", name) if name == "cellprofiler" else ("--format", name)
        )
        command = [
            sys.executable,
            "-m",
            "cli.main",
            "export",
            "--output",
            str(output),
            "--database",
            database_url,
        ]
        cost = measure([*command, *as_profile, *options], output)
        compared = in_another_process(compare, database_url, output, name, every)
        click.echo(
            f"| {name} | {cost.megabytes:.0f} | {cost.cpu_seconds:.0f} | {cost.wall_seconds:.0f} "
            f"| {cost.peak_megabytes:.0f} | {compared} |"
        )
        shutil.rmtree(output)


if __name__ == "__main__":
    main()
