"""Every example in docs/queries.md runs, and says what is true."""

import re
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from sqlalchemy import text

from nuqleus.database.engine import writing
from nuqleus.database.tables import Image, Intensity, Mask, Nucleus
from tests.examples import image_result, label_image
from tests.integration.database.conftest import Archive

PAGE = Path(__file__).parents[3] / "docs" / "queries.md"
EXAMPLE = re.compile(
    r"^## (?P<title>[^\n]+)$(?:(?!^## ).)*?^```(?P<language>\w+)\n(?P<code>.+?)^```$", re.M | re.S
)
EXAMPLES = [
    (match["language"], match["title"], match["code"]) for match in EXAMPLE.finditer(PAGE.read_text())
]
QUERIES = {title: code for language, title, code in EXAMPLES if language == "sql"}
PROGRAMS = {title: code for language, title, code in EXAMPLES if language == "python"}

EXPECTED = {
    "How far are we?": ("done", 3),
    "Nuclei per image": ("c.tif", 0, 0, 0, 2),
    "Nuclei per file, duplicates too": ("b.png", 3),
    "Sizes per folder": ("", 5),
    "Size distribution per folder": ("", 50, 2),
    "Reasons for failures, by number": ("truncated", 1),
    "Where the nuclei were sought": ("c.tif", "channel auto, z planes", None, None, None, 2),
    "Intensity by the channel's name": ("DAPI", 3),
    "Sizes in µm per folder": ("plate 1/", 3),
    "Which network produced what": ("a network", "f" * 64, "1.0", 4, 8),
}
"""How the first row begins, for the files below."""


@pytest.fixture
def full(archive: Archive) -> Archive:
    named = replace(
        image_result(3, channels=2, pixel_size_um=0.5), nuclear_channel=1, channel_names=("GFP", "DAPI")
    )
    first = archive.done("plate 1/a.png", "abc", [named])
    archive.duplicate("b.png", of=first)
    archive.done("c.tif", "xyz", [image_result(2), image_result(3, z=1)])
    archive.done("old plates/d.png", "123", [image_result(0)])
    archive.failed("broken.png")
    return archive


def run(archive: Archive, title: str):
    *before, query = [part for part in QUERIES[title].split(";") if part.strip()]
    with writing(archive.engine) as connection:
        for statement in before:
            if connection.dialect.name == "sqlite":
                connection.execute(text(statement))
        return connection.execute(text(re.sub(r"^\s*--.*", "", query)))


def test_the_page_has_an_example_under_each_of_its_headings():
    headings = re.findall(r"^## (.+)$", PAGE.read_text(), re.M)

    assert [title for _, title, _ in EXAMPLES] == [title for title in headings if title != "What is where"]


@pytest.mark.parametrize("title", [title for title, code in QUERIES.items() if "DELETE" not in code])
def test_a_query_answers(full: Archive, title: str):
    first, *_ = run(full, title).all()

    expected = EXPECTED.get(title, ())
    assert tuple(first)[: len(expected)] == expected


def test_failures_come_with_their_reasons(full: Archive):
    (row,) = run(full, "Images that failed, and why").mappings()

    assert (row["path"], row["error_kind"]) == ("broken.png", "truncated")
    assert row["error"] == "The file ends early."


def test_sizes_in_micrometres_follow_from_the_pixel_size(full: Archive):
    largest = run(full, "Sizes in µm").mappings().first()

    pixels = image_result(3).nuclei
    assert largest["label"] == 3
    assert largest["area_um2"] == pixels["area"][2] * 0.25
    assert largest["equivalent_diameter_area_um"] == pixels["equivalent_diameter_area"][2] * 0.5


def test_cellprofiler_s_names_mean_the_same_things(full: Archive):
    row = run(full, "With CellProfiler's names").mappings().first()

    result = image_result(3, channels=2)
    assert (row["ImageNumber"], row["ObjectNumber"]) == (1, 1)
    assert row["Nuclei_Location_Center_X"] == result.nuclei["centroid_col"][0]
    assert row["Nuclei_AreaShape_Area"] == result.nuclei["area"][0]
    assert row["Nuclei_Intensity_MeanIntensity_Ch0"] == result.intensities["intensity_mean"][0]


def test_shape_and_intensity_stand_side_by_side(full: Archive):
    row = run(full, "Shape and intensity of each nucleus, side by side").mappings().first()

    assert row["mean_1"] == row["mean_0"] + 1000


def test_deleting_a_folder_deletes_its_results(full: Archive):
    before = [len(full.rows(table)) for table in (Image, Mask, Nucleus, Intensity)]

    run(full, "Delete the results of a folder")

    after = [len(full.rows(table)) for table in (Image, Mask, Nucleus, Intensity)]
    assert after == [before[0] - 1, before[1] - 1, *before[2:]]


@pytest.mark.parametrize("database_url", ["sqlite"], indirect=True)
def test_programs_run_in_the_folder_of_the_state(
    full: Archive, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
):
    (tmp_path / "state").symlink_to(tmp_path / "database")
    monkeypatch.chdir(tmp_path)
    results: dict = {}

    for code in PROGRAMS.values():
        exec(code, results)

    np.testing.assert_array_equal(results["labels"], label_image(3))
    assert results["nucleus"].sum() == image_result(3).nuclei["area"][1]
    assert results["median_area"]["c.tif"] > 0
