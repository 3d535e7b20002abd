"""Nuclei read back from every format of `nuqleus export`, by the library that the format is for.

Each reader returns a table, (N, 5): a number of the image, the label, the area, and row and column of the centroid; NaN
where the format, or the reader, doesn't say.
"""

from collections.abc import Callable, Mapping, Sequence
from contextlib import closing
from pathlib import Path
from typing import Any, TypeAlias

import numpy as np
from numpy.typing import NDArray

Table: TypeAlias = NDArray[np.float64]

Reader: TypeAlias = Callable[[Path], Table]

DRAWN_IMAGES, DRAWN_NUCLEI = 20, 1_000
"""Of every so manieth image, so many masks are drawn to find their centroids."""

COLUMNS = ["image_id", "label", "area", "centroid_row", "centroid_col"]


def read_csv(output: Path) -> Table:
    """By pandas."""
    import pandas as pd

    frame = pd.read_csv(output / "nuclei.csv", usecols=COLUMNS, float_precision="round_trip")
    return frame[COLUMNS].to_numpy(float)


def read_parquet(output: Path) -> Table:
    """By pyarrow."""
    import pyarrow.parquet as pq

    table = pq.read_table(output / "nuclei.parquet", columns=COLUMNS)
    return np.column_stack([table[name].to_numpy() for name in COLUMNS]).astype(float)


def read_cellprofiler(output: Path) -> Table:
    """By Pycytominer."""
    from pycytominer.cyto_utils import load_profiles

    names = ["Metadata_ImageNumber", "Metadata_ObjectNumber"]
    names += [f"Nuclei_AreaShape_{name}" for name in ("Area", "Center_Y", "Center_X")]
    return load_profiles(output / "cellprofiler.parquet")[names].to_numpy(float)


def read_cpa(output: Path) -> Table:
    """By SQLite and the properties, as CellProfiler Analyst does."""
    import sqlite3

    lines = (output / "cpa/nuclei.properties").read_text(encoding="utf-8").splitlines()
    parts = [line.partition("=") for line in lines if not line.startswith("#")]
    given = {name.strip(): value.strip() for name, _, value in parts}
    columns = "{image_id}, {object_id}, Nuclei_AreaShape_Area, {cell_y_loc}, {cell_x_loc}".format_map(given)
    with closing(sqlite3.connect(output / "cpa" / given["db_sqlite_file"])) as database:
        rows = database.execute(f"SELECT {columns} FROM {given['object_table']}").fetchall()
    return np.array(rows, np.float64).reshape(-1, len(COLUMNS))


def read_anndata(output: Path) -> Table:
    """By AnnData."""
    import anndata

    data = anndata.read_h5ad(output / "nuclei.h5ad", backed="r")
    area = data[:, "area"].to_memory().X
    keys = data.obs[["image_id", "label"]].to_numpy(float)
    return np.column_stack([keys, area, data.obsm["spatial"][:, ::-1]])


def read_coco(output: Path) -> Table:
    """By pycocotools: areas of all masks, and centroids of some, which are drawn for that, each in a whole image."""
    from pycocotools.coco import COCO

    coco = COCO(output / "coco.json")
    found = [_annotated(coco, one) for one in coco.dataset["annotations"]]
    return np.array(found, np.float64).reshape(-1, len(COLUMNS))


def _annotated(coco: Any, annotation: Mapping[str, Any]) -> list[float]:
    from pycocotools import mask

    key = [annotation["image_id"], annotation["label"], float(mask.area(annotation["segmentation"]))]
    if annotation["image_id"] % DRAWN_IMAGES != 1 or annotation["label"] > DRAWN_NUCLEI:
        return [*key, np.nan, np.nan]
    col0, row0, width, height = map(int, annotation["bbox"])
    rows, cols = np.nonzero(coco.annToMask(annotation)[row0 : row0 + height, col0 : col0 + width])
    assert len(rows) == annotation["area"], "the box holds the whole mask"
    return [*key, rows.mean() + row0, cols.mean() + col0]


TABLES: Mapping[str, Reader] = {
    "csv": read_csv,
    "parquet": read_parquet,
    "parquet --profile cellprofiler": read_cellprofiler,
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
    """Labels, areas and centroids of a label image."""
    rows, cols = np.nonzero(labels)
    found = labels[rows, cols]
    areas = np.bincount(found)
    known = np.flatnonzero(areas)
    centroids = [np.bincount(found, place)[known] / areas[known] for place in (rows, cols)]
    return np.column_stack([np.zeros(len(known)), known, areas[known], *centroids])


def read_geojson(path: Path) -> Table:
    """By Shapely, on which GEOS stands, as JTS does that QuPath reads with."""
    return _read_features(path, "geometry")


def read_cells(path: Path) -> Table:
    """The same; each nucleus must lie in its cell."""
    nuclei, cells = _read_features(path, "nucleusGeometry"), _read_features(path, "geometry")
    assert (cells[:, 2] >= nuclei[:, 2]).all()
    return nuclei


def _read_features(path: Path, geometry: str) -> Table:
    import gzip
    import json

    import shapely

    features = json.loads(gzip.decompress(path.read_bytes()))["features"]
    shapes = [shapely.geometry.shape(feature[geometry]) for feature in features]
    assert all(shape.is_valid for shape in shapes)
    labels = [int(feature["properties"]["name"]) for feature in features]
    return _measure_shapes(labels, shapes)


def read_rois(path: Path) -> Table:
    """By roifile, and Shapely for areas."""
    import shapely
    from roifile import roiread

    read = roiread(path)
    rois = read if isinstance(read, list) else [read]
    shapes = []
    for roi in rois:
        shape = shapely.union_all([])
        for ring in roi.coordinates(multi=True):
            shape = shape.symmetric_difference(shapely.Polygon(ring))  # holes are rings too
        shapes.append(shape)
    return _measure_shapes([int(roi.name) for roi in rois], shapes)


def _measure_shapes(labels: Sequence[int], shapes: Sequence[Any]) -> Table:
    return np.array(
        [
            [0, label, shape.area, shape.centroid.y - 0.5, shape.centroid.x - 0.5]
            for label, shape in zip(labels, shapes, strict=True)
        ]
    ).reshape(-1, len(COLUMNS))


FILES: Mapping[str, tuple[str, Reader]] = {
    "labels": ("labels/{}.label.tif", read_labels),
    "ome-zarr": ("ome-zarr/{}.ome.zarr", read_ome_zarr),
    "rois": ("rois/{}.rois.zip", read_rois),
    "geojson": ("geojson/{}.geojson.gz", read_geojson),
    "geojson --cells": ("geojson/{}.geojson.gz", read_cells),
}
"""Formats with a file for each image: its place, and what reads it."""
