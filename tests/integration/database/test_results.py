"""`nuqleus.open_results`: tables, masks and outlines in Python; and the examples of its page."""

import re
import sys
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from sqlalchemy import insert, update

from model.labels.outline_polygons import signed_area
from nuqleus import open_results
from nuqleus.database.engine import make_engine, writing
from nuqleus.database.named_plates import PlateNameError
from nuqleus.database.tables import Channel, Image, Nucleus, Plate, Well
from nuqleus.errors import DatabaseUnavailable, NuqleusError, SchemaError
from tests.examples import image_result, label_image
from tests.integration.database.conftest import Archive
from tests.integration.database.export_command import export

PAGE = Path(__file__).parents[3] / "docs/python.md"


@pytest.fixture
def results(archive: Archive, database_url: str):
    archive.done("plate 1/a.tif", "abc", [image_result(3, channels=2, pixel_size_um=0.5)])
    archive.done("plate 1/stack.tif", "def", [image_result(count, z=z) for z, count in enumerate((1, 4, 4))])
    archive.duplicate("b.tif", of=1)
    with open_results(database_url) as results:
        yield results


def test_tables_are_those_of_an_export(results, database_url: str, tmp_path: Path):
    export(database_url, tmp_path, "--format", "csv")

    for name in ("images", "nuclei"):
        table = getattr(results, name)()
        expected = pd.read_csv(tmp_path / f"{name}.csv", float_precision="round_trip")
        assert list(table.columns) == list(expected.columns)
        for column in table:
            values, known = table[column].astype(object), table[column].notna()
            assert known.tolist() == expected[column].notna().tolist()
            assert values[known].tolist() == expected[column][known].tolist()


def test_columns_have_types(results):
    nuclei = results.nuclei()

    assert nuclei.dtypes[["area", "label", "counted", "touches_border"]].tolist() == [
        *(np.dtype(float), np.dtype(int)),
        *(np.dtype(bool), np.dtype(bool)),
    ]
    assert nuclei.site.dtype == "Int64"
    assert nuclei.site.isna().all()


def test_a_part_of_the_results(archive: Archive, results):
    with writing(archive.engine) as connection:
        connection.execute(insert(Plate).values(name="P", folder="plate 1", convention="?", rows=8, cols=12))
        connection.execute(insert(Well).values(plate_id=1, name="A01", row=0, col=0))
        connection.execute(update(Image).where(Image.id == 1).values(well_id=1, site=1))
        connection.execute(update(Nucleus).where(Nucleus.label == 1).values(confidence=0.75))

    assert set(results.nuclei(path="plate 1").path) == {"plate 1/a.tif", "plate 1/stack.tif"}
    assert set(results.images(path="b.tif").path) == {"b.tif"}
    assert set(results.nuclei(plate="P").well) == {"A01"}
    assert results.wells(plate="P")[["well", "t", "nuclei"]].to_dict("list") == {
        "well": ["A01"],
        "t": [0],
        "nuclei": [3],
    }
    assert results.nuclei(min_confidence=0.7).label.tolist() == [1] * 5
    assert len(results.nuclei(path="nowhere")) == 0
    with pytest.raises(PlateNameError, match=r"there is no plate 'Q'\. Known plates: plate 1/P"):
        results.wells(plate="Q")


def test_rows_that_come_in_portions_are_put_together(results, monkeypatch: pytest.MonkeyPatch):
    whole = results.nuclei()
    monkeypatch.setattr("nuqleus.results.frames.ROWS", 2)

    pd.testing.assert_frame_equal(results.nuclei(), whole)


