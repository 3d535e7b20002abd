"""Every example in docs/queries.md runs, and says what is true."""

import re
from collections import Counter
from pathlib import Path

import numpy as np
import pytest
from sqlalchemy import text

from nuqleus.database.engine import writing
from nuqleus.database.files.results import ImageResult
from nuqleus.database.tables import Image, Intensity, Mask, Nucleus
from tests.examples import image_result, label_image
from tests.integration.database.conftest import Archive
from tests.integration.database.cookbook_files import GUESSED, NAMED, SCENES, SERIES, STACK, areas, fill

PAGE = Path(__file__).parents[3] / "docs" / "queries.md"
EXAMPLE = re.compile(
    r"^## (?P<title>[^\n]+)$(?:(?!^## ).)*?^```(?P<language>\w+)\n(?P<code>.+?)^```$", re.M | re.S
)
EXAMPLES = [
    (match["language"], match["title"], match["code"]) for match in EXAMPLE.finditer(PAGE.read_text())
]

QUERIES = {title: code for language, title, code in EXAMPLES if language == "sql"}
PROSE = {"What counts", "What is where"}
PROGRAMS = {title: code for language, title, code in EXAMPLES if language == "python"}


@pytest.fixture
def full(archive: Archive) -> Archive:
    fill(archive)
    return archive


def sizes(*results: ImageResult) -> tuple[float, ...]:
    found = areas(*results)
    return len(found), found.mean(), found.min(), found.max()


