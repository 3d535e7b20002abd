"""The report's page: what it says, in which order, and that it needs nothing but itself."""

import re
from html.parser import HTMLParser
from pathlib import Path

import numpy as np
import pytest

from model.errors import DatasetError
from model.evaluation.report.page import EvaluationReport, Subject
from model.evaluation.scores import EvaluatedImage
from tests.unit.model.report.discs import BRIDGE, LEFT, NOTHING, RIGHT, SHAPE, label

BOTH = label(LEFT, RIGHT)
SUBJECT = Subject("network on folder", {"Network": "network"})


class Elements(HTMLParser):
    """Every start tag with its attributes, and all text."""

    def __init__(self, html: str) -> None:
        super().__init__()
        self.tags: list[tuple[str, dict[str, str | None]]] = []
        self.text = ""
        self.feed(html)

    def handle_starttag(self, tag, attrs):
        self.tags.append((tag, dict(attrs)))

    def handle_data(self, data):
        self.text += data

    def of(self, name: str) -> list[dict[str, str | None]]:
        return [attributes for tag, attributes in self.tags if tag == name]


def evaluated(name: str, found: np.ndarray, kind: str = "discs") -> EvaluatedImage:
    return EvaluatedImage(name, kind, np.zeros((*SHAPE, 1), np.uint8), BOTH, found)


def write(folder: Path, *images: EvaluatedImage, subject: Subject = SUBJECT) -> str:
    report = EvaluationReport(subject, folder)
    for each in images:
        report.add(each)
    return report.write().read_text(encoding="utf-8")


@pytest.fixture(scope="module")
def page(tmp_path_factory: pytest.TempPathFactory) -> str:
    """Three images of two kinds: one perfect, one with a merge, one with nothing found."""
    return write(
        tmp_path_factory.mktemp("report"),
        evaluated("perfect", BOTH),
        evaluated("merged", label(LEFT | RIGHT | BRIDGE), "bridges"),
        evaluated("missed", NOTHING),
    )


def rows(html: str, table: int) -> list[list[str]]:
    body = html.split("<tbody>")[table + 1].partition("</tbody>")[0]
    cells = [re.findall(r"<t[hd][^>]*>(.*?)</t[hd]>", row) for row in body.split("</tr>")[:-1]]
    return [[re.sub(r"<[^>]*>", "", cell) for cell in row] for row in cells]


def test_the_page_is_one_file_named_index_html(tmp_path: Path):
    assert write(tmp_path, evaluated("a", BOTH)).startswith("<!doctype html>")
    assert [path.name for path in tmp_path.iterdir()] == ["index.html"]


def test_nothing_is_loaded_from_elsewhere(page: str):
    elements = Elements(page)
    links = [a[key] for _, a in elements.tags for key in ("src", "href", "srcset", "data") if a.get(key)]
    assert links == []
    assert set(re.findall(r"url\((.{5})", page)) == {"data:"}
    assert "@import" not in page
    assert "http" not in re.sub(r"url\([^)]*\)", "", page)


def test_every_image_comes_with_three_pictures(page: str):
    assert page.count("data:image/webp") == 3
    assert page.count("data:image/png") == 2 * 3
    assert (
        len([a for a in Elements(page).of("div") if a.get("role") == "img" and a.get("aria-label")]) == 3 * 3
    )


def test_images_come_from_the_worst_to_the_best(page: str):
    assert re.findall(r"</span> (\w+)</h3>", page) == [
        "merged",
        "missed",
        "perfect",
    ]  # equals in the order given


def test_each_image_tells_its_figures_and_the_error_types_of_its_nuclei(page: str):
    merged = re.sub(r"<[^>]*>", "", page.split("<figcaption>")[1])
    for text in (
        "bridges, 96 × 64 px",
        "DSB 0.000",
        "AP 0.50 0.00",
        "truth: 2",
        "2 merged",
        "ours: 1",
        "1 merged",
    ):
        assert text in merged
    assert "matched" not in merged


