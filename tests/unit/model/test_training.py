"""Training with a network small enough for seconds: it learns, it resumes, it writes down what it did."""

import json
import shutil
from dataclasses import replace
from pathlib import Path
from typing import NamedTuple

import keras
import numpy as np
import pytest
from PIL import Image

from model.errors import WeightsError
from model.network.config import UNetConfig
from model.network.unet import build_unet
from model.segmentation.segmenter import Segmenter
from model.training.augment import Augmentation
from model.training.batches import make_batches
from model.training.recipe import FINE_TUNE, NOTEBOOK, NUQLEUS, Recipe, adapt
from model.training.session import Beginning, Plan, fine_tune, run_session
from model.training.trainer import Start, train, trained_seconds
from model.weights import ModelCard, card_path, read_card
from tests.unit.model.training_examples import draw_example

TINY = Recipe(
    network=UNetConfig(widths=(8,)),  # each level takes TensorFlow seconds to compile
    augmentation=Augmentation(crop=48, stain=0.0, invert=0.0),
    steps=6,
    batch=2,
    rate=5e-3,
    warmup=1,
    window=0.5,
    epoch=2,
)
EXAMPLES = [draw_example(seed) for seed in range(4)]


def test_a_batch_depends_on_seed_and_step_alone():
    whole = list(make_batches(TINY, EXAMPLES, first=0))
    rest = list(make_batches(TINY, EXAMPLES, first=4))
    assert len(whole) == TINY.steps
    for (image, target), (again, target_again) in zip(whole[4:], rest, strict=True):
        assert (image == again).all()
        assert (target == target_again).all()


def test_rare_kinds_are_drawn_more_often_than_they_occur():
    examples = [draw_example(i, kind="common") for i in range(9)] + [draw_example(9, kind="rare", channels=3)]
    coloured = 0
    for images, _ in make_batches(replace(TINY, steps=40, balance=0.0), examples, first=0):
        coloured += sum(bool(np.ptp(image, axis=2).max() > 0) for image in images)
    assert 20 <= coloured <= 60  # half of 80; a tenth if kinds were drawn as they occur


@pytest.mark.parametrize(("even", "fewest", "most"), [(False, 1.0, 1.0), (True, 0.02, 0.3)])
def test_images_of_rare_kinds_are_shown_as_they_are_no_more_often_than_others_where_that_is_asked_for(
    even: bool, fewest: float, most: float
):
    gray = draw_example(9, kind="rare")
    rare = replace(gray, image=gray.image * np.array([0.25, 0.5, 1.0], np.float32))
    examples = [draw_example(i, kind="common") for i in range(9)] + [rare]
    how = replace(TINY.augmentation, untouched=1.0)
    recipe = replace(TINY, augmentation=how, steps=60, balance=0.0, even=even)
    crops = [crop for images, _ in make_batches(recipe, examples, first=0) for crop in images]
    coloured = [crop for crop in crops if np.ptp(crop, axis=2).max() > 0]
    untouched = [np.isin(crop, rare.image).all() for crop in coloured]
    assert fewest <= np.mean(untouched) <= most  # each rare image is drawn nine times as often


class Trained(NamedTuple):
    """A network, and the losses on its way."""

    network: keras.Model
    losses: list[float]


def train_watched(recipe: Recipe, folder: Path) -> Trained:
    losses: list[float] = []
    return Trained(train(recipe, EXAMPLES, folder, on_step=lambda _, loss: losses.append(loss)), losses)


@pytest.fixture(scope="module")
def unbroken(tmp_path_factory: pytest.TempPathFactory) -> Trained:
    """The tiny training, from its beginning to its end."""
    return train_watched(TINY, tmp_path_factory.mktemp("unbroken"))


@pytest.fixture(scope="module")
def longer(tmp_path_factory: pytest.TempPathFactory) -> Trained:
    """Forty steps, whose weights are the last ones, no mean of several."""
    return train_watched(replace(TINY, steps=40, window=0.0), tmp_path_factory.mktemp("longer"))


def test_the_loss_falls(longer: Trained):
    assert np.mean(longer.losses[-5:]) < 0.8 * np.mean(longer.losses[:5])


def test_however_short_a_training_is_the_mean_of_its_weights_forgets_the_first_ones(
    longer: Trained, tmp_path: Path
):
    averaged = train(replace(TINY, steps=40, window=NUQLEUS.window), EXAMPLES, tmp_path)
    for mean, end in zip(averaged.trainable_variables, longer.network.trainable_variables, strict=True):
        np.testing.assert_allclose(*map(keras.ops.convert_to_numpy, (mean, end)), atol=0.05)


