"""`nuqleus train` and `nuqleus evaluate` on a folder of drawn images."""

import json
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
import tifffile
from click.testing import CliRunner
from PIL import Image

from cli.main import main
from model.hashing import hash_file
from model.weights import SHIPPED, read_card, write_card
from tests.unit.model.training_examples import draw_example


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Six labelled images of two kinds, with an index."""
    folder = tmp_path_factory.mktemp("labelled")
    (folder / "images").mkdir()
    (folder / "labels").mkdir()
    lines = ["id,kind"]
    for seed in range(6):
        example = draw_example(seed)
        pixels = np.clip(example.image[..., 0] * 200, 0, 255).astype(np.uint8)
        Image.fromarray(pixels).save(folder / "images" / f"{example.name}.png")
        tifffile.imwrite(folder / "labels" / f"{example.name}.tif", example.labels.astype(np.uint16))
        lines.append(f"{example.name},{'even' if seed % 2 == 0 else 'odd'}")
    (folder / "index.csv").write_text("\n".join(lines))
    return folder


@pytest.fixture(scope="module")
def trained(folder: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    output = tmp_path_factory.mktemp("trained") / "run"
    result = nuqleus("train", folder, "--output", output, "--name", "mine", "--steps", 1, "--batch", 2)
    assert result.exit_code == 0, result.output
    return output


def nuqleus(*arguments: object):
    return CliRunner().invoke(main, [str(argument) for argument in arguments], catch_exceptions=False)


def test_training_leaves_weights_card_log_and_pictures(trained: Path):
    names = {path.name for path in trained.iterdir()}
    assert {"mine.weights.h5", "mine.json", "log.csv", "curve.png", "examples.png"} <= names
    card = json.loads((trained / "mine.json").read_text())
    assert card["training"]["data"]["train"] + card["training"]["data"]["val"] == 6
    assert [stage["steps"] for stage in card["training"]["recipe"]["stages"]] == [1]


def test_a_training_is_not_overwritten_but_goes_on_when_asked(folder: Path, trained: Path):
    refused = nuqleus("train", folder, "--output", trained, "--steps", 1)
    assert refused.exit_code == 2
    assert "--resume" in refused.output
    resumed = nuqleus(
        "train", folder, "--output", trained, "--name", "mine", "--steps", 1, "--batch", 2, "--resume"
    )
    assert resumed.exit_code == 0, resumed.output
    assert [line.split(",")[0] for line in (trained / "log.csv").read_text().split()] == ["1"]


def test_another_training_does_not_go_on_from_this_ones_checkpoint(folder: Path, trained: Path):
    before = (trained / "mine.weights.h5").read_bytes()
    refused = nuqleus(
        "train", folder, "--output", trained, "--name", "mine", "--steps", 2, "--batch", 2, "--resume"
    )
    assert refused.exit_code == 1
    assert "steps" in refused.output
    assert (trained / "mine.weights.h5").read_bytes() == before


def test_weights_are_not_overwritten_by_what_is_trained_from_them(folder: Path, trained: Path):
    weights = trained / "mine.weights.h5"
    before = weights.read_bytes()
    refused = nuqleus("train", folder, "--from", weights, "--output", trained, "--name", "mine", "--resume")
    assert refused.exit_code == 1
    assert "would be overwritten" in refused.output
    assert weights.read_bytes() == before


@pytest.mark.parametrize(
    "wrong", [("--name", "a/b"), ("--name", ".."), ("--name", ""), ("--seed", -1), ("--blend", 0.5)]
)
def test_options_that_make_no_sense_are_refused_before_anything_starts(
    folder: Path, tmp_path: Path, wrong: tuple[object, ...]
):
    refused = nuqleus("train", folder, "--output", tmp_path / "run", *wrong)
    assert refused.exit_code == 2, refused.output
    assert str(wrong[0]) in refused.output
    assert not (tmp_path / "run").exists()


def test_an_output_folder_that_cannot_be_made_is_refused(folder: Path, tmp_path: Path):
    (tmp_path / "file").touch()
    refused = nuqleus("train", folder, "--output", tmp_path / "file" / "run")
    assert refused.exit_code == 2
    assert "can't be made" in refused.output


def test_what_is_held_out_is_named(folder: Path, tmp_path: Path):
    from model.training.split import split_folder

    (tmp_path / "junk.weights.h5").write_bytes(b"junk")
    card = read_card(SHIPPED)
    write_card(replace(card, sha256=hash_file(tmp_path / "junk.weights.h5")), tmp_path / "junk.weights.h5")
    result = nuqleus(
        "train", folder, "--from", tmp_path / "junk.weights.h5", "--output", tmp_path, "--name", "mine"
    )
    held_out = ", ".join(pair.image.name for pair in split_folder(folder).val)
    assert f"Held out to measure on: {held_out}\n" in result.output
    assert result.exit_code == 1
    assert "junk.weights.h5 can't be loaded" in result.output


def test_evaluating_given_weights_prints_a_row_a_kind_and_writes_json(
    folder: Path, trained: Path, tmp_path: Path
):
    figures = tmp_path / "figures.json"
    result = nuqleus("evaluate", folder, "--weights", trained / "mine.weights.h5", "--json", figures)
    assert result.exit_code == 0, result.output
    assert all(kind in result.output for kind in ("all", "even", "odd"))
    written = json.loads(figures.read_text())
    assert [row["kind"] for row in written["summaries"]] == ["all", "even", "odd"]
    assert len(written["images"]) == 6


def test_the_report_names_the_network_and_its_weights(folder: Path, trained: Path, tmp_path: Path):
    result = nuqleus("evaluate", folder, "--weights", trained / "mine.weights.h5", "--report", tmp_path)
    assert result.exit_code == 0, result.output
    page = (tmp_path / "index.html").read_text(encoding="utf-8")
    assert f"<h1>mine on {folder.parent.name}/{folder.name}</h1>" in page
    assert json.loads((trained / "mine.json").read_text())["sha256"] in page
    assert page.count("<figure") == 6


def test_label_images_from_elsewhere_are_measured_too(folder: Path, tmp_path: Path):
    for path in (folder / "labels").iterdir():
        (tmp_path / f"{path.stem}.png.label.tif").write_bytes(path.read_bytes())
    result = nuqleus("evaluate", folder, "--labels", tmp_path, "--json", tmp_path / "figures.json")
    assert result.exit_code == 0, result.output
    assert json.loads((tmp_path / "figures.json").read_text())["summaries"][0]["dsb"] == 1.0


def test_a_missing_label_image_is_named(folder: Path, tmp_path: Path):
    result = nuqleus("evaluate", folder, "--labels", tmp_path)
    assert result.exit_code == 1
    assert "dots0.png" in result.output


def test_a_folder_without_images_is_an_error_that_says_what_is_expected(tmp_path: Path):
    result = nuqleus("evaluate", tmp_path)
    assert result.exit_code == 1
    assert "has no folder 'images'" in result.output