def test_scores_are_listed_over_all_images_and_per_kind(page: str):
    assert [(row[0], row[1], row[2], row[3]) for row in rows(page, 0)] == [
        ("all", "3", "0.333", "0.286"),
        ("bridges", "1", "0.000", "0.000"),
        ("discs", "2", "0.500", "0.500"),
    ]


def test_error_types_are_counted_over_all_images_and_per_kind(page: str):
    truth = ("true", "matched", "merged", "split", "misshapen", "missed")
    found = ("found", "in one", "pieces", "off", "false positive")
    table = [dict(zip(("kind", *truth, *found, "bar"), row, strict=True)) for row in rows(page, 2)]
    assert table[0]["true"] == "6"
    assert [row["merged"] for row in table] == ["2 33 %", "2 100 %", "0 0 %"]
    assert [row["missed"] for row in table] == ["2 33 %", "0 0 %", "2 50 %"]
    assert [row["matched"] for row in table] == ["2 33 %", "0 0 %", "2 50 %"]
    assert [row["found"] for row in table] == ["3", "1", "2"]
    assert [row["in one"] for row in table] == ["1 33 %", "1 100 %", "0 0 %"]
    assert [row["false positive"] for row in table] == ["0 0 %"] * 3


def test_there_is_a_curve_a_kind_and_one_for_all_from_iou_one_half_to_the_end(page: str):
    curves = [a["points"].split() for a in Elements(page).of("polyline")]
    assert [len(curve) for curve in curves] == [10, 10, 10]
    heights = [float(curve[0].split(",")[1]) for curve in curves]
    discs, bridges, everything = heights  # all images come last, and so on top
    assert discs < everything < bridges  # higher up is a smaller y


def test_the_gallery_can_be_filtered_by_kind_and_sorted_by_mistake(page: str):
    elements = Elements(page)
    values = [a["value"] for a in elements.of("option")]
    assert values == ["", "bridges", "discs", "", "merged", "split", "misshapen", "missed", "false-positive"]
    (merged, missed, _) = elements.of("figure")
    assert (merged["data-kind"], merged["data-merged"], missed["data-missed"]) == ("bridges", "3", "2")


def test_images_of_one_kind_need_no_filter(tmp_path: Path):
    page = write(tmp_path, evaluated("a", BOTH))
    assert 'name="kind"' not in page
    assert [row[0] for row in rows(page, 0)] == ["all"]


def test_names_and_kinds_are_text_whatever_they_hold(tmp_path: Path):
    evil = "</style><script>alert(1)</script>\"'><img src=x>&amp;$title"
    subject = Subject(evil, {evil: evil})
    page = write(tmp_path, evaluated(evil, BOTH, evil), evaluated("b", BOTH, "other"), subject=subject)
    elements = Elements(page)
    assert len(elements.of("script")) == 1
    assert elements.of("img") == []
    assert [a["data-kind"] for a in elements.of("figure")] == [evil, "other"]
    assert elements.text.count(evil) >= 5  # title, heading, fact, tables, caption


def test_a_name_that_is_no_valid_text_does_not_stop_the_page(tmp_path: Path):
    assert "caf" in write(tmp_path, evaluated("caf\udce9", BOTH))


def test_images_without_any_nuclei_make_a_page_too(tmp_path: Path):
    nothing = EvaluatedImage("empty", "none", np.zeros((*SHAPE, 1), np.uint8), NOTHING, NOTHING)
    page = write(tmp_path, nothing)
    assert rows(page, 2)[0][1:3] == ["0", "0 –"]


def test_an_image_of_another_size_than_its_labels_is_refused():
    with pytest.raises(DatasetError, match=r"image a is \(9, 9\), .* \(64, 96\)"):
        EvaluatedImage("a", "b", np.zeros((9, 9, 1), np.uint8), BOTH, BOTH)