def test_a_training_that_was_cut_off_ends_like_one_that_was_not(unbroken: Trained, tmp_path: Path):
    class PowerCutError(Exception):
        pass

    def cut_power(step: int, _: float) -> None:
        if step == 5:
            raise PowerCutError

    with pytest.raises(PowerCutError):
        train(TINY, EXAMPLES, tmp_path, on_step=cut_power)
    resumed = train(TINY, EXAMPLES, tmp_path, resume=True)
    for one, other in zip(unbroken.network.get_weights(), resumed.get_weights(), strict=True):
        np.testing.assert_allclose(one, other, atol=2e-3)
    assert trained_seconds(tmp_path) > 0


def test_a_training_in_parts_goes_on_from_the_weights_that_the_first_part_keeps(
    unbroken: Trained, tmp_path: Path
):
    second = replace(TINY, rate=1e-9, steps=3)
    steps: list[int] = []
    whole = train(replace(TINY, then=second), EXAMPLES, tmp_path, on_step=lambda step, _: steps.append(step))
    assert steps == list(range(1, 10))
    for one, other in zip(unbroken.network.trainable_variables, whole.trainable_variables, strict=True):
        np.testing.assert_allclose(*map(keras.ops.convert_to_numpy, (one, other)), atol=1e-4)


def test_a_training_in_parts_that_was_cut_off_in_the_second_goes_on_there(tmp_path: Path):
    recipe = replace(TINY, steps=2, then=replace(TINY, steps=4))
    seen: list[int] = []

    def cut_power(step: int, _: float) -> None:
        if step == 5:
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        train(recipe, EXAMPLES, tmp_path, on_step=cut_power)
    train(recipe, EXAMPLES, tmp_path, resume=True, on_step=lambda step, _: seen.append(step))
    assert seen == [5, 6]
    assert [line.split(",")[0] for line in (tmp_path / "log.csv").read_text().split()] == ["2", "4", "6"]


def test_a_part_that_freezes_the_norms_goes_on_from_them_and_can_be_cut_off(tmp_path: Path):
    frozen = replace(TINY, network=replace(TINY.network, frozen=True), rate=1e-9)
    recipe = replace(TINY, then=frozen)
    whole = train(recipe, EXAMPLES, tmp_path)
    resumed = train(recipe, EXAMPLES, tmp_path, resume=True)
    first = build_unet(TINY.network)
    first.load_weights(tmp_path / "part-1.weights.h5")
    images, _ = next(make_batches(TINY, EXAMPLES, first=0))
    for network in (whole, resumed):
        np.testing.assert_allclose(
            network.predict_on_batch(images), first.predict_on_batch(images), rtol=0.05, atol=0.05
        )


def test_a_network_that_sees_crops_enlarged_is_given_smaller_ones():
    enlarged = replace(TINY, network=replace(TINY.network, zoom=(4, 3)))
    images, targets = next(make_batches(enlarged, EXAMPLES, first=0))
    assert images.shape == (2, 36, 36, 3)
    assert targets.shape == (2, 36, 36, 3)


def test_the_card_describes_the_network_of_the_last_part(tmp_path: Path):
    enlarged = replace(TINY, steps=1, network=replace(TINY.network, zoom=(4, 3)))
    begin = Beginning(replace(TINY, steps=1, then=enlarged))
    card = run_session(Plan(begin, tmp_path, "larger", data={}, code_version="1"), EXAMPLES, EXAMPLES[:1])
    assert card.network.zoom == (4, 3)
    assert Segmenter.load(tmp_path / "larger.weights.h5").tile == 1056


PARTS = replace(TINY, steps=60, rate=0.2, seed=7, then=replace(TINY, steps=40, rate=0.1, seed=9))


def test_fewer_steps_are_shared_out_among_the_parts():
    assert [part.steps for part in adapt(PARTS, steps=10).parts] == [6, 4]
    assert [part.steps for part in adapt(PARTS, steps=1).parts] == [1]


def test_other_rates_and_seeds_keep_the_parts_different():
    changed = adapt(PARTS, rate=0.4, seed=1, batch=3)
    assert [part.rate for part in changed.parts] == pytest.approx([0.4, 0.2])
    assert [part.seed for part in changed.parts] == [1, 3]
    assert [part.batch for part in changed.parts] == [3, 3]


def test_a_recipe_that_nothing_is_said_about_stays_as_it_is():
    assert adapt(PARTS) == PARTS
    assert adapt(NUQLEUS) == NUQLEUS


