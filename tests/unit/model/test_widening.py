"""A network made wider answers as it did, and can learn more."""

from dataclasses import replace
from pathlib import Path

import keras
import numpy as np
import pytest

from model.network.config import UNetConfig
from model.network.unet import build_unet
from model.training.recipe import Stage
from model.training.trainer import InitialWeights, compile_network, save_without_optimizer
from model.training.widening import widen

NARROW = UNetConfig(widths=(8, 12))
WIDE = replace(NARROW, widths=(12, 24))
IMAGE = np.random.default_rng(2).random((1, 24, 48, 3), np.float32)


@pytest.fixture
def narrow() -> keras.Model:
    """A network with random weights and norms, as after a training."""
    keras.utils.set_random_seed(1)
    network, rng = build_unet(NARROW), np.random.default_rng(0)
    network.set_weights([rng.uniform(0.1, 0.5, weights.shape) for weights in network.get_weights()])
    return network


def widened(narrow: keras.Model, config: UNetConfig) -> keras.Model:
    network = build_unet(config)
    widen(narrow, network)
    return network


@pytest.mark.parametrize(
    "config",
    [
        pytest.param(NARROW, id="as it was"),
        pytest.param(WIDE, id="every level wider"),
        pytest.param(replace(NARROW, widths=(8, 20)), id="the coarsest wider"),
    ],
)
def test_the_answer_stays_as_it_was(narrow: keras.Model, config: UNetConfig):
    np.testing.assert_allclose(
        widened(narrow, config).predict_on_batch(IMAGE), narrow.predict_on_batch(IMAGE), rtol=1e-4
    )


@pytest.mark.parametrize(
    ("trained", "wider"),
    [pytest.param((8, 8), (8, 12), id="narrow"), pytest.param((8, 12), (12, 12), id="wide")],
)
def test_levels_that_are_equally_wide_in_one_network_only_are_refused(
    trained: tuple[int, ...], wider: tuple[int, ...]
):
    networks = [build_unet(replace(NARROW, widths=widths)) for widths in (trained, wider)]
    with pytest.raises(ValueError, match=r"Only one of the two networks has the layers \w+project"):
        widen(*networks)


def test_what_is_new_can_learn(narrow: keras.Model):
    network = widened(narrow, WIDE)
    before = network.get_layer("encode0b").get_weights()[0]
    network.compile(optimizer=keras.optimizers.SGD(0.1), loss="mse")
    for _ in range(2):  # at first nothing listens to the new channels
        network.train_on_batch(IMAGE, np.zeros((1, 24, 48, 3), np.float32))
    after = network.get_layer("encode0b").get_weights()[0]
    assert (before[..., 8:] != after[..., 8:]).any(axis=(0, 1)).all()


def test_a_training_widens_the_network_that_it_goes_on_with(narrow: keras.Model, tmp_path: Path):
    save_without_optimizer(narrow, NARROW, tmp_path / "narrow.weights.h5")
    network = compile_network(Stage(network=WIDE), InitialWeights(tmp_path / "narrow.weights.h5", NARROW))
    assert network.count_params() > narrow.count_params()
    np.testing.assert_allclose(
        network.predict_on_batch(IMAGE), narrow.predict_on_batch(IMAGE), rtol=0.05, atol=0.05
    )
