"""`nuqleus export --format cpa`: read by the rules and the queries of CellProfiler Analyst 3, which no registry has.

They are those of its `properties.py` (load_file, Validate), `dbconnect.py` and `imagereader.py`.
"""

import re
import sqlite3
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from sqlalchemy import insert, text, update

from nuqleus.database.engine import reading, writing
from nuqleus.database.leadership import bind_folder
from nuqleus.database.tables import Channel, File, Image, Plate, PlateChannel, Well
from tests.examples import image_result
from tests.integration.database.conftest import Archive
from tests.integration.database.export_command import export

REQUIRED = {"db_type", "image_table", "image_id", "image_path_cols", "image_file_cols"}
OF_OBJECTS = {"object_table", "object_id", "cell_x_loc", "cell_y_loc"}
LISTS = {
    *("image_path_cols", "image_file_cols", "image_names", "image_channel_colors", "channels_per_image"),
    *("object_name", "classifier_ignore_columns"),
}
KNOWN = REQUIRED | OF_OBJECTS | LISTS
KNOWN |= {"db_sqlite_file", "classification_type", "image_tile_size", "check_tables"}
COLORS = {"red", "green", "blue", "cyan", "magenta", "yellow", "gray", "none"}


class Analyst:
    """What CellProfiler Analyst makes of a properties file."""

    def __init__(self, properties: Path) -> None:
        lines = [
            line.split("=", 1) for line in properties.read_text().splitlines() if re.match(r"\s*[^#\s]", line)
        ]
        self.given = {name.strip(): value.strip() for name, value in lines}
        self.lists = {
            name: [v.strip() for v in self.given[name].split(",")] for name in LISTS & set(self.given)
        }
        database = properties.parent / self.given["db_sqlite_file"]
        self.connection = sqlite3.connect(f"file:{database}?mode=ro", uri=True)

    def all(self, query: str) -> list[tuple]:
        return self.connection.execute(query.format_map(self.given)).fetchall()

    def types(self, table: str) -> dict[str, str]:
        return {row[1]: row[2] for row in self.connection.execute(f"PRAGMA table_info({self.given[table]})")}

    def classifier_columns(self) -> list[str]:
        numbers = [name for name, kind in self.types("object_table").items() if kind in ("INTEGER", "REAL")]
        numbers.remove(self.given["image_id"])
        numbers.remove(self.given["object_id"])
        ignored = self.lists["classifier_ignore_columns"]
        return [name for name in numbers if not any(re.match(f"^{rule}$", name) for rule in ignored)]


@pytest.fixture
def analyst(archive: Archive, database_url: str, tmp_path: Path) -> Iterator[Analyst]:
    bind_folder(archive.engine, "/the inbox")
    archive.done("plate/a.tif", "abc", [image_result(3, channels=2), image_result(2, channels=2, z=1)])
    archive.duplicate("b.tif", of=1)
    archive.done("c.tif", "xyz", [image_result(4, channels=3, pixel_size_um=0.5)])
    with writing(archive.engine) as connection:
        rows = [
            {"image_id": i, "channel": n, "name": name}
            for i in (1, 2, 3)
            for n, name in enumerate(["DAPI", "GFP"])
        ]
        connection.execute(insert(Channel), rows)
    result = export(database_url, tmp_path, "--format", "cpa")
    assert result.exit_code == 0, result.output
    analyst = Analyst(tmp_path / "cpa/nuclei.properties")
    with closing(analyst.connection):
        yield analyst


def test_the_properties_hold_everything_that_is_demanded(analyst: Analyst):
    given, lists = analyst.given, analyst.lists
    assert {name for name, value in given.items() if value} >= REQUIRED | OF_OBJECTS
    assert {name for name in given if not name.startswith(("filter_SQL_", "group_SQL_"))} <= KNOWN
    assert (given["db_type"], given["classification_type"], given["check_tables"]) == (
        "sqlite",
        "object",
        "no",
    )
    assert len(lists["object_name"]) == 2
    files = len(lists["image_file_cols"])
    assert (
        files
        == len(lists["image_path_cols"])
        == len(lists["image_names"])
        == len(lists["channels_per_image"])
    )
    assert len(lists["image_channel_colors"]) >= sum(map(int, lists["channels_per_image"]))
    assert set(lists["image_channel_colors"]) <= COLORS
    assert lists["channels_per_image"] == ["2"]  # more than an image has would be an error
    assert given["image_tile_size"] == "30"


