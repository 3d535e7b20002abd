"""`nuqleus export` of plates: wells, what plate maps say of them, and `--plate`."""

import sqlite3
from contextlib import closing
from pathlib import Path

import numpy as np
import pandas as pd
import pyarrow.parquet as pq
import pytest
from sqlalchemy import insert, update

from nuqleus import open_results
from nuqleus.database.engine import writing
from nuqleus.database.named_plates import PlateNameError
from nuqleus.database.tables import Image, Plate, Well, WellAnnotation
from nuqleus.database.well_statistics import WellStatistics
from tests.examples import image_result
from tests.integration.database.conftest import Archive
from tests.integration.database.export_command import export
from tests.integration.database.test_export_cpa import Analyst


@pytest.fixture(autouse=True)
def plates(archive: Archive) -> None:
    """Plates P and Q with a well B02 each: two fields in P, one with two time points; and a file beside."""
    archive.done("P/1.tif", "abc", [image_result(2), image_result(4, t=1)])
    archive.done("P/2.tif", "def", [image_result(3)])
    archive.done("Q/1.tif", "ghi", [image_result(5)])
    archive.done("other.tif", "jkl", [image_result(1)])
    with writing(archive.engine) as connection:
        plates = [
            {"name": name, "folder": f"in {name}", "convention": "?", "rows": 8, "cols": 12} for name in "PQ"
        ]
        connection.execute(insert(Plate), plates)
        connection.execute(
            insert(Well), [{"plate_id": plate, "name": "B02", "row": 1, "col": 1} for plate in (1, 2)]
        )
        said = {"compound": "=DMSO", "Site": "north"}
        connection.execute(
            insert(WellAnnotation), [{"well_id": 1, "name": n, "value": v} for n, v in said.items()]
        )
        for image_id, well, site in [(1, 1, 1), (2, 1, 1), (3, 1, 2), (4, 2, 1)]:
            connection.execute(update(Image).where(Image.id == image_id).values(well_id=well, site=site))


def test_tables_say_where_on_a_plate_images_and_nuclei_are(database_url: str, tmp_path: Path):
    result = export(database_url, tmp_path, "--format", "csv,parquet")

    assert result.exit_code == 0, result.output
    for read, ending in ((pd.read_csv, "csv"), (pd.read_parquet, "parquet")):
        images, nuclei = (read(tmp_path / f"{name}.{ending}") for name in ("images", "nuclei"))
        assert images.plate.fillna("-").tolist() == ["P", "P", "P", "Q", "-"]
        assert images.well.fillna("-").tolist() == ["B02"] * 4 + ["-"]
        assert images.site.fillna(0).tolist() == [1, 1, 2, 1, 0]
        assert nuclei.groupby(["plate", "well", "site"]).size().to_dict() == {
            ("P", "B02", 1): 6,
            ("P", "B02", 2): 3,
            ("Q", "B02", 1): 5,
        }


def test_wells_have_a_row_for_each_time_point_with_what_the_plate_map_says(database_url: str, tmp_path: Path):
    export(database_url, tmp_path, "--format", "csv,parquet")

    wells = pq.read_table(tmp_path / "wells.parquet").to_pylist()
    assert [(row["plate"], row["plate_folder"], row["well"], row["t"]) for row in wells] == [
        ("P", "in P", "B02", 0),
        ("P", "in P", "B02", 1),
        ("Q", "in Q", "B02", 0),
    ]
    assert [(row["row"], row["col"], row["images"], row["nuclei"]) for row in wells] == [
        (1, 1, 2, 5),
        (1, 1, 1, 4),
        (1, 1, 1, 5),
    ]
    assert [row["annotation_compound"] for row in wells] == ["'=DMSO", "'=DMSO", None]
    in_csv = pd.read_csv(tmp_path / "wells.csv")
    assert in_csv.astype(object).replace({np.nan: None}).to_dict("records") == wells


def test_wells_have_the_statistics_of_the_images_that_are_there(
    archive: Archive, database_url: str, tmp_path: Path
):
    WellStatistics(archive.engine, archive.clock).refresh_all()
    archive.done("Q/2.tif", "mno", [image_result(2)])
    with writing(archive.engine) as connection:
        connection.execute(update(Image).where(Image.id == 6).values(well_id=2, site=2))
    export(database_url, tmp_path, "--format", "csv,parquet")

    wells = pq.read_table(tmp_path / "wells.parquet").to_pylist()
    areas = np.concatenate([image_result(nuclei).nuclei["area"] for nuclei in (2, 3)])
    intensities = image_result(4).intensities["intensity_mean"]
    assert [row["mean_area"] for row in wells] == [
        pytest.approx(areas.mean()),
        pytest.approx(image_result(4).nuclei["area"].mean()),
        None,  # one image more than the statistics are of
    ]
    assert wells[1]["median_intensity_mean-0"] == pytest.approx(np.median(intensities))
    assert [row["statistics_as_of"] for row in wells] == ["2023-11-14 22:13:20"] * 2 + [None]
    assert len(pd.read_csv(tmp_path / "wells.csv").columns) == len(wells[0])


def test_of_a_well_of_stacks_there_are_no_statistics(archive: Archive, database_url: str, tmp_path: Path):
    archive.done("P/3.tif", "pqr", [image_result(2, z=z) for z in range(2)])
    with writing(archive.engine) as connection:
        connection.execute(update(Image).where(Image.id > 5).values(well_id=1, site=3))
    WellStatistics(archive.engine).refresh_all()
    export(database_url, tmp_path, "--format", "parquet")

    wells = pq.read_table(tmp_path / "wells.parquet").to_pylist()
    assert [row["mean_area"] is None for row in wells] == [True, False, False]


