"""`nuqleus export --format parquet`: tables, read back by pyarrow and Pycytominer."""

import re
from pathlib import Path

import numpy as np
import pandas as pd
import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from pycytominer import aggregate, annotate, normalize
from sqlalchemy import insert, select, text

from nuqleus.database.engine import reading, writing
from nuqleus.database.queries.image_quality import quality_columns
from nuqleus.database.queries.result_columns import IMAGE_COLUMNS, nucleus_columns
from nuqleus.database.queries.snapshot import snapshot
from nuqleus.database.tables import Channel, Image
from tests.examples import image_result, surrounded_result
from tests.integration.database.conftest import Archive
from tests.integration.database.export_command import export

PAGE = Path(__file__).parents[3] / "docs/exports.md"

CELLPROFILER = ("--format", "parquet", "--profile", "cellprofiler")


def name_channels(archive: Archive, image_id: int, *names: str) -> None:
    rows = [{"image_id": image_id, "channel": channel, "name": name} for channel, name in enumerate(names)]
    with writing(archive.engine) as connection:
        connection.execute(insert(Channel), rows)


def test_the_tables_hold_what_the_csv_files_hold(archive: Archive, database_url: str, tmp_path: Path):
    archive.done("a.png", "abc", [image_result(2)])
    original = archive.done("c.tif", "xyz", [image_result(3, channels=2, pixel_size_um=0.5)])
    archive.duplicate("b.png", of=original, sha256="xyz")

    result = export(database_url, tmp_path, "--format", "parquet,csv")

    assert result.exit_code == 0, result.output
    for name in ("images", "nuclei"):
        table = pq.read_table(tmp_path / f"{name}.parquet").to_pylist()
        expected = pd.read_csv(tmp_path / f"{name}.csv", float_precision="round_trip").astype(object)
        expected = expected.replace({np.nan: None})
        assert table == expected.to_dict("records")


def test_columns_have_the_types_of_the_database(archive: Archive, database_url: str, tmp_path: Path):
    archive.done("a.png", "abc", [image_result(0)])

    export(database_url, tmp_path, "--format", "parquet")

    images, nuclei = (pq.read_schema(tmp_path / f"{name}.parquet") for name in ("images", "nuclei"))
    assert tuple(images.names) == (*IMAGE_COLUMNS, *quality_columns(1))
    assert tuple(nuclei.names) == nucleus_columns(1)
    kinds = {"path": pa.string(), "label": pa.int64(), "area": pa.float64(), "touches_border": pa.bool_()}
    kinds |= {
        "area_um2": pa.float64(),
        "intensity_mean-0": pa.float64(),
        "counted": pa.bool_(),
        "z": pa.int64(),
    }
    assert {name: nuclei.field(name).type for name in kinds} == kinds
    assert images.field("pixel_size_from").type == images.field("model").type == pa.string()


def test_rows_that_are_written_in_portions_are_all_there(
    archive: Archive, database_url: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
):
    monkeypatch.setattr("cli.exports.parquet_files.ROWS", 2)
    archive.done("a.png", "abc", [image_result(3), image_result(2, z=1)])

    export(database_url, tmp_path, "--format", "parquet")

    file = pq.ParquetFile(tmp_path / "nuclei.parquet")
    assert file.num_row_groups == 3
    assert file.read()["label"].to_pylist() == [1, 2, 3, 1, 2]


def test_odd_names_are_defused_as_in_csv(archive: Archive, database_url: str, tmp_path: Path):
    archive.done("=cmd\n.png")

    export(database_url, tmp_path, "--format", "parquet")

    assert pq.read_table(tmp_path / "images.parquet")["path"].to_pylist() == [r"'=cmd\x0a.png"]


def test_a_profile_says_what_the_view_with_cellprofiler_s_names_says(
    archive: Archive, database_url: str, tmp_path: Path
):
    archive.done("a.tif", "abc", [surrounded_result(3, channels=2)])
    archive.done("earlier.tif", "xyz", [image_result(2, channels=2)])

    result = export(database_url, tmp_path, *CELLPROFILER)

    assert result.exit_code == 0, result.output
    profile = pd.read_parquet(tmp_path / "cellprofiler.parquet")
    in_order = text('SELECT * FROM "Per_Object" ORDER BY "ImageNumber", "ObjectNumber"')
    with reading(archive.engine) as connection:
        view = pd.DataFrame(connection.execute(in_order).mappings().all())
    features = [name for name in profile if name.startswith("Nuclei_")]
    in_view = [
        name
        for name in view
        if name.startswith(("Nuclei_AreaShape", "Nuclei_Location", "Nuclei_Intensity", "Nuclei_Neighbors"))
        and not name.endswith(("_Ch2", "_Ch3", "_FirstClosestObjectNumber"))
    ]
    assert sorted(features) == sorted(in_view)
    pd.testing.assert_frame_equal(profile[in_view], view[in_view].astype(float), rtol=1e-6)
    assert profile.filter(regex="Neighbors|Ring|Corrected")[3:].isna().all(axis=None)
    assert list(profile.Metadata_ObjectNumber) == [1, 2, 3, 1, 2]
    assert not (tmp_path / "nuclei.parquet").exists()