def test_an_image_has_its_mask_its_nuclei_and_its_channels(archive: Archive, results):
    with writing(archive.engine) as connection:
        connection.execute(insert(Channel).values(image_id=1, channel=1, name="GFP"))

    image = results.image("plate 1/a.tif")

    assert image.mask.dtype == np.int32
    np.testing.assert_array_equal(image.mask, label_image(3))
    assert image.mask is image.mask
    assert image.shape == image.mask.shape
    assert image.columns["pixel_size_um"] == 0.5
    assert image.channel_names == {1: "GFP"}
    of_all = results.nuclei(path=image.path)
    pd.testing.assert_frame_equal(image.nuclei(), of_all[list(image.nuclei().columns)])
    assert "path" not in image.nuclei()


@pytest.mark.parametrize(("z", "found", "nuclei"), [(None, 1, 4), (0, 0, 1), (2, 2, 4)])
def test_of_a_stack_it_is_the_plane_that_counts_or_the_one_that_is_named(results, z, found: int, nuclei: int):
    image = results.image("plate 1/stack.tif", z=z)

    assert image.columns["z"] == found
    assert image.mask.max() == nuclei


def test_a_duplicate_has_the_mask_of_its_original(results):
    np.testing.assert_array_equal(results.image("b.tif").mask, label_image(3))


@pytest.mark.parametrize("asked", [{"path": "plate 1"}, {"path": "c.tif"}, {"path": "b.tif", "t": 1}])
def test_an_image_without_results_is_named(results, asked):
    with pytest.raises(LookupError, match=re.escape(repr(asked["path"]))):
        results.image(**asked)


def test_outlines_have_the_area_and_the_middle_of_their_nuclei(results):
    image = results.image("plate 1/a.tif")

    outlines = image.outlines()

    assert [sum(signed_area(part.shell) for part in parts) for parts in outlines.values()] == list(
        image.nuclei().area
    )
    for nucleus in image.nuclei().itertuples():
        x, y = np.array(outlines[nucleus.label][0].shell).T
        assert (min(x) + max(x)) / 2 == nucleus.centroid_col + 0.5
        assert (min(y) + max(y)) / 2 == nucleus.centroid_row + 0.5


def test_nothing_can_be_written(results):
    with pytest.raises(DatabaseUnavailable), writing(results._engine) as connection:
        connection.execute(update(Image).values(z=7))
    assert set(results.images().z) == {0, 1, 2}


def test_a_database_of_an_older_version_is_left_as_it_is(empty_url: str):
    remedy = "nuqleus run" if empty_url.startswith("sqlite") else "nuqleus db upgrade"
    with pytest.raises(SchemaError, match=remedy):
        open_results(empty_url)
    if empty_url.startswith("sqlite"):
        path = Path(empty_url.removeprefix("sqlite:///"))
        path.parent.mkdir()
        make_engine(empty_url).connect().close()
        with pytest.raises(SchemaError, match="nuqleus db upgrade"):
            open_results(path)


def test_a_missing_library_is_named_with_its_extra(results, monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setitem(sys.modules, "pandas", None)

    with pytest.raises(NuqleusError, match=r"pip install 'nuqleus\[pandas\]'"):
        results.images()


def test_the_examples_of_the_page_run(
    tmp_path: Path, sqlite_url: str, monkeypatch: pytest.MonkeyPatch, clock
):
    engine = make_engine(sqlite_url)
    archive = Archive.on(engine, clock)
    archive.done("plate 1/a.tif", "abc", [image_result(3)])
    archive.done("b.tif", "def", [image_result(2)])
    engine.dispose()
    (tmp_path / "state").symlink_to(Path(sqlite_url.removeprefix("sqlite:///")).parent)
    monkeypatch.chdir(tmp_path)

    names: dict = {}
    for example in re.findall(r"^```python\n(.+?)^```", PAGE.read_text(), re.M | re.S):
        exec(example, names)

    assert len(names["images"]) == 2
    assert names["median_area"].to_dict() == {"plate 1/a.tif": 113, "b.tif": 97}
    assert set(names["of_one_folder"].path) == {"plate 1/a.tif"}
    assert names["nucleus"].sum() == names["measured"].area.iloc[0] == 81
    assert len(names["patches"]) == 3
