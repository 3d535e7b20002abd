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
from sqlalchemy import insert, text

from nuqleus.database.engine import reading, writing
from nuqleus.database.leadership import bind_folder
from nuqleus.database.tables import Channel
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
    assert int(given["image_tile_size"]) > 0


def test_tables_are_tables_with_keys_and_types_that_are_known(analyst: Analyst):
    kinds = analyst.all("SELECT name, type FROM sqlite_master WHERE type IN ('table', 'view') ORDER BY name")
    assert kinds == [("Per_Image", "table"), ("Per_Object", "table")]
    assert set(analyst.types("image_table").values()) <= {"INTEGER", "REAL", "TEXT"}
    assert set(analyst.types("object_table").values()) <= {"INTEGER", "REAL"}
    assert all(
        re.fullmatch(r"\w+", name) for name in (*analyst.types("image_table"), *analyst.types("object_table"))
    )


def test_every_image_has_its_nuclei(analyst: Analyst):
    counts = analyst.all("SELECT {image_id}, count({object_id}) FROM {object_table} GROUP BY {image_id}")
    assert counts == [(1, 3), (2, 2), (3, 3), (4, 2), (5, 4)]
    assert [count for _, count in counts] == [
        row[0] for row in analyst.all("SELECT Image_Count_Nuclei FROM Per_Image")
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
    ours = pd.read_sql("SELECT * FROM Per_Object WHERE ImageNumber = 5", analyst.connection)
    with reading(archive.engine) as connection:
        view = pd.DataFrame(
            connection.execute(text('SELECT * FROM "Per_Object" WHERE "ImageNumber" = 3')).mappings().all()
        )
    shared = [name for name in ours if name in view and name != "ImageNumber"]
    assert {"Nuclei_AreaShape_Area", "Nuclei_Intensity_MeanIntensity_Ch2"} <= set(shared)
    np.testing.assert_allclose(ours[shared].astype(float), view[shared].astype(float))


def test_nothing_is_a_folder_that_can_be_opened(database_url: str, tmp_path: Path):
    export(database_url, tmp_path, "--format", "cpa")

    analyst = Analyst(tmp_path / "cpa/nuclei.properties")
    with closing(analyst.connection):
        assert analyst.all("SELECT count(*) FROM {image_table}") == [(0,)]