def test_tables_are_tables_with_keys_and_types_that_are_known(analyst: Analyst):
    kinds = analyst.all("SELECT name, type FROM sqlite_master WHERE type IN ('table', 'view') ORDER BY name")
    assert kinds == [("Per_Image", "table"), ("Per_Object", "table")]
    assert set(analyst.types("image_table").values()) <= {"INTEGER", "REAL", "TEXT"}
    assert set(analyst.types("object_table").values()) <= {"INTEGER", "REAL"}
    assert all(
        re.fullmatch(r"\w+", name) for name in (*analyst.types("image_table"), *analyst.types("object_table"))
    )


def test_every_image_has_its_nuclei(analyst: Analyst):
    counts = analyst.all(
        "SELECT {image_id}, count({object_id}) FROM {object_table} GROUP BY {image_id} ORDER BY {image_id}"
    )
    assert counts == [(1, 3), (2, 2), (3, 3), (4, 2), (5, 4)]
    assert [count for _, count in counts] == [
        row[0] for row in analyst.all("SELECT Image_Count_Nuclei FROM Per_Image ORDER BY ImageNumber")
    ]


def test_images_are_found_where_they_lie(analyst: Analyst):
    columns = analyst.lists["image_path_cols"][0], analyst.lists["image_file_cols"][0]
    paths = [str(Path(*row)) for row in analyst.all(f"SELECT {', '.join(columns)} FROM Per_Image")]
    inbox = "/the inbox"
    assert paths == [*[f"{inbox}/plate/a.tif"] * 2, *[f"{inbox}/b.tif"] * 2, f"{inbox}/c.tif"]


def test_only_what_counts_is_in_the_filter_and_files_are_groups(analyst: Analyst):
    assert analyst.all(analyst.given["filter_SQL_Counted"]) == [(1,), (5,)]
    groups = analyst.all(analyst.given["group_SQL_File"])
    assert len({row[1:] for row in groups}) == 3


def test_a_classifier_learns_from_shapes_and_intensities_alone(analyst: Analyst):
    columns = analyst.classifier_columns()
    assert {"Nuclei_AreaShape_Area", "Nuclei_Intensity_MeanIntensity_GFP"} <= set(columns)
    assert not [name for name in columns if re.search("Location|Center|BoundingBoxM|Metadata", name)]
    of_first = analyst.all(f"SELECT {', '.join(columns)} FROM Per_Object WHERE ImageNumber = 1")
    known = [value is not None for value in of_first[0]]
    assert all(isinstance(value, float) for row in of_first for value in row if value is not None)
    assert [name for name, has_value in zip(columns, known, strict=True) if not has_value] == [
        name
        for name in columns
        if name.endswith(("_Ch0", "_Ch1", "_Ch2"))  # channels of another file
    ]


def test_objects_are_those_of_the_view(archive: Archive, analyst: Analyst):
    ours = pd.read_sql(
        "SELECT * FROM Per_Object WHERE ImageNumber = 5 ORDER BY ObjectNumber", analyst.connection
    )
    with reading(archive.engine) as connection:
        of_image = text('SELECT * FROM "Per_Object" WHERE "ImageNumber" = 3 ORDER BY "ObjectNumber"')
        view = pd.DataFrame(connection.execute(of_image).mappings().all())
    shared = [name for name in ours if name in view and name != "ImageNumber"]
    assert {"Nuclei_AreaShape_Area", "Nuclei_Intensity_MeanIntensity_Ch2"} <= set(shared)
    np.testing.assert_allclose(ours[shared].astype(float), view[shared].astype(float))


def test_nothing_is_a_folder_that_can_be_opened(database_url: str, tmp_path: Path):
    export(database_url, tmp_path, "--format", "cpa")

    analyst = Analyst(tmp_path / "cpa/nuclei.properties")
    with closing(analyst.connection):
        assert analyst.all("SELECT count(*) FROM {image_table}") == [(0,)]


