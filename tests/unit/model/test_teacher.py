"""Self-distillation: test-time augmentation, and how another network learns from it."""

from dataclasses import replace
from pathlib import Path

import keras
import numpy as np
import pytest

from model.network.config import UNetConfig
from model.network.unet import build_unet
from model.segmentation.prediction import predict_maps
from model.training.augment import Augmentation
from model.training.batches import make_batches
from model.training.callbacks import Callbacks
from model.training.recipe import Recipe, Stage
from model.training.teacher import add_teacher_maps, predict_augmented
from model.training.trainer import train
from tests.unit.model.training_examples import draw_example

CONFIG = UNetConfig(widths=(8,))
EXAMPLES = [draw_example(seed) for seed in range(2)]
TINY = Stage(
    network=CONFIG,
    augmentation=Augmentation(crop=48, untouched=1.0),
    steps=2,
    batch_size=2,
    warmup_steps=1,
    steps_per_epoch=2,
)


@pytest.fixture(scope="module")
def network() -> keras.Model:
    """A network with random weights."""
    keras.utils.set_random_seed(1)
    return build_unet(CONFIG)


def test_maps_are_turned_back_to_where_they_were_seen():
    image = np.random.default_rng(0).random((20, 32, 1), np.float32)
    np.testing.assert_allclose(
        predict_augmented(lambda batch: batch[0], CONFIG, image, orientations=8),
        predict_maps(lambda batch: batch[0], CONFIG, image),
        atol=1e-6,
    )


@pytest.mark.parametrize("turns", [1, 2, 3])
def test_who_looks_from_all_sides_sees_the_same_in_a_turned_image(network: keras.Model, turns: int):
    def predict(batch: np.ndarray) -> np.ndarray:
        return network.predict_on_batch(batch)[0]

    image = np.random.default_rng(0).random((32, 48, 1), np.float32)
    turned = predict_augmented(predict, CONFIG, np.rot90(image, turns), orientations=8)
    np.testing.assert_allclose(
        np.rot90(turned, -turns), predict_augmented(predict, CONFIG, image, orientations=8), atol=1e-5
    )


@pytest.mark.parametrize("share", [0.25, 1.0])
def test_targets_are_partly_the_labels_and_partly_what_the_teacher_sees(share: float):
    unsure = [replace(e, teacher_maps=np.full((*e.labels.shape, 3), 0.5, np.float32)) for e in EXAMPLES]
    _, labelled = next(make_batches(TINY, EXAMPLES, first=0))
    _, taught = next(make_batches(replace(TINY, distillation_weight=share), unsure, first=0))
    np.testing.assert_allclose(taught, labelled + share * (0.5 - labelled), atol=1e-6)


def test_examples_keep_their_labels_and_get_what_the_network_sees(network: keras.Model):
    progress: list[tuple[int, int]] = []
    taught = add_teacher_maps(network, CONFIG, EXAMPLES, lambda *done: progress.append(done))
    assert progress == [(1, 2), (2, 2)]
    for example, before in zip(taught, EXAMPLES, strict=True):
        assert (example.labels == before.labels).all()
        assert example.teacher_maps is not None
        assert example.teacher_maps.shape == (*before.labels.shape, 3)
        assert np.ptp(example.teacher_maps) > 0


def test_a_stage_with_a_teacher_asks_it_before_its_first_step(tmp_path: Path):
    told: list[str] = []
    train(
        Recipe((TINY, replace(TINY, distillation_weight=0.5))),
        EXAMPLES,
        tmp_path,
        callbacks=Callbacks(
            on_step=lambda step, _: told.append(f"step {step}"),
            on_teacher=lambda done, total: told.append(f"image {done} of {total}"),
        ),
    )
    assert told == ["step 1", "step 2", "image 1 of 2", "image 2 of 2", "step 3", "step 4"]