@pytest.fixture(scope="module")
def session(tmp_path_factory: pytest.TempPathFactory) -> tuple[ModelCard, Path]:
    """A finished training: its card and its folder."""
    folder = tmp_path_factory.mktemp("session")
    plan = Plan(Beginning(TINY), folder, "tiny", data={"name": "discs"}, code_version="1.2.3")
    return run_session(plan, EXAMPLES, EXAMPLES[:2]), folder


def test_a_session_leaves_weights_that_load_and_a_card_that_tells_where_they_come_from(session):
    card, folder = session
    weights = folder / "tiny.weights.h5"
    segmenter = Segmenter.load(weights)
    assert segmenter.card == read_card(weights)
    assert segmenter.card.sha256 == card.sha256
    assert segmenter.card.network == TINY.network
    assert segmenter.card.training["data"] == {"name": "discs"}
    assert set(card.metrics) == {"all"}


def test_a_session_leaves_pictures_of_its_curve_and_of_examples(session):
    _, folder = session
    for picture in ("curve.png", "examples.png"):
        with Image.open(folder / picture) as image:
            assert min(image.size) > 200


def test_weights_that_are_not_what_their_card_says_are_refused(session, tmp_path: Path):
    weights = shutil.copy(session[1] / "tiny.weights.h5", tmp_path)
    card = json.loads(card_path(session[1] / "tiny.weights.h5").read_text())
    card_path(Path(weights)).write_text(json.dumps(card | {"sha256": "0" * 64}))
    with pytest.raises(WeightsError, match=r"not what its card tiny\.json describes"):
        Segmenter.load(Path(weights))


def test_weights_without_their_card_are_refused(tmp_path: Path):
    lone = tmp_path / "lone.weights.h5"
    lone.write_bytes(b"anything")
    with pytest.raises(WeightsError, match="card beside them"):
        Segmenter.load(lone)


def test_fine_tuning_begins_with_the_network_the_weights_and_the_rules_of_a_card(session):
    card, folder = session
    begin = fine_tune(folder / "tiny.weights.h5")
    assert begin.start == Start(folder / "tiny.weights.h5", TINY.network)
    assert begin.recipe == replace(FINE_TUNE, network=TINY.network)
    assert begin.rules == card.rules


@pytest.mark.parametrize("config", [{}, {"network": {}, "rules": {"odd": 1}}, {"network": [], "rules": {}}])
def test_weights_whose_card_describes_no_network_are_refused(session, tmp_path: Path, config: object):
    weights = Path(shutil.copy(session[1] / "tiny.weights.h5", tmp_path))
    card = json.loads(card_path(session[1] / "tiny.weights.h5").read_text())
    card_path(weights).write_text(json.dumps(card | {"config": config}))
    with pytest.raises(WeightsError, match="doesn't describe a network"):
        fine_tune(weights)


def test_a_fine_tuned_network_says_which_weights_it_began_with(session, tmp_path: Path):
    card, folder = session
    begin = fine_tune(folder / "tiny.weights.h5")
    begin = replace(begin, recipe=replace(begin.recipe, augmentation=TINY.augmentation, steps=1, batch=2))
    run_session(Plan(begin, tmp_path, "tuned", data={}, code_version="1"), EXAMPLES, EXAMPLES[:1])
    assert read_card(tmp_path / "tuned.weights.h5").training["from"] == {
        "file": "tiny.weights.h5",
        "sha256": card.sha256,
    }


def test_training_can_begin_with_given_weights(session, unbroken: Trained, tmp_path: Path):
    start = Start(session[1] / "tiny.weights.h5", TINY.network)
    losses: list[float] = []
    train(
        replace(TINY, steps=1), EXAMPLES, tmp_path, start=start, on_step=lambda _, loss: losses.append(loss)
    )
    assert losses[0] < unbroken.losses[0]


def test_the_notebook_preset_trains_whole_images_to_one_binary_map(tmp_path: Path):
    network = replace(NOTEBOOK.network, widths=(4, 8))
    recipe = replace(NOTEBOOK, network=network, steps=2, epoch=1)
    plan = Plan(Beginning(recipe), tmp_path, "notebook", data={}, code_version="1")
    card = run_session(plan, EXAMPLES, EXAMPLES[:1])
    assert card.network.canvas == 128
    assert card.network.outputs == ("foreground",)
    labels = Segmenter.load(tmp_path / "notebook.weights.h5").segment(EXAMPLES[0].image).labels
    assert labels.shape == EXAMPLES[0].labels.shape