def test_a_profile_has_what_pycytominer_groups_by(database_url: str, tmp_path: Path):
    export(database_url, tmp_path, "--format", "parquet", "--profile", "cellprofiler")

    profile = pd.read_parquet(tmp_path / "cellprofiler.parquet").fillna({"Metadata_Plate": "-"})
    first = profile.drop_duplicates(["Metadata_Plate", "Metadata_Site"]).set_index("Metadata_Plate")
    assert first.Metadata_Well.fillna("-").tolist() == ["B02", "B02", "B02", "-"]
    assert first.Metadata_compound.fillna("-").tolist() == ["'=DMSO", "'=DMSO", "-", "-"]
    # a plate map can't take the place of what the file says
    assert first.Metadata_Site_PlateMap.fillna("-").tolist() == ["north", "north", "-", "-"]
    assert first.Metadata_Site.fillna(0).tolist() == [1, 2, 1, 0]


@pytest.mark.parametrize(("size", "line"), [((8, 12), "plate_type = 96"), ((6, 8), "plate_shape = 6, 8")])
def test_cellprofiler_analyst_shows_plates(
    size: tuple[int, int], line: str, archive: Archive, database_url: str, tmp_path: Path
):
    with writing(archive.engine) as connection:
        connection.execute(update(Plate).values(rows=size[0], cols=size[1]))
    export(database_url, tmp_path, "--format", "cpa")

    analyst = Analyst(tmp_path / "cpa/nuclei.properties")
    assert line in (tmp_path / "cpa/nuclei.properties").read_text().splitlines()
    assert analyst.all(
        "SELECT {plate_id}, {well_id}, Image_Metadata_compound FROM {image_table} LIMIT 1"
    ) == [("P", "B02", "=DMSO")]
    assert len(analyst.all(analyst.given["group_SQL_Well"])) == 5
    analyst.connection.close()


@pytest.mark.parametrize(
    ("options", "paths"),
    [
        (("--plate", "P"), ["P/1.tif", "P/1.tif", "P/2.tif"]),
        (("--plate", "P", "--plate", "Q"), ["P/1.tif", "P/1.tif", "P/2.tif", "Q/1.tif"]),
        (("--plate", "P", "--path", "P/2.tif"), ["P/2.tif"]),
    ],
)
def test_only_what_is_on_a_plate(options, paths, database_url: str, tmp_path: Path):
    result = export(database_url, tmp_path, "--format", "csv,labels", *options)

    assert result.exit_code == 0, result.output
    assert list(pd.read_csv(tmp_path / "images.csv").path) == paths
    assert set(pd.read_csv(tmp_path / "nuclei.csv").path) == set(paths)
    assert sorted(pd.read_csv(tmp_path / "wells.csv").plate.unique()) == sorted({path[0] for path in paths})
    assert len(list((tmp_path / "labels").rglob("*.tif"))) == len(paths)


def test_a_plate_without_results_is_named(database_url: str, tmp_path: Path):
    result = export(database_url, tmp_path / "out", "--plate", "P", "--plate", "R")

    assert result.exit_code == 1
    assert "there is no plate 'R'. Known plates: in P/P, in Q/Q" in str(result.exception)
    assert not (tmp_path / "out").exists()


def test_without_plates_there_is_no_table_of_wells(database_url: str, tmp_path: Path):
    export(database_url, tmp_path, "--format", "csv,parquet,cpa", "--path", "other.tif")

    assert not list(tmp_path.glob("wells.*"))
    assert "plate" not in (tmp_path / "cpa/nuclei.properties").read_text()


class TestPlatesOfOneName:
    @pytest.fixture(autouse=True)
    def namesakes(self, archive: Archive, plates: None) -> None:
        """Both plates are called P, and so is a third one without results in the watched folder itself."""
        with writing(archive.engine) as connection:
            connection.execute(update(Plate).values(name="P"))
            connection.execute(insert(Plate).values(name="P", folder="", convention="?"))

    def test_they_are_told_apart_by_their_folder(self, database_url: str, tmp_path: Path):
        result = export(database_url, tmp_path, "--plate", "in P/P")

        assert result.exit_code == 0, result.output
        for name in ("images", "nuclei", "wells"):
            assert set(pd.read_csv(tmp_path / f"{name}.csv").plate_folder) == {"in P"}

    def test_a_name_that_several_have_is_refused(self, database_url: str, tmp_path: Path):
        result = export(database_url, tmp_path, "--plate", "P")

        assert result.exit_code == 1
        assert "several plates are called 'P'; name one of in P/P, in Q/P, ./P" in str(result.exception)
        with open_results(database_url) as results, pytest.raises(PlateNameError, match="several plates"):
            results.wells(plate="P")

    def test_one_in_the_watched_folder_itself_can_be_named(self, database_url: str, tmp_path: Path):
        result = export(database_url, tmp_path, "--plate", "./P")

        assert "no results to export of the plate './P'" in result.output

    def test_programs_that_know_plates_by_one_name_get_the_folder_with_it(
        self, database_url: str, tmp_path: Path
    ):
        export(database_url, tmp_path, "--format", "cpa,parquet", "--profile", "cellprofiler")

        with closing(sqlite3.connect(tmp_path / "cpa/nuclei.db")) as database:
            shown = database.execute("SELECT DISTINCT Image_Metadata_Plate FROM Per_Image ORDER BY 1")
            assert [plate for (plate,) in shown] == [None, "in P/P", "in Q/P"]
        profile = pd.read_parquet(tmp_path / "cellprofiler.parquet")
        assert set(profile.Metadata_Plate.dropna()) == {"in P/P", "in Q/P"}
