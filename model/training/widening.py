"""Net2Net widening (Chen et al. 2016): a wider network that predicts what a trained one does, to train on from."""

import keras

from model.arrays import Weights


def widen(trained: keras.Model, wider: keras.Model) -> None:
    """Give `wider` the weights of a network with the same layers, each with as many channels or fewer.

    The channels that are new keep their random weights, and nothing trained reads them yet: the logits stay what
    they were, and every new weight has something to learn.

    Raises:
        ValueError: their layers differ: where neighbouring levels are equally wide in one network only, it lacks the
            projection between them.
    """
    differing = _weighted(trained) ^ _weighted(wider)
    if differing:
        raise ValueError(f"Only one of the two networks has the layers {', '.join(sorted(differing))}.")
    for layer in wider.layers:
        old = trained.get_layer(layer.name).get_weights()
        layer.set_weights([_embed(*pair) for pair in zip(old, layer.get_weights(), strict=True)])


def _weighted(network: keras.Model) -> set[str]:
    return {layer.name for layer in network.layers if layer.weights}


def _embed(trained: Weights, fresh: Weights) -> Weights:
    """Kernels are (rows, columns, in, out), all else is a value a channel."""
    widened = fresh.copy()
    if fresh.ndim > 1:
        widened[..., trained.shape[-2] :, : trained.shape[-1]] = 0.0
    widened[tuple(slice(size) for size in trained.shape)] = trained
    return widened
