"""Textures, granularity and the quality of channels in every table, where they were measured and nowhere else."""

import sqlite3
from contextlib import closing
from pathlib import Path

import anndata
import numpy as np
import pandas as pd
import pytest

from nuqleus import open_results
from nuqleus.database.tables import ImageQuality, Texture
from tests.examples import image_result, surrounded_result
from tests.integration.database.conftest import Archive
from tests.integration.database.export_command import export
from tests.integration.database.test_export_outlines import features

TABLES = "csv,parquet,anndata,cpa,geojson"


def written(database_url: str, folder: Path, *options: str) -> Path:
    for formats in (("--format", TABLES), ("--format", "parquet", "--profile", "cellprofiler")):
        result = export(database_url, folder, *formats, *options)
        assert result.exit_code == 0, result.output
    return folder


def per_object(folder: Path) -> pd.DataFrame:
    with closing(sqlite3.connect(folder / "cpa/nuclei.db")) as database:
        return pd.read_sql("SELECT * FROM Per_Object ORDER BY ImageNumber, ObjectNumber", database)


@pytest.fixture
def both(archive: Archive, database_url: str, tmp_path: Path) -> Path:
    """Two nuclei with textures in two channels, and one of an image of which nobody asked for any."""
    archive.done("a.tif", "abc", [surrounded_result(2, "texture", "granularity", channels=2)])
    archive.done("b.tif", "xyz", [image_result(1, channels=2)])
    return written(database_url, tmp_path)


def test_tables_have_the_textures_of_the_database(both: Path, archive: Archive, database_url: str):
    stored = archive.rows(Texture)
    assert len(stored) == 4
    data = anndata.read_h5ad(both / "nuclei.h5ad").to_df().reset_index(drop=True)
    with open_results(database_url) as results:
        frame, of_image = results.nuclei(), results.image("a.tif").nuclei()
    tables = [pd.read_csv(both / "nuclei.csv"), pd.read_parquet(both / "nuclei.parquet"), data, frame]
    names = [column.name for column in Texture.__table__.columns if not column.primary_key]
    for table in (*tables, of_image):
        for row in stored:
            found = [table[f"{name}-{row.channel}"][row.label - 1] for name in names]
            expected = [np.nan if (value := getattr(row, name)) is None else value for name in names]
            np.testing.assert_allclose(np.array(found, float), expected, rtol=1e-6)
    for table in tables:
        assert table.filter(regex="^(texture|granularity)_")[2:].isna().all(axis=None)


def test_cellprofiler_s_names_are_those_of_its_modules(both: Path, archive: Archive):
    stored = {(row.label, row.channel): row for row in archive.rows(Texture)}
    for table in (pd.read_parquet(both / "cellprofiler.parquet"), per_object(both)):
        for (label, channel), row in stored.items():
            named = {
                f"Nuclei_Texture_AngularSecondMoment_Ch{channel}_3_256": row.texture_angular_second_moment,
                f"Nuclei_Texture_InfoMeas2_Ch{channel}_3_256": row.texture_info_meas_2,
                f"Nuclei_Granularity_1_Ch{channel}": row.granularity_1,
                f"Nuclei_Granularity_16_Ch{channel}": row.granularity_16,
            }
            assert {name: table[name][label - 1] for name in named} == pytest.approx(named, rel=1e-6)
        assert len(table.filter(regex="Texture|Granularity").columns) == 2 * (13 + 16)
        assert table.filter(regex="Texture|Granularity")[2:].isna().all(axis=None)


def test_outlines_have_them_among_their_measurements(both: Path, archive: Archive):
    first = archive.rows(Texture)[0]
    (nucleus, _), (other,) = (features(both / f"geojson/{name}.tif.geojson.gz") for name in "ab")
    measurements = nucleus["properties"]["measurements"]
    assert measurements["texture_contrast-0"] == pytest.approx(first.texture_contrast, rel=1e-6)
    assert measurements["granularity_1-0"] == pytest.approx(first.granularity_1, rel=1e-6)
    assert not [name for name in other["properties"]["measurements"] if name.startswith(("texture", "gran"))]


def test_what_nobody_asked_for_is_no_column(archive: Archive, database_url: str, tmp_path: Path):
    archive.done("a.tif", "abc", [surrounded_result(2, "granularity")])
    archive.done("b.tif", "xyz", [surrounded_result(1)])

    everything, part = written(database_url, tmp_path / "all"), tmp_path / "part"
    written(database_url, part, "--path", "b.tif")

    assert len(pd.read_csv(everything / "nuclei.csv").filter(like="granularity_").columns) == 16
    assert not len(pd.read_csv(everything / "nuclei.csv").filter(like="texture_").columns)
    for table in (
        pd.read_csv(part / "nuclei.csv"),
        pd.read_parquet(part / "nuclei.parquet"),
        pd.read_parquet(part / "cellprofiler.parquet"),
        per_object(part),
    ):
        assert not len(table.filter(regex="(?i)texture|granularity").columns)


def test_images_have_the_quality_of_their_channels(both: Path, archive: Archive, database_url: str):
    with open_results(database_url) as results:
        frame = results.images()
    with closing(sqlite3.connect(both / "cpa/nuclei.db")) as database:
        per_image = pd.read_sql("SELECT * FROM Per_Image ORDER BY ImageNumber", database)
    stored = archive.rows(ImageQuality)
    assert [row.channel for row in stored] == [0, 1]
    for row in stored:
        for table in (pd.read_csv(both / "images.csv"), pd.read_parquet(both / "images.parquet"), frame):
            quality = {
                f"{name}-{row.channel}": getattr(row, name)
                for name in ("background", "laplacian_variance", "fraction_at_max")
            }
            assert {name: table[name][0] for name in quality} == pytest.approx(quality, rel=1e-6)
            assert all(pd.isna(table[name][1]) for name in quality)
        named = {
            f"Image_ImageQuality_Background_Ch{row.channel}": row.background,
            f"Image_ImageQuality_PercentMaximal_Ch{row.channel}": 100 * row.fraction_at_max,
        }
        assert {name: per_image[name][0] for name in named} == pytest.approx(named, rel=1e-6)
        assert all(pd.isna(per_image[name][1]) for name in named)
    assert per_image.Image_Metadata_RingWidth[0] == 2
    assert pd.isna(per_image.Image_Metadata_RingWidth[1])
