"""`nuqleus export --path … --since …`: a part of the results, in every format."""

import gzip
import json
import sqlite3
from contextlib import closing
from datetime import datetime
from pathlib import Path
from zipfile import ZipFile

import anndata
import numpy as np
import pandas as pd
import pytest
import tifffile
import zarr
from sqlalchemy import update

from nuqleus.database.engine import writing
from nuqleus.database.queries.selection import Selection
from nuqleus.database.queries.snapshot import snapshot
from nuqleus.database.tables import Nucleus
from tests.examples import image_result, label_image
from tests.integration.database.conftest import Archive
from tests.integration.database.export_command import export

YESTERDAY, TODAY = datetime(2026, 11, 27, 12).timestamp(), datetime(2026, 11, 28, 12).timestamp()


@pytest.fixture(autouse=True)
def results(archive: Archive) -> None:
    archive.clock.now = YESTERDAY
    archive.done("plate 1/a.tif", "abc", [image_result(1, channels=2)])
    archive.done("plate 10/b.tif", "def", [image_result(2)])
    archive.clock.now = TODAY
    archive.done("plate 1/c.tif", "ghi", [image_result(3)])
    archive.duplicate("plate 10/d.tif", of=1)


@pytest.mark.parametrize(
    ("options", "paths"),
    [
        (("--path", "plate 1"), ["plate 1/a.tif", "plate 1/c.tif"]),
        (("--path", "plate 10/b.tif"), ["plate 10/b.tif"]),
        (
            ("--path", "plate 10", "--path", "plate 1/c.tif"),
            ["plate 10/b.tif", "plate 1/c.tif", "plate 10/d.tif"],
        ),
        (("--since", "2026-11-28"), ["plate 1/c.tif", "plate 10/d.tif"]),
        (("--since", "2026-11-28T12:00:00"), ["plate 1/c.tif", "plate 10/d.tif"]),
        (("--path", "plate 1", "--since", "2026-11-28"), ["plate 1/c.tif"]),
    ],
)
def test_tables_hold_what_is_selected(options, paths, database_url: str, tmp_path: Path):
    result = export(database_url, tmp_path, "--format", "csv,parquet", *options)

    assert result.exit_code == 0, result.output
    assert list(pd.read_csv(tmp_path / "images.csv").path) == paths
    assert list(pd.read_parquet(tmp_path / "images.parquet").path) == paths
    assert list(pd.read_csv(tmp_path / "nuclei.csv").path.unique()) == paths
    assert list(pd.read_parquet(tmp_path / "nuclei.parquet").path.unique()) == paths


def test_a_path_may_be_one_of_the_file_system(database_url: str, tmp_path: Path):
    folder = tmp_path / "inbox"

    result = export(
        database_url, tmp_path, "--format", "csv", "--input", str(folder), "--path", str(folder / "plate 1")
    )

    assert result.exit_code == 0, result.output
    assert list(pd.read_csv(tmp_path / "images.csv").path) == ["plate 1/a.tif", "plate 1/c.tif"]


def test_the_watched_folder_is_everything(database_url: str, tmp_path: Path):
    export(
        database_url, tmp_path, "--format", "csv", "--input", "inbox", "--path", "inbox", "--path", "plate 1"
    )

    assert len(pd.read_csv(tmp_path / "images.csv")) == 4


@pytest.mark.parametrize("format_", ["labels", "geojson", "rois"])
def test_files_are_those_of_what_is_selected(format_: str, database_url: str, tmp_path: Path):
    export(database_url, tmp_path, "--format", format_, "--path", "plate 10")

    written = [path.name.split(".")[0] for path in (tmp_path / format_).rglob("*") if path.is_file()]
    assert sorted(written) == ["b", "d"]


def test_columns_are_those_of_the_selected_images_channels(database_url: str, tmp_path: Path):
    export(database_url, tmp_path, "--format", "csv", "--path", "plate 10/b.tif")

    assert "intensity_mean-1" not in pd.read_csv(tmp_path / "nuclei.csv")


