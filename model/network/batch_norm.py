"""Batch-norm folding: the same function in fewer steps, for inference or further training."""

from dataclasses import replace

import keras
import numpy as np

from model.arrays import Weights
from model.network.config import UNetConfig
from model.network.precision import Precision, computing_in
from model.network.unet import NORM, FrozenConv2D, build_unet


def fold_norms(network: keras.Model, config: UNetConfig, precision: Precision = "float32") -> keras.Model:
    """Return a network that gives the same logits up to rounding, every batch norm multiplied into its convolution.

    Only for inference: what a batch norm does to a batch in training is lost. (Jacob et al. 2018, section 3.2.)
    """
    with computing_in(precision):
        folded = build_unet(replace(config, norms=False, frozen=False))
    for layer in _convolutions(folded):
        kernel, gain, offset = _kernel_gain_offset(network, layer.name)
        layer.set_weights([kernel * gain, offset])
    return folded


def freeze_norms(network: keras.Model, config: UNetConfig) -> keras.Model:
    """Return a network that gives the same logits up to rounding, to be trained on with its batch norms frozen."""
    frozen = build_unet(replace(config, frozen=True))
    for layer in _convolutions(frozen):
        kernel, gain, offset = _kernel_gain_offset(network, layer.name)
        layer.set_weights([kernel, offset, gain] if isinstance(layer, FrozenConv2D) else [kernel, offset])
    return frozen


def _convolutions(network: keras.Model) -> list[keras.Layer]:
    return [layer for layer in network.layers if isinstance(layer, keras.layers.Conv2D | FrozenConv2D)]


def _kernel_gain_offset(network: keras.Model, name: str) -> tuple[Weights, Weights, Weights]:
    """Return a convolution's kernel (rows, columns, in, out), and what its batch norm multiplies by and adds."""
    kernel, *others = network.get_layer(name).get_weights()
    if others:
        offset, gain = others if len(others) > 1 else (others[0], np.ones_like(others[0]))
        return kernel, gain, offset
    norm = network.get_layer(name + NORM)
    gain, offset, mean, variance = norm.get_weights()
    gain /= np.sqrt(variance + norm.epsilon)
    return kernel, gain, offset - mean * gain
