"""A trained network without its batch norms: the same function in fewer steps."""

from dataclasses import replace

import keras
import numpy as np
from numpy.typing import NDArray

from model.precision import Precision, computing_in
from model.unet import NORM, UNetConfig, build_unet

Array = NDArray[np.float32]


def fold_norms(network: keras.Model, config: UNetConfig, precision: Precision = "float32") -> keras.Model:
    """Return a network that gives the same logits up to rounding, every batch norm multiplied into its convolution.

    Only for inference: what a batch norm does to a batch in training is lost. (Jacob et al. 2018, section 3.2.)
    """
    with computing_in(precision):
        folded = build_unet(replace(config, norms=False))
    norms = {
        layer.name: layer for layer in network.layers if isinstance(layer, keras.layers.BatchNormalization)
    }
    for layer in folded.layers:
        weights = network.get_layer(layer.name).get_weights()
        norm = norms.get(layer.name + NORM)
        layer.set_weights(_fold(weights[0], norm) if norm else weights)
    return folded


def _fold(kernel: Array, norm: keras.layers.BatchNormalization) -> list[Array]:
    """(rows, columns, in, out) kernel → kernel and bias that do the norm's work."""
    gain, offset, mean, variance = norm.get_weights()
    scale = gain / np.sqrt(variance + norm.epsilon)
    return [kernel * scale, offset - mean * scale]
