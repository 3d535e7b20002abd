"""`nuqleus evaluate` on label images, without a network: what it prints and what it writes."""

import json
from pathlib import Path

import numpy as np
import pytest
import tifffile
from click.testing import CliRunner, Result
from PIL import Image

from cli.main import main
from tests.fake_segmenter import ThresholdSegmenter
from tests.unit.model.report.discs import BRIDGE, LEFT, RIGHT, SHAPE, label

TRUTH = label(LEFT, RIGHT)
MERGED = label(LEFT | RIGHT | BRIDGE)


@pytest.fixture
def data(tmp_path: Path) -> Path:
    """Two labelled images in a folder `data/val`."""
    folder = tmp_path / "data" / "val"
    for part in ("images", "labels"):
        (folder / part).mkdir(parents=True)
    for name in ("good", "bad"):
        Image.fromarray((TRUTH > 0).astype(np.uint8) * 200).save(folder / "images" / f"{name}.png")
        tifffile.imwrite(folder / "labels" / f"{name}.tif", TRUTH.astype(np.uint16))
    return folder


@pytest.fixture
def found(tmp_path: Path) -> Path:
    """What somebody found in them: all in one image, a merge in the other."""
    folder = tmp_path / "runs" / "mine"
    folder.mkdir(parents=True)
    for name, labels in (("good", TRUTH), ("bad", MERGED)):
        tifffile.imwrite(folder / f"{name}.png.label.tif", labels.astype(np.uint16))
    return folder


def evaluate(*arguments: object) -> Result:
    return CliRunner().invoke(main, ["evaluate", *map(str, arguments)])


def test_the_report_names_what_was_measured_on_what(data: Path, found: Path, tmp_path: Path):
    result = evaluate(data, "--labels", found, "--report", tmp_path / "new" / "report")
    page = tmp_path / "new" / "report" / "index.html"
    assert result.exit_code == 0, result.output
    assert str(page) in result.output.replace("\n", "")
    html = page.read_text(encoding="utf-8")
    assert "<h1>runs/mine on data/val</h1>" in html
    assert html.index("bad</h3>") < html.index("good</h3>")


def test_report_and_json_agree(data: Path, found: Path, tmp_path: Path):
    evaluate(data, "--labels", found, "--report", tmp_path / "report", "--json", tmp_path / "figures.json")
    dsb = json.loads((tmp_path / "figures.json").read_text())["summaries"][0]["dsb"]
    assert dsb == 0.5
    assert f"<td>{dsb:.3f}</td>" in (tmp_path / "report" / "index.html").read_text(encoding="utf-8")


def test_without_the_option_no_report_is_written(data: Path, found: Path, tmp_path: Path):
    before = sorted(tmp_path.rglob("*"))
    assert evaluate(data, "--labels", found).exit_code == 0
    assert sorted(tmp_path.rglob("*")) == before


def test_a_folder_that_cannot_be_made_is_told_before_the_work(data: Path, found: Path, tmp_path: Path):
    (tmp_path / "file").touch()
    result = evaluate(data, "--labels", found, "--report", tmp_path / "file" / "report")
    assert result.exit_code == 1
    assert "can't be made" in result.stderr
    assert "Agreement" not in result.output


def test_a_page_that_cannot_be_written_is_told_in_a_sentence(data: Path, found: Path, tmp_path: Path):
    (tmp_path / "report" / "index.html").mkdir(parents=True)
    result = evaluate(data, "--labels", found, "--report", tmp_path / "report")
    assert result.exit_code == 1
    assert "can't be written" in result.stderr


def test_label_images_of_another_size_are_refused_in_a_sentence(data: Path, found: Path):
    tifffile.imwrite(found / "good.png.label.tif", np.zeros((9, 9), np.uint16))
    result = evaluate(data, "--labels", found)
    assert result.exit_code == 1
    assert f"good is {SHAPE}" in result.stderr


def test_a_folder_without_images_is_refused(data: Path, found: Path):
    for image in (data / "images").iterdir():
        image.unlink()
    result = evaluate(data, "--labels", found)
    assert result.exit_code == 1
    assert "holds no images" in result.stderr


def rename(folder: Path, old: str, new: str) -> None:
    (folder / old).rename(folder / new)


def test_names_may_have_dots(data: Path, found: Path):
    rename(data / "images", "good.png", "dots.in.name.png")
    rename(data / "labels", "good.tif", "dots.in.name.tif")
    rename(found, "good.png.label.tif", "dots.in.name.png.label.tif")
    rename(data / "images", "bad.png", "dots.png")
    rename(data / "labels", "bad.tif", "dots.tif")
    rename(found, "bad.png.label.tif", "dots.png.label.tif")
    assert evaluate(data, "--labels", found).exit_code == 0


@pytest.mark.parametrize(
    "name", ["good.label.tif", "good.png.s0.t0.z0.label.tif", "below/good.png.label.tif"]
)
def test_label_images_may_be_called_after_the_image_without_its_ending_or_lie_below(
    data: Path, found: Path, name: str
):
    (found / "below").mkdir()
    rename(found, "good.png.label.tif", name)
    assert evaluate(data, "--labels", found).exit_code == 0


@pytest.mark.parametrize(
    "name", ["good.label.tif", "good.png.s0.t0.z1.label.tif", "below/good.png.label.tif"]
)
def test_several_label_images_of_an_image_are_named(data: Path, found: Path, name: str):
    (found / "below").mkdir()
    (found / name).write_bytes((found / "good.png.label.tif").read_bytes())
    result = evaluate(data, "--labels", found)
    assert result.exit_code == 1
    assert "several label images of good.png" in result.stderr
    assert name in result.stderr


def test_the_network_is_loaded_as_a_worker_loads_it(data: Path, monkeypatch: pytest.MonkeyPatch):
    """Used once before it is measured: the graph for a network's first size gives slightly other maps."""
    seen: list[tuple[int, ...]] = []
    monkeypatch.setattr(
        "model.segmentation.segmenter.Segmenter.load", lambda _weights: WatchedSegmenter(seen)
    )

    result = evaluate(data)

    assert result.exit_code == 0, result.output
    assert seen[:2] == [(64, 64, 1), (96, 128, 3)]
    assert len(seen) == 2 + 2


class WatchedSegmenter(ThresholdSegmenter):
    """Notes the shapes that it is shown."""

    def __init__(self, seen: list[tuple[int, ...]]) -> None:
        super().__init__()
        self._seen = seen

    def segment(self, pixels: np.ndarray, *size: object):
        self._seen.append(pixels.shape)
        return super().segment(pixels, *size)