def steps(*results: ImageResult) -> list[tuple[int, int]]:
    return sorted(Counter((areas(*results) // 50 * 50).tolist()).items())


def mean_intensity(result: ImageResult, channel: int) -> float:
    inside = ~result.nuclei["touches_border"]
    return result.intensities["intensity_mean"][result.intensities["channel"] == channel][inside].mean()


def median_of(result: ImageResult, name: str, channel: int) -> float:
    inside = ~result.nuclei["touches_border"]
    return np.median(result.intensities[name][result.intensities["channel"] == channel][inside])


EARLIER = "measured by an earlier version: `nuqleus retry PATH` measures it"
OPTIONS = "channel auto, z planes"

SERIES_0, SERIES_1 = SERIES[0], SERIES[3]

ANSWERS = {
    "Images that the network is least sure of": [
        ("plate 1/cut.png", 0, 0, 0, 2, 0.4, None, None),
        ("plate 1/a.png", 0, 0, 0, 3, 0.9, 60, 0.5),
    ],
    "Images that stand out, and why": [
        ("plate 1/cut.png", 0, 0, "fraction_at_max", "14.2 % of the pixels saturated"),
    ],
    "Images that can't be judged, and why": [
        (EARLIER, 7, "old plates/empty.png"),
        ("can't be measured in this image", 1, "plate 1/cut.png"),
        ("its plate has fewer than 10 images to compare it with", 1, "plate 1/cut.png"),
    ],
    "Means without images that stand out": [
        ("plate 1/a.png", 0, 3, areas(NAMED).mean()),
        ("scenes.tif", 0, 3, areas(*SCENES).mean()),
        ("stacks/series.tif", 0, 2, areas(SERIES_0).mean()),
        ("stacks/series.tif", 1, 4, areas(SERIES_1).mean()),
        ("stacks/stack.tif", 0, 3, areas(STACK[1]).mean()),
    ],
    "Phases of the cell cycle, per well": [
        ("P", "B02", 0, "not known", 3, "plate:1"),
        ("P", "B03", 0, "not known", 2, "plate:1"),
    ],
    "Nuclei whose DNA isn't known, and why": [
        (EARLIER, 15, "plate 1/a.png"),
        ("which channel shows the nuclei was guessed", 2, "plate 1/cut.png"),
    ],
    "G1 peaks": [
        ("plate:1", 0, 0, 0, None, None, "there are 0 nuclei, and 500 are needed"),
        ("plate:1", 0, 1, 0, None, None, "there are 0 nuclei, and 500 are needed"),
    ],
    "How far are we?": [("done", 6), ("ignored", 3), ("duplicate", 1), ("failed", 1)],
    "Nuclei per image": [
        ("old plates/empty.png", 0, 0, 0, 0, 1),
        ("plate 1/a.png", 0, 0, 0, 3, 1),
        ("plate 1/cut.png", 0, 0, 0, 2, 1),
        ("scenes.tif", 0, 0, 0, 1, 1),
        ("scenes.tif", 1, 0, 0, 2, 1),
        ("stacks/series.tif", 0, 0, 0, 2, 1),
        ("stacks/series.tif", 0, 0, 1, 1, 0),
        ("stacks/series.tif", 0, 1, 0, 3, 0),
        ("stacks/series.tif", 0, 1, 1, 4, 1),
        ("stacks/stack.tif", 0, 0, 0, 2, 0),
        ("stacks/stack.tif", 0, 0, 1, 3, 1),
        ("stacks/stack.tif", 0, 0, 2, 3, 0),
        ("stacks/stack.tif", 0, 0, 3, 1, 0),
    ],
    "Nuclei per file and time point": [
        ("b.png", "plate 1/a.png", 0, 3),
        ("old plates/empty.png", None, 0, 0),
        ("plate 1/a.png", None, 0, 3),
        ("plate 1/cut.png", None, 0, 2),
        ("scenes.tif", None, 0, 3),
        ("stacks/series.tif", None, 0, 2),
        ("stacks/series.tif", None, 1, 4),
        ("stacks/stack.tif", None, 0, 3),
    ],
    "Nuclei per file at one z": [
        ("old plates/empty.png", 0, 0),
        ("plate 1/a.png", 0, 3),
        ("plate 1/cut.png", 0, 2),
        ("scenes.tif", 0, 3),
        ("stacks/series.tif", 0, 2),
        ("stacks/series.tif", 1, 3),
        ("stacks/stack.tif", 0, 2),
    ],
    "Nuclei with and without those that the border cuts": [
        ("plate 1/a.png", 0, 3, 3),
        ("plate 1/cut.png", 0, 2, 1),
        ("scenes.tif", 0, 3, 3),
        ("stacks/series.tif", 0, 2, 2),
        ("stacks/series.tif", 1, 4, 4),
        ("stacks/stack.tif", 0, 3, 3),
    ],
    "Nuclei over time": [
        ("old plates/empty.png", 0, 0, 0),
        ("plate 1/a.png", 0, 3, 0),
        ("plate 1/cut.png", 0, 2, 0),
        ("scenes.tif", 0, 3, 0),
        ("stacks/series.tif", 0, 2, 0),
        ("stacks/series.tif", 1, 4, 2),
        ("stacks/stack.tif", 0, 3, 0),
    ],
    "Sizes per folder": [
        ("", 0, *sizes(*SCENES)),
        ("plate 1/", 0, *sizes(NAMED, GUESSED)),
        ("stacks/", 0, *sizes(STACK[1], SERIES_0)),
        ("stacks/", 1, *sizes(SERIES_1)),
    ],
    "Size distribution per folder": [
        *(("", 0, *step) for step in steps(*SCENES)),
        *(("plate 1/", 0, *step) for step in steps(NAMED, GUESSED)),
        *(("stacks/", 0, *step) for step in steps(STACK[1], SERIES_0)),
        *(("stacks/", 1, *step) for step in steps(SERIES_1)),
    ],
    "Reasons for failures, by number": [("truncated", 1)],
    "What is ignored, and why": [("metadata", 2, "a.xml"), ("mask", 1, "plate 1/a_mask.png")],
    "Sizes in µm": [
        (
            1,
            label,
            0,
            0,
            NAMED.nuclei["area"][label - 1] / 4,
            NAMED.nuclei["equivalent_diameter_area"][label - 1] / 2,
        )
        for label in (3, 2, 1)
    ],
    "Sizes in µm per folder": [
        ("plate 1/", 0, 3, areas(NAMED).mean() / 4, NAMED.nuclei["equivalent_diameter_area"].mean() / 2)
    ],
    "Nuclei without a size in µm, and why": [
        (None, 12, 4, "old plates/empty.png"),
        ("not square", 2, 1, "plate 1/cut.png"),
    ],
    "Where the nuclei were sought": [
        ("old plates/empty.png", OPTIONS, None, None, None, None, 1),
        ("plate 1/a.png", OPTIONS, 1, "DAPI", "name", None, 1),
        ("plate 1/cut.png", OPTIONS, 0, "RFP", "guess", None, 1),
        ("scenes.tif", OPTIONS, None, None, None, None, 2),
        ("stacks/series.tif", OPTIONS, None, None, None, None, 4),
        ("stacks/stack.tif", OPTIONS, None, None, None, None, 4),
    ],
    "Files whose nuclear channel was guessed": [("plate 1/cut.png", 2, "RFP")],
    "Intensity by the channel's name": [
        ("DAPI", 0, 3, mean_intensity(NAMED, 1)),
        ("GFP", 0, 4, (3 * mean_intensity(NAMED, 0) + mean_intensity(GUESSED, 1)) / 4),
        ("RFP", 0, 1, mean_intensity(GUESSED, 0)),
    ],
    "Wells side by side": [
        ("P", "B02", 0, 0, 1, 3, areas(NAMED).mean(), median_of(NAMED, "intensity_mean", 1)),
        ("P", "B03", 0, 0, 1, 2, areas(GUESSED).mean(), median_of(GUESSED, "intensity_mean", 1)),
    ],
    "What is in the wells, and what was found there": [
        ("P", "B02", "drug", 0, 3, areas(NAMED).mean()),
        ("P", "B03", "DMSO", 0, 2, areas(GUESSED).mean()),
    ],
    "Wells of a compound together": [
        ("DMSO", 0, 1, 2, areas(GUESSED).mean()),
        ("drug", 0, 1, 3, areas(NAMED).mean()),
    ],
    "Any measurement of a well, by channel": [
        ("P", well, 0, 0, f"w{channel + 1}", median_of(result, "intensity_integrated", channel))
        for well, result in (("B02", NAMED), ("B03", GUESSED))
        for channel in (0, 1)
    ],
    "Fields that lack a channel of their plate": [("P", "B03", 1, "w3", "plate 1/cut.png")],
    "Which network produced what": [("a network", "f" * 64, "1.0", 13, 6)],
}
"""All rows of the answers for these files."""


def run(archive: Archive, title: str):
    *before, query = [part for part in QUERIES[title].split(";") if part.strip()]
    with writing(archive.engine) as connection:
        for statement in before:
            if connection.dialect.name == "sqlite":
                connection.execute(text(statement))
        return connection.execute(text(re.sub(r"^\s*--.*", "", query)))


def test_the_page_has_an_example_under_each_of_its_headings():
    headings = re.findall(r"^## (.+)$", PAGE.read_text(), re.M)

    assert [title for _, title, _ in EXAMPLES] == [title for title in headings if title not in PROSE]


@pytest.mark.parametrize("title", ANSWERS)
def test_the_answer_is_right(full: Archive, title: str):
    rows = [tuple(row) for row in run(full, title).all()]

    assert len(rows) == len(ANSWERS[title])
    for row, expected in zip(rows, ANSWERS[title], strict=True):
        assert row == pytest.approx(expected)


@pytest.mark.parametrize("title", [title for title, code in QUERIES.items() if "DELETE" not in code])
def test_every_query_has_an_answer(full: Archive, title: str):
    assert run(full, title).first()


def test_failures_come_with_their_reasons(full: Archive):
    (row,) = run(full, "Images that failed, and why").mappings()

    assert (row["path"], row["error_kind"]) == ("broken.png", "truncated")
    assert row["error"] == "The file ends early."


def test_cellprofiler_s_names_mean_the_same_things(full: Archive):
    rows = run(full, "With CellProfiler's names").mappings().all()

    first = rows[0]
    assert (first["ImageNumber"], first["ObjectNumber"]) == (1, 1)
    assert first["Nuclei_AreaShape_Center_X"] == NAMED.nuclei["centroid_col"][0]
    assert first["Nuclei_AreaShape_Area"] == NAMED.nuclei["area"][0]
    assert first["Nuclei_Metadata_ChannelName_Ch1"] == "DAPI"
    means = NAMED.intensities["intensity_mean"][NAMED.intensities["channel"] == 1]
    assert first["Nuclei_Intensity_MeanIntensity_Ch1"] == means[0]
    whole = 3 + 1 + 3 + (2 + 4) + 3
    assert len(rows) == whole


def test_circularity_is_measured_and_asked_for(full: Archive):
    rows = run(full, "Round nuclei that are wholly inside the image").all()

    counted = (NAMED, GUESSED, STACK[1], SERIES_0, SERIES_1, *SCENES)
    assert [row.area for row in rows] == [area for image in counted for area in round_and_inside(image)]


def round_and_inside(image: ImageResult) -> list[float]:
    """Areas of the nuclei of an image that are round, and that the border doesn't cut."""
    nuclei = image.nuclei
    chosen = (nuclei["circularity"] > 0.9) & (nuclei["solidity"] > 0.9) & ~nuclei["touches_border"]
    return nuclei["area"][chosen].tolist()


def test_shape_and_intensity_stand_side_by_side(full: Archive):
    rows = run(full, "Shape and intensity of each nucleus, side by side").mappings().all()

    assert rows[0]["mean_1"] == rows[0]["mean_0"] + 1000
    assert len(rows) == 3 + 2 + sum([2, 3, 3, 1]) + sum([2, 1, 3, 4]) + sum([1, 2])


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
    assert results["median_area"]["stacks/series.tif", 1] == np.median(areas(SERIES_1))