def test_channels_are_told_apart_by_name_whatever_their_order(
    archive: Archive, database_url: str, tmp_path: Path
):
    for number, names in enumerate([("DAPI", "Alexa 488"), ("Alexa_488", "DAPI"), ("GFP", "GFP")]):
        archive.done(f"{number}.tif", f"{number}", [image_result(1, channels=2)])
        with reading(archive.engine) as connection:
            (image_id,) = connection.scalars(select(Image.id).order_by(Image.id.desc()).limit(1))
        name_channels(archive, image_id, *names)

    export(database_url, tmp_path, *CELLPROFILER)

    profile = pd.read_parquet(tmp_path / "cellprofiler.parquet").filter(like="_MinIntensity_")
    profile.columns = profile.columns.str.rsplit("_", n=1).str[1]
    assert set(profile.columns) == {"DAPI", "Alexa488", "GFPCh0", "GFPCh1"}
    assert (profile.Alexa488[0] - profile.DAPI[0], profile.DAPI[1] - profile.Alexa488[1]) == (1000, 1000)
    assert profile.GFPCh1[2] - profile.GFPCh0[2] == 1000
    assert profile.DAPI.isna().tolist() == [False, False, True]


def test_pycytominer_aggregates_annotates_and_normalizes_a_profile(
    archive: Archive, database_url: str, tmp_path: Path
):
    archive.done("a.tif", "abc", [image_result(3)])
    archive.done("b.tif", "xyz", [image_result(5)])
    export(database_url, tmp_path, *CELLPROFILER)
    cells = pd.read_parquet(tmp_path / "cellprofiler.parquet")

    images = aggregate(cells, strata=["Metadata_FileName"], operation="mean")
    treated = pd.DataFrame({"Metadata_File": ["a.tif", "b.tif"], "Metadata_Treatment": ["none", "drug"]})
    annotated = annotate(images, treated, join_on=["Metadata_File", "Metadata_FileName"])
    normalized = normalize(annotated, samples="all")

    expected = cells.groupby("Metadata_FileName").Nuclei_AreaShape_Area.mean()
    assert list(images.Nuclei_AreaShape_Area) == list(expected)
    assert list(annotated.Metadata_Treatment) == ["none", "drug"]
    np.testing.assert_allclose(normalized.Nuclei_AreaShape_Area, [-1, 1])


def test_the_examples_of_the_page_run(
    archive: Archive, database_url: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
):
    archive.done("a.tif", "abc", [image_result(3)])
    archive.done("b.tif", "xyz", [image_result(4)])
    export(database_url, tmp_path / "results", "--format", "parquet")
    export(database_url, tmp_path / "results", *CELLPROFILER)
    export(database_url, tmp_path / "results", "--format", "coco,anndata")
    monkeypatch.chdir(tmp_path)

    names: dict = {}
    for example in re.findall(r"^```python\n(.+?)^```", PAGE.read_text(), re.M | re.S):
        exec(example, names)

    assert names["median_area"].to_dict() == {"a.tif": 113, "b.tif": 131}
    assert names["pixels"].sum() == 81
    assert names["largest"] == "2-4"
    assert list(names["normalized"].Metadata_FileName) == ["a.tif", "b.tif"]


def test_a_profile_is_a_profile_of_parquet(database_url: str, tmp_path: Path):
    result = export(database_url, tmp_path, "--format", "csv", "--profile", "cellprofiler")

    assert result.exit_code == 2
    assert "--format parquet" in result.output


def test_progress_counts_what_is_written(archive: Archive):
    archive.done("a.png", "abc", [image_result(2), image_result(1, z=1)])
    archive.duplicate("b.png", of=1)

    with snapshot(archive.engine) as results:
        assert results.image_count() == len(list(results.images())) == 4
        assert results.nucleus_count() == len(list(results.nuclei())) == 6
