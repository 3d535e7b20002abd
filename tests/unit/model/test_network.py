"""The network by itself: what it sees, what folding and another precision change."""

import json
from dataclasses import replace
from pathlib import Path

import keras
import numpy as np
import pytest

from model.evaluation.matching import match_nuclei
from model.network.batch_norm import fold_norms, freeze_norms
from model.network.config import UNetConfig
from model.network.precision import choose_precision
from model.network.unet import AppendSqrt, build_unet
from model.segmentation.segmenter import Segmenter
from model.training.recipe import NUQLEUS
from tests.unit.model.training_examples import draw_example

SMALL = UNetConfig(widths=(8, 16))


def shaken(config: UNetConfig) -> keras.Model:
    """A network with random norms, as after a training."""
    keras.utils.set_random_seed(1)
    network, rng = build_unet(config), np.random.default_rng(0)
    for layer in network.layers:
        if isinstance(layer, keras.layers.BatchNormalization):
            layer.set_weights([rng.uniform(0.5, 1.5, weights.shape) for weights in layer.get_weights()])
    return network


def test_square_roots_lie_beside_the_values_and_stop_at_zero():
    seen = keras.ops.convert_to_numpy(AppendSqrt()(np.array([[[[0.25, -0.5, 4.0]]]], np.float32)))
    assert seen.ravel().tolist() == [0.25, -0.5, 4.0, 0.5, 0.0, 2.0]


@pytest.mark.parametrize("config", [NUQLEUS.stages[0].network, UNetConfig(zoom=(4, 3))])
def test_a_configuration_survives_json(config: UNetConfig):
    assert UNetConfig.from_json(json.loads(json.dumps(config.to_json()))) == config


def test_a_configuration_from_before_there_was_a_zoom_has_none():
    values = UNetConfig().to_json()
    del values["zoom"]
    assert UNetConfig.from_json(values).zoom == (1, 1)


def test_a_configuration_of_an_earlier_version_is_read_by_its_former_keys():
    former = {"widths": [8, 16], "roots": False, "canvas": 128}
    assert UNetConfig.from_json(former) == UNetConfig(widths=(8, 16), sqrt_channels=False, resize_to=128)


def test_a_network_that_sees_images_enlarged_answers_what_it_would_of_the_enlarged_one():
    plain, enlarged = SMALL, replace(SMALL, zoom=(4, 3))
    network, zooming = shaken(plain), build_unet(enlarged)
    zooming.set_weights(network.get_weights())
    image = np.random.default_rng(2).random((1, enlarged.multiple * 4, enlarged.multiple * 5, 3), np.float32)
    larger = keras.ops.image.resize(image, (plain.multiple * 4, plain.multiple * 5))
    smaller = keras.ops.image.resize(network(larger, training=False), image.shape[1:3])
    np.testing.assert_allclose(
        zooming.predict_on_batch(image), keras.ops.convert_to_numpy(smaller), atol=1e-4
    )


@pytest.mark.parametrize(
    "config", [SMALL, replace(SMALL, stride=1), replace(SMALL, residual=False), replace(SMALL, zoom=(4, 3))]
)
def test_folding_the_norms_leaves_the_answer_as_it_was(config: UNetConfig):
    network = shaken(config)
    folded = fold_norms(network, config)
    image = np.random.default_rng(2).random((1, 24, 48, 3), np.float32)
    np.testing.assert_allclose(folded.predict_on_batch(image), network.predict_on_batch(image), atol=1e-4)
    assert not any(isinstance(layer, keras.layers.BatchNormalization) for layer in folded.layers)


@pytest.mark.parametrize("config", [SMALL, replace(SMALL, residual=False), replace(SMALL, zoom=(4, 3))])
def test_frozen_norms_leave_the_answer_as_it_was_and_can_be_folded(config: UNetConfig, tmp_path: Path):
    network, frozen_config = shaken(config), replace(config, frozen=True)
    freeze_norms(network, config).save_weights(tmp_path / "frozen.weights.h5")
    frozen = build_unet(frozen_config)
    frozen.load_weights(tmp_path / "frozen.weights.h5")
    image = np.random.default_rng(2).random((1, 24, 48, 3), np.float32)
    for same in (frozen, fold_norms(frozen, frozen_config)):
        np.testing.assert_allclose(same.predict_on_batch(image), network.predict_on_batch(image), atol=1e-4)


def test_the_gains_of_frozen_norms_stay_as_they_are_in_training():
    frozen = freeze_norms(shaken(SMALL), SMALL)
    kernel, offset, gain = frozen.get_layer("encode1a").get_weights()
    frozen.compile(optimizer=keras.optimizers.SGD(0.1), loss="mse")
    frozen.train_on_batch(np.ones((1, 16, 16, 3), np.float32), np.zeros((1, 16, 16, 3), np.float32))
    learnt, moved, kept = frozen.get_layer("encode1a").get_weights()
    assert (learnt != kernel).any()
    assert (moved != offset).any()
    assert (kept == gain).all()


@pytest.mark.parametrize("flags", ["avx512_bf16 amx_bf16", "amx_bf16", "bf16"])
def test_processors_that_multiply_matrices_of_bfloat16_use_it(tmp_path: Path, flags: str):
    described = tmp_path / "cpuinfo"
    described.write_text(f"processor : 0\nflags : fpu sse2 {flags} avx2\n")
    assert choose_precision(described) == "mixed_bfloat16"


@pytest.mark.parametrize("flags", ["avx2 avx512f", "avx512f avx512_bf16"])
def test_other_processors_and_unknown_ones_compute_in_float32(tmp_path: Path, flags: str):
    described = tmp_path / "cpuinfo"
    described.write_text(f"flags : fpu {flags}\n")
    assert choose_precision(described) == "float32"
    assert choose_precision(tmp_path / "none") == "float32"


def test_bfloat16_finds_the_nuclei_that_float32_finds():
    image = draw_example(1, side=128).image
    exact, rough = (Segmenter.load(precision=p).segment(image).labels for p in ("float32", "mixed_bfloat16"))
    matching = match_nuclei(exact, rough)
    assert exact.max() > 3
    assert matching.precision[8] > 0.95  # at an IoU of 0.9


def test_a_precision_holds_for_the_layers_of_its_network_alone():
    before = keras.config.dtype_policy().name
    folded = fold_norms(build_unet(SMALL), SMALL, "mixed_bfloat16")
    assert folded.get_layer("encode0a").compute_dtype == "bfloat16"
    assert folded.get_layer("logits").compute_dtype == "float32"
    assert keras.config.dtype_policy().name == before
