"""`nuqleus export --path … --since …`: a part of the results, in every format."""

from datetime import datetime
from pathlib import Path

import pandas as pd
import pytest

from tests.examples import image_result
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
