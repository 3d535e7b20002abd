"""A training goes on only from a checkpoint of the same training."""

import json
from dataclasses import replace
from pathlib import Path

import pytest
from PIL import Image

from model.errors import WeightsError
from model.training.pictures import draw_curve
from model.training.recipe import Recipe, Stage
from model.training.record import RECORD, check_record, make_record, write_record
from model.training.session import TrainingPlan, TrainingStart, run_session
from model.training.stage_files import LOG, StageFiles
from model.training.trainer import InitialWeights, trained_seconds
from tests.unit.model.training_examples import draw_example

FIRST, SECOND = Stage(steps=6), Stage(steps=4)
RECIPE = Recipe((FIRST, SECOND))
DATA = {"name": "mine", "train": 3, "sha256": "ab"}


@pytest.fixture
def initial_weights(tmp_path: Path) -> Path:
    weights = tmp_path / "start.weights.h5"
    weights.write_bytes(b"weights")
    return weights


@pytest.fixture
def begun(tmp_path: Path, initial_weights: Path) -> Path:
    """The folder of a training that got as far as its first checkpoint."""
    folder = tmp_path / "run"
    folder.mkdir()
    write_record(make_record(RECIPE, initial_weights, DATA), folder)
    StageFiles(folder, 1, 0).checkpoint.touch()
    return folder


def test_the_same_training_goes_on(begun: Path, initial_weights: Path):
    check_record(make_record(RECIPE, initial_weights, DATA | {"name": "renamed"}), begun)


def test_another_recipe_is_refused_by_the_names_of_what_differs(begun: Path, initial_weights: Path):
    other = Recipe((replace(FIRST, batch_size=3), replace(SECOND, steps=5)))
    with pytest.raises(WeightsError, match="another batch_size, steps"):
        check_record(make_record(other, initial_weights, DATA), begun)


def test_a_training_of_fewer_stages_is_refused(begun: Path, initial_weights: Path):
    with pytest.raises(WeightsError, match="number of stages"):
        check_record(make_record(Recipe((FIRST,)), initial_weights, DATA), begun)


def test_other_weights_to_begin_with_are_refused(begun: Path, initial_weights: Path):
    initial_weights.write_bytes(b"others")
    with pytest.raises(WeightsError, match="began with the weights"):
        check_record(make_record(RECIPE, initial_weights, DATA), begun)
    with pytest.raises(WeightsError, match="not with random weights"):
        check_record(make_record(RECIPE, None, DATA), begun)


def test_other_images_are_refused(begun: Path, initial_weights: Path):
    with pytest.raises(WeightsError, match="images"):
        check_record(make_record(RECIPE, initial_weights, DATA | {"sha256": "cd"}), begun)


@pytest.mark.parametrize("content", [None, "", "[]", "{}"])
def test_a_folder_that_does_not_say_what_its_training_is_of_is_refused(
    begun: Path, initial_weights: Path, content: str | None
):
    (begun / RECORD).unlink() if content is None else (begun / RECORD).write_text(content)
    with pytest.raises(WeightsError, match="missing or damaged"):
        check_record(make_record(RECIPE, initial_weights, DATA), begun)


def test_a_training_that_an_earlier_version_began_is_refused_by_saying_so(tmp_path: Path):
    (tmp_path / LOG).write_text("50,0.7,12.0\n")
    earlier = {"recipe": {"steps": 6, "batch": 8, "then": {"steps": 4, "batch": 8}}, "from": None, "data": {}}
    (tmp_path / RECORD).write_text(json.dumps(earlier))
    plan = TrainingPlan(TrainingStart(RECIPE), tmp_path, "mine", data={}, code_version="1", resume=True)
    with pytest.raises(WeightsError, match="begun by an earlier version of nuqleus"):
        run_session(plan, [draw_example(0)], [])


def test_what_was_cut_off_before_its_first_checkpoint_begins_again_with_whatever_is_given(
    begun: Path, initial_weights: Path
):
    StageFiles(begun, 1, 0).checkpoint.unlink()
    other = Recipe((Stage(steps=0),))
    data = DATA | {"sha256": "cd"}
    start = TrainingStart(other, InitialWeights(initial_weights, FIRST.network))
    plan = TrainingPlan(start, begun, "mine", data=data, code_version="1", resume=True)
    with pytest.raises(
        WeightsError, match="can't be loaded"
    ):  # the record is written before weights are read
        run_session(plan, [draw_example(0)], [])
    check_record(make_record(other, initial_weights, data), begun)


def test_a_training_cut_off_between_its_only_checkpoint_and_the_log_can_end(begun: Path):
    assert trained_seconds(begun) == 0
    draw_curve(begun / LOG, begun / "curve.png")
    with Image.open(begun / "curve.png") as curve:
        assert curve.size == (880, 440)
