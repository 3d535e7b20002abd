"""A training goes on only from a checkpoint of the same training."""

from dataclasses import replace
from pathlib import Path

import pytest

from model.errors import WeightsError
from model.training.pictures import draw_curve
from model.training.recipe import Recipe
from model.training.record import RECORD, keep_record
from model.training.stage_files import LOG, Place
from model.training.trainer import trained_seconds

RECIPE = Recipe(steps=6, then=Recipe(steps=4))
DATA = {"name": "mine", "train": 3, "sha256": "ab"}


@pytest.fixture
def start(tmp_path: Path) -> Path:
    weights = tmp_path / "start.weights.h5"
    weights.write_bytes(b"weights")
    return weights


@pytest.fixture
def begun(tmp_path: Path, start: Path) -> Path:
    """The folder of a training that got as far as its first checkpoint."""
    folder = tmp_path / "run"
    folder.mkdir()
    keep_record(folder, RECIPE, start, DATA, resume=False)
    Place(folder, 1, 0).checkpoint.touch()
    return folder


def test_the_same_training_goes_on(begun: Path, start: Path):
    keep_record(begun, RECIPE, start, DATA | {"name": "renamed"}, resume=True)


def test_another_recipe_is_refused_by_the_names_of_what_differs(begun: Path, start: Path):
    other = replace(RECIPE, batch=3, then=Recipe(steps=5))
    with pytest.raises(WeightsError, match="another batch, steps"):
        keep_record(begun, other, start, DATA, resume=True)


def test_a_training_of_fewer_parts_is_refused(begun: Path, start: Path):
    with pytest.raises(WeightsError, match="number of parts"):
        keep_record(begun, replace(RECIPE, then=None), start, DATA, resume=True)


def test_other_weights_to_begin_with_are_refused(begun: Path, start: Path):
    start.write_bytes(b"others")
    with pytest.raises(WeightsError, match="began with the weights"):
        keep_record(begun, RECIPE, start, DATA, resume=True)
    with pytest.raises(WeightsError, match="not with random weights"):
        keep_record(begun, RECIPE, None, DATA, resume=True)


def test_other_images_are_refused(begun: Path, start: Path):
    with pytest.raises(WeightsError, match="images"):
        keep_record(begun, RECIPE, start, DATA | {"sha256": "cd"}, resume=True)


@pytest.mark.parametrize("content", [None, "", "[]", "{}"])
def test_a_folder_that_does_not_say_what_its_training_is_of_is_refused(
    begun: Path, start: Path, content: str | None
):
    (begun / RECORD).unlink() if content is None else (begun / RECORD).write_text(content)
    with pytest.raises(WeightsError, match="missing or damaged"):
        keep_record(begun, RECIPE, start, DATA, resume=True)


def test_what_was_cut_off_before_its_first_checkpoint_begins_again(begun: Path, start: Path):
    Place(begun, 1, 0).checkpoint.unlink()
    keep_record(begun, replace(RECIPE, batch=3), start, DATA, resume=True)
    Place(begun, 1, 0).checkpoint.touch()
    keep_record(begun, replace(RECIPE, batch=3), start, DATA, resume=True)


def test_a_training_cut_off_between_its_only_checkpoint_and_the_log_can_end(begun: Path):
    assert trained_seconds(begun) == 0
    draw_curve(begun / LOG, begun / "curve.png")
    assert (begun / "curve.png").stat().st_size > 0