def test_channels_of_fields_are_shown_from_their_own_files(
    archive: Archive, database_url: str, tmp_path: Path
):
    bind_folder(archive.engine, "/the inbox")
    fill_field(archive)

    result = export(database_url, tmp_path, "--format", "cpa")

    assert result.exit_code == 0, result.output
    analyst = Analyst(tmp_path / "cpa/nuclei.properties")
    with closing(analyst.connection):
        assert analyst.lists["image_names"] == ["DAPI", "GFP"]
        assert analyst.lists["channels_per_image"] == ["1", "1"]
        assert analyst.lists["image_channel_colors"] == ["blue", "green"]
        columns = zip(analyst.lists["image_path_cols"], analyst.lists["image_file_cols"], strict=True)
        named = ", ".join(name for pair in columns for name in pair)
        assert analyst.all(f"SELECT {named} FROM Per_Image") == [
            ("/the inbox/P", "A01_w1.tif", "/the inbox/P", "A01_w2_z1.tif")
        ]


def fill_field(archive: Archive) -> None:
    """A field of two channels, the second of which has two steps of z."""
    lead = archive.done("P/A01_w1.tif", "abc", [image_result(2, channels=2)])
    companion, other_step = (archive.waiting(f"P/A01_{name}.tif") for name in ("w2_z1", "w2_z2"))
    with writing(archive.engine) as connection:
        connection.execute(insert(Plate).values(name="P", folder="P", convention="?", rows=8, cols=12))
        connection.execute(insert(Well).values(plate_id=1, name="A01", row=0, col=0))
        for number, (key, name) in enumerate({"w1": "DAPI", "w2": "GFP"}.items()):
            of_plate = {"plate_id": 1, "key": key, "channel": number, "name": name}
            connection.execute(insert(PlateChannel).values(of_plate))
            connection.execute(insert(Channel).values(image_id=1, channel=number, name=name))
        connection.execute(update(Image).values(well_id=1, site=1))
        connection.execute(update(File).where(File.id == lead).values(field_channel="w1"))
        for file_id, step in ((companion, 0), (other_step, 1)):
            values = {"field_channel": "w2", "field_z": step, "companion_of": lead}
            connection.execute(update(File).where(File.id == file_id).values(values))


def test_names_of_channels_that_differ_by_case_alone_are_one_column_but_in_one_image(
    archive: Archive, database_url: str, tmp_path: Path
):
    for number, names in enumerate([("GFP", "gfp"), ("Dapi", "GFP"), ("DAPI", "GFPCh0", "GFP", "GFP")]):
        archive.done(f"{number}.tif", f"{number}", [image_result(1, channels=len(names))])
        with writing(archive.engine) as connection:
            rows = [{"image_id": number + 1, "channel": n, "name": name} for n, name in enumerate(names)]
            connection.execute(insert(Channel), rows)

    result = export(database_url, tmp_path, "--format", "cpa")

    assert result.exit_code == 0, result.output
    analyst = Analyst(tmp_path / "cpa/nuclei.properties")
    with closing(analyst.connection):
        rows = pd.read_sql("SELECT * FROM Per_Object ORDER BY ImageNumber, ObjectNumber", analyst.connection)
    means = rows.filter(like="_MeanIntensity_").set_axis(
        [name.rsplit("_", 1)[1] for name in rows.filter(like="_MeanIntensity_")], axis=1
    )
    assert set(means) == {"GFPCh0", "gfpCh1", "DAPI", "GFP", "GFPCh2", "GFPCh3"}
    assert (means.gfpCh1 - means.GFPCh0)[0] == 1000
    assert (means.GFP - means.DAPI)[1] == 1000
    assert (means.GFPCh3 - means.GFPCh0)[2] == 2000


def test_more_columns_than_a_table_has_room_for_are_refused_with_the_reason(
    archive: Archive, database_url: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
):
    monkeypatch.setattr("cli.exports.cpa.MOST_COLUMNS", 30)
    archive.done("a.tif")

    result = export(database_url, tmp_path, "--format", "cpa")

    assert result.exit_code == 1
    assert "so many names that 39 columns are needed" in result.output
    assert not list((tmp_path / "cpa").iterdir())
