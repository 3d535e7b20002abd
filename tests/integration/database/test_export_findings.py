"""`nuqleus export` says which images stand out, and how much DNA nuclei have, as the views do."""

import sqlite3
from pathlib import Path

import anndata
import numpy as np
import pandas as pd
import pytest
from sqlalchemy import text

from benchmarks.cell_cycle import draw_population
from nuqleus import open_results
from nuqleus.database.engine import writing
from nuqleus.database.group_statistics import GroupStatistics
from tests.integration.database.conftest import Archive
from tests.integration.database.export_command import export
from tests.integration.database.measured_images import add_alike, add_image, rows, with_contents
from tests.integration.database.test_export_outlines import features

WORDS = "bright background: it is over 1000 MADs above its folder's"


@pytest.fixture
def exported(archive: Archive, database_url: str, tmp_path: Path) -> Path:
    """Growing cells, a folder in which one image stands out, and an image that has nothing to compare it with."""
    add_image(archive, "cells/a.tif", with_contents(draw_population(600).contents))
    add_alike(archive, "alike/")
    add_image(archive, "alike/odd.tif", background=1e5, fraction_at_max=0.142)
    GroupStatistics(archive.engine).refresh_all()
    with writing(archive.engine) as connection:
        connection.execute(text("UPDATE nuclei SET neighbor_count = 3, neighbor_touching_fraction = 0.25"))
    result = export(database_url, tmp_path, "--format", "csv,parquet,anndata,cpa,geojson")
    assert result.exit_code == 0, result.output
    return tmp_path


@pytest.fixture
def contents(exported: Path, archive: Archive) -> list[float]:
    del exported
    found = rows(archive, "SELECT dna_content FROM dna_content WHERE path = 'cells/a.tif' ORDER BY label")
    return [row["dna_content"] for row in found]


def test_tables_say_how_much_dna_nuclei_have(exported: Path, contents: list[float]):
    for table in (pd.read_csv(exported / "nuclei.csv"), pd.read_parquet(exported / "nuclei.parquet")):
        cells, others = (table[(table.path == "cells/a.tif") == is_cell] for is_cell in (True, False))
        assert cells.dna_content.tolist() == pytest.approx(contents)
        assert cells.phase.value_counts().to_dict().keys() >= {"G1", "S", "G2/M"}
        assert (cells.phase == "G1").tolist() == [0.75 <= content < 1.25 for content in contents]
        assert others.dna_content.isna().all()
        assert others.phase.isna().all()


def test_tables_say_which_images_stand_out_and_why(exported: Path, database_url: str):
    with open_results(database_url) as results:
        frame = results.images()
    for table in (pd.read_csv(exported / "images.csv"), pd.read_parquet(exported / "images.parquet"), frame):
        of_path = table.set_index("path")
        assert of_path.stands_out["alike/odd.tif"]
        assert of_path.stands_out_because["alike/odd.tif"] == (
            f"channel 0: {WORDS}; channel 0: 14.2 % of the pixels saturated"
        )
        assert not of_path.stands_out["alike/3.tif"]
        assert pd.isna(of_path.stands_out["cells/a.tif"])
        assert of_path.stands_out_because.notna().sum() == 1


def test_anndata_has_content_among_the_features_and_phases_beside(exported: Path, contents: list[float]):
    data = anndata.read_h5ad(exported / "nuclei.h5ad")

    cells = data[data.obs.path == "cells/a.tif"]
    assert cells[:, "dna_content"].X.ravel().tolist() == pytest.approx(contents, rel=1e-6)
    assert set(cells.obs.phase) >= {"G1", "S", "G2/M"}
    assert "neighbor_count" in data.var_names
    assert "neighbor_nearest_label" not in data.var_names


def test_profiles_have_them_by_names_that_pycytominer_tells_apart(
    exported: Path, contents: list[float], database_url: str
):
    export(database_url, exported, "--format", "parquet", "--profile", "cellprofiler")

    profile = pd.read_parquet(exported / "cellprofiler.parquet")
    cells = profile[profile.Metadata_FileName == "cells/a.tif"]
    assert cells.Metadata_DNAContent.tolist() == pytest.approx(contents)
    assert cells.Metadata_Phase.notna().all()
    assert set(profile.Nuclei_Neighbors_PercentTouching) == {25}
    assert set(profile.Nuclei_Neighbors_NumberOfNeighbors) == {3}
    odd = profile[profile.Metadata_FileName == "alike/odd.tif"].iloc[0]
    assert odd.Metadata_StandsOut
    assert WORDS in odd.Metadata_StandsOutBecause


def test_cellprofiler_analyst_has_them_without_classifying_by_what_is_often_missing(
    exported: Path, contents: list[float]
):
    database = sqlite3.connect(exported / "cpa/nuclei.db")
    query = "SELECT Nuclei_Metadata_DNAContent FROM Per_Object WHERE ImageNumber = 1 ORDER BY ObjectNumber"
    found = [content for (content,) in database.execute(query)]
    (said,) = database.execute(
        "SELECT Image_Metadata_StandsOutBecause FROM Per_Image WHERE Image_Metadata_StandsOutBecause IS NOT NULL"
    ).fetchone()
    database.close()

    assert found == pytest.approx(contents)
    assert WORDS in said
    properties = (exported / "cpa/nuclei.properties").read_text()
    assert ".*_Neighbors_.*, .*Corrected_.*, .*Ring_.*, .*EdgeSharpness_.*\n" in properties


def test_qupath_has_numbers_alone(exported: Path, contents: list[float]):
    found = features(exported / "geojson/cells/a.tif.geojson.gz")

    measured = [feature["properties"]["measurements"] for feature in found]
    assert [one["dna_content"] for one in measured] == pytest.approx(contents)
    assert all("phase" not in one for one in measured)
    assert np.isfinite([list(one.values()) for one in measured]).all()
