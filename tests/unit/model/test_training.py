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
from model.segmentation.prediction import tile_side
from model.segmentation.segmenter import Segmenter
from model.training.augment import Augmentation
from model.training.batches import make_batches
from model.training.callbacks import Callbacks
from model.training.inference_settings import InferenceSettings
from model.training.recipe import FINE_TUNE, NOTEBOOK, NUQLEUS, Recipe, Stage
from model.training.session import TrainingPlan, TrainingStart, fine_tune, run_session
from model.training.trainer import InitialWeights, train, trained_seconds
from model.weights import ModelCard, card_path, read_card
from tests.unit.model.training_examples import draw_example

TINY = Stage(
    network=UNetConfig(widths=(8,)),  # each level takes TensorFlow seconds to compile
    augmentation=Augmentation(crop=48, stain=0.0, invert=0.0),
    steps=6,
    batch_size=2,
    learning_rate=5e-3,
    warmup_steps=1,
    ema_fraction=0.5,
    steps_per_epoch=2,
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


@pytest.mark.parametrize(("augment_oversampled", "fewest", "most"), [(False, 1.0, 1.0), (True, 0.02, 0.3)])
def test_images_of_rare_kinds_are_shown_as_they_are_no_more_often_than_others_where_that_is_asked_for(
    augment_oversampled: bool, fewest: float, most: float
):
    gray = draw_example(9, kind="rare")
    rare = replace(gray, image=gray.image * np.array([0.25, 0.5, 1.0], np.float32))
    examples = [draw_example(i, kind="common") for i in range(9)] + [rare]
    augmentation = replace(TINY.augmentation, untouched=1.0)
    stage = replace(
        TINY, augmentation=augmentation, steps=60, balance=0.0, augment_oversampled=augment_oversampled
    )
    crops = [crop for images, _ in make_batches(stage, examples, first=0) for crop in images]
    coloured = [crop for crop in crops if np.ptp(crop, axis=2).max() > 0]
    untouched = [np.isin(crop, rare.image).all() for crop in coloured]
    assert fewest <= np.mean(untouched) <= most  # each rare image is drawn nine times as often


class Trained(NamedTuple):
    """A network, and the losses on its way."""

    network: keras.Model
    losses: list[float]


def train_watched(stage: Stage, folder: Path, initial_weights: InitialWeights | None = None) -> Trained:
    losses: list[float] = []
    callbacks = Callbacks(on_step=lambda _, loss: losses.append(loss))
    recipe = Recipe((stage,))
    network = train(recipe, EXAMPLES, folder, initial_weights=initial_weights, callbacks=callbacks)
    return Trained(network, losses)


@pytest.fixture(scope="module")
def unbroken(tmp_path_factory: pytest.TempPathFactory) -> Trained:
    """The tiny training, from its beginning to its end."""
    return train_watched(TINY, tmp_path_factory.mktemp("unbroken"))


@pytest.fixture(scope="module")
def longer(tmp_path_factory: pytest.TempPathFactory) -> Trained:
    """Forty steps, whose weights are the last ones, no mean of several."""
    return train_watched(replace(TINY, steps=40, ema_fraction=0.0), tmp_path_factory.mktemp("longer"))


def test_the_loss_falls(longer: Trained):
    assert np.mean(longer.losses[-5:]) < 0.8 * np.mean(longer.losses[:5])


def test_however_short_a_training_is_the_mean_of_its_weights_forgets_the_first_ones(
    longer: Trained, tmp_path: Path
):
    averaged = train_watched(
        replace(TINY, steps=40, ema_fraction=NUQLEUS.stages[0].ema_fraction), tmp_path
    ).network
    for mean, end in zip(averaged.trainable_variables, longer.network.trainable_variables, strict=True):
        np.testing.assert_allclose(*map(keras.ops.convert_to_numpy, (mean, end)), atol=0.05)


def test_a_training_that_was_cut_off_ends_like_one_that_was_not(unbroken: Trained, tmp_path: Path):
    class PowerCutError(Exception):
        pass

    def cut_power(step: int, _: float) -> None:
        if step == 5:
            raise PowerCutError

    with pytest.raises(PowerCutError):
        train(Recipe((TINY,)), EXAMPLES, tmp_path, callbacks=Callbacks(on_step=cut_power))
    resumed = train(Recipe((TINY,)), EXAMPLES, tmp_path, resume=True)
    for one, other in zip(unbroken.network.get_weights(), resumed.get_weights(), strict=True):
        np.testing.assert_allclose(one, other, atol=2e-3)
    assert trained_seconds(tmp_path) > 0


def test_a_stage_may_keep_only_a_share_of_what_it_has_learnt(unbroken: Trained, tmp_path: Path):
    recipe = Recipe((TINY, replace(TINY, learning_rate=0.1, steps=2, blend=0.0)))
    kept = train(recipe, EXAMPLES, tmp_path)
    for one, other in zip(unbroken.network.get_weights(), kept.get_weights(), strict=True):
        np.testing.assert_allclose(one, other, atol=2e-3)


def test_a_second_stage_goes_on_from_the_weights_that_the_first_keeps(unbroken: Trained, tmp_path: Path):
    recipe = Recipe((TINY, replace(TINY, learning_rate=1e-9, steps=3)))
    steps: list[int] = []
    callbacks = Callbacks(on_step=lambda step, _: steps.append(step))
    whole = train(recipe, EXAMPLES, tmp_path, callbacks=callbacks)
    assert steps == list(range(1, 10))
    for one, other in zip(unbroken.network.trainable_variables, whole.trainable_variables, strict=True):
        np.testing.assert_allclose(*map(keras.ops.convert_to_numpy, (one, other)), atol=1e-4)


def test_a_training_that_was_cut_off_in_its_second_stage_goes_on_there(tmp_path: Path):
    recipe = Recipe((replace(TINY, steps=2), replace(TINY, steps=4)))
    seen: list[int] = []

    def cut_power(step: int, _: float) -> None:
        if step == 5:
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        train(recipe, EXAMPLES, tmp_path, callbacks=Callbacks(on_step=cut_power))
    callbacks = Callbacks(on_step=lambda step, _: seen.append(step))
    train(recipe, EXAMPLES, tmp_path, resume=True, callbacks=callbacks)
    assert seen == [5, 6]
    assert [line.split(",")[0] for line in (tmp_path / "log.csv").read_text().split()] == ["2", "4", "6"]


def test_a_stage_that_freezes_the_norms_goes_on_from_them_and_can_be_cut_off(tmp_path: Path):
    frozen = replace(TINY, network=replace(TINY.network, frozen=True), learning_rate=1e-9)
    recipe = Recipe((TINY, frozen))
    whole = train(recipe, EXAMPLES, tmp_path)
    resumed = train(recipe, EXAMPLES, tmp_path, resume=True)
    first = build_unet(TINY.network)
    first.load_weights(tmp_path / "stage-1.weights.h5")
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


def test_the_card_describes_the_network_of_the_last_stage(tmp_path: Path):
    enlarged = replace(TINY, steps=1, network=replace(TINY.network, zoom=(4, 3)))
    start = TrainingStart(Recipe((replace(TINY, steps=1), enlarged)))
    card = run_session(
        TrainingPlan(start, tmp_path, "larger", data={}, code_version="1"), EXAMPLES, EXAMPLES[:1]
    )
    assert card.network.zoom == (4, 3)
    assert tile_side(Segmenter.load(tmp_path / "larger.weights.h5").config) == 1056


@pytest.fixture(scope="module")
def session(tmp_path_factory: pytest.TempPathFactory) -> tuple[ModelCard, Path]:
    """A finished training: its card and its folder."""
    folder = tmp_path_factory.mktemp("session")
    plan = TrainingPlan(
        TrainingStart(Recipe((TINY,))), folder, "tiny", data={"name": "discs"}, code_version="1.2.3"
    )
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
    sizes = {}
    for picture in ("curve.png", "examples.png"):
        with Image.open(folder / picture) as image:
            sizes[picture] = image.size
    assert sizes == {"curve.png": (880, 440), "examples.png": (990, 682)}


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
    start = fine_tune(folder / "tiny.weights.h5")
    assert start.weights == InitialWeights(folder / "tiny.weights.h5", TINY.network)
    assert start.recipe == Recipe((replace(FINE_TUNE, network=TINY.network),))
    assert start.use == InferenceSettings(card.postprocessing)


@pytest.mark.parametrize("config", [{}, {"network": {}, "rules": {"odd": 1}}, {"network": [], "rules": {}}])
def test_weights_whose_card_describes_no_network_are_refused(session, tmp_path: Path, config: object):
    weights = Path(shutil.copy(session[1] / "tiny.weights.h5", tmp_path))
    card = json.loads(card_path(session[1] / "tiny.weights.h5").read_text())
    card_path(weights).write_text(json.dumps(card | {"config": config}))
    with pytest.raises(WeightsError, match="doesn't describe a network"):
        fine_tune(weights)


def test_a_fine_tuned_network_says_which_weights_it_began_with(session, tmp_path: Path):
    card, folder = session
    start = fine_tune(folder / "tiny.weights.h5")
    (stage,) = start.recipe.stages
    stage = replace(stage, augmentation=TINY.augmentation, steps=1, batch_size=2)
    run_session(
        TrainingPlan(replace(start, recipe=Recipe((stage,))), tmp_path, "tuned", data={}, code_version="1"),
        EXAMPLES,
        EXAMPLES[:1],
    )
    began_with = read_card(tmp_path / "tuned.weights.h5").training["from"]
    assert (began_with["file"], began_with["sha256"]) == ("tiny.weights.h5", card.sha256)
    assert set(began_with["metrics"]) == {"all"}


def test_training_can_begin_with_given_weights(session, unbroken: Trained, tmp_path: Path):
    initial_weights = InitialWeights(session[1] / "tiny.weights.h5", TINY.network)
    trained = train_watched(replace(TINY, steps=1), tmp_path, initial_weights)
    assert trained.losses[0] < unbroken.losses[0]


def test_the_notebook_preset_trains_whole_images_to_one_binary_map(tmp_path: Path):
    network = replace(NOTEBOOK.network, widths=(4, 8))
    stage = replace(NOTEBOOK.stages[0], network=network, steps=2, steps_per_epoch=1)
    plan = TrainingPlan(TrainingStart(Recipe((stage,))), tmp_path, "notebook", data={}, code_version="1")
    card = run_session(plan, EXAMPLES, EXAMPLES[:1])
    assert card.network.resize_to == 128
    assert card.network.outputs == ("foreground",)
    labels = Segmenter.load(tmp_path / "notebook.weights.h5").segment(EXAMPLES[0].image).labels
    assert labels.shape == EXAMPLES[0].labels.shape