def test_a_path_without_results_is_named_and_nothing_is_written(database_url: str, tmp_path: Path):
    result = export(database_url, tmp_path / "out", "--path", "plate 1", "--path", "plate1")

    assert result.exit_code == 1
    assert "no results to export at 'plate1'" in result.output
    assert not (tmp_path / "out").exists()


LISTS = ("csv", "parquet", "anndata", "geojson", "coco", "cpa")
"""Formats that list nuclei."""


@pytest.fixture
def confidences(archive: Archive) -> None:
    """Of the nuclei of plate 1/c.tif: not known, 0.5, 0.9."""
    with writing(archive.engine) as connection:
        for label, confidence in ((2, 0.5), (3, 0.9)):
            nucleus = update(Nucleus).where(Nucleus.image_id == 3, Nucleus.label == label)
            connection.execute(nucleus.values(confidence=confidence))


@pytest.mark.parametrize(("least", "labels"), [("0.5", [2, 3]), ("0.51", [3]), ("0", [2, 3]), ("1", [])])
@pytest.mark.usefixtures("confidences")
def test_nuclei_of_which_the_network_was_less_sure_are_in_no_format(
    least: str, labels: list[int], database_url: str, tmp_path: Path
):
    formats = ",".join((*LISTS, "rois", "labels", "ome-zarr"))
    options = ("--format", formats, "--path", "plate 1/c.tif", "--min-confidence", least)
    result = export(database_url, tmp_path, *options)

    assert result.exit_code == 0, result.output
    place = "plate 1/c.tif"
    assert exported_labels(tmp_path, place) == dict.fromkeys(LISTS, labels)
    with ZipFile(tmp_path / f"rois/{place}.rois.zip") as rois:
        assert rois.namelist() == [f"{label:04}.roi" for label in labels]
    first_channel = image_result(3).intensities["intensity_mean"]
    in_table = pd.read_csv(tmp_path / "nuclei.csv")
    assert list(in_table["intensity_mean-0"]) == [first_channel[label - 1] for label in labels]
    expected = np.where(np.isin(label_image(3), labels), label_image(3), 0)
    np.testing.assert_array_equal(tifffile.imread(tmp_path / f"labels/{place}.label.tif"), expected)
    in_zarr = zarr.open_array(tmp_path / f"ome-zarr/{place}.ome.zarr/labels/nuclei/0", mode="r")
    np.testing.assert_array_equal(in_zarr[:], expected)


def exported_labels(folder: Path, image: str) -> dict[str, list[int]]:
    """The labels of the nuclei of the only image that was exported, as each format that lists nuclei has them."""
    features = json.loads(gzip.decompress((folder / f"geojson/{image}.geojson.gz").read_bytes()))["features"]
    annotations = json.loads((folder / "coco.json").read_text())["annotations"]
    with closing(sqlite3.connect(folder / "cpa/nuclei.db")) as analyst:
        objects = analyst.execute("SELECT ObjectNumber FROM Per_Object ORDER BY ObjectNumber").fetchall()
    return {
        "csv": list(pd.read_csv(folder / "nuclei.csv").label),
        "parquet": list(pd.read_parquet(folder / "nuclei.parquet").label),
        "anndata": list(anndata.read_h5ad(folder / "nuclei.h5ad").obs.label),
        "geojson": [int(feature["properties"]["name"]) for feature in features],
        "coco": [annotation["label"] for annotation in annotations],
        "cpa": [number for (number,) in objects],
    }


@pytest.mark.usefixtures("confidences")
def test_images_keep_the_number_of_all_their_nuclei(database_url: str, tmp_path: Path):
    export(database_url, tmp_path, "--format", "csv", "--path", "plate 1/c.tif", "--min-confidence", "0.9")

    assert list(pd.read_csv(tmp_path / "images.csv").n_nuclei) == [3]


@pytest.mark.usefixtures("confidences")
def test_progress_counts_the_nuclei_that_are_selected(archive: Archive):
    with snapshot(archive.engine, Selection(min_confidence=0.6)) as results:
        assert results.nucleus_count() == len(list(results.nuclei())) == 1
