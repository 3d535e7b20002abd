"""FLOP/s of the network beside a matrix product: `python benchmarks/network.py FOLDER [--weights FILE] [--rounds 5]`.

The share of the floating point operations per second of a large matrix product that the network's convolutions reach
on the images of a folder, both in the same process, threads and precision, in alternation. Only the convolutions'
multiplications and additions are counted, so activations, pooling and copies lower the share.
"""

import time
from collections.abc import Callable, Sequence
from pathlib import Path

import click
import keras
import numpy as np
from keras import layers, ops
from numpy.typing import NDArray
from rich.console import Console
from rich.progress import track
from rich.table import Table

from model.network.unet import CHANNELS_IN
from model.preprocessing.normalisation import normalise
from model.segmentation.prediction import make_batch
from model.segmentation.segmenter import Segmenter
from model.training.dataset import read_image
from model.weights import SHIPPED

SIDE = 2048
"""Rows and columns of the matrices."""

Batch = NDArray[np.float32]


def count_operations(network: keras.Model, height: int, width: int) -> int:
    """Multiplications and additions of all convolutions for one image of (height, width)."""
    fixed = keras.models.clone_model(network, input_tensors=keras.Input((height, width, CHANNELS_IN)))
    return sum(_operations(layer) for layer in fixed.layers if isinstance(layer, layers.Conv2D))


def _operations(layer: layers.Conv2D) -> int:
    rows, columns, _ = layer.output.shape[1:]
    return 2 * rows * columns * int(np.prod(layer.kernel.shape))


def read_batches(folder: Path, multiple: int) -> list[Batch]:
    """Every image of a folder as the network takes it: (1, H, W, 3), padded."""
    return [make_batch(normalise(read_image(path)), multiple) for path in sorted(folder.iterdir())]


def make_product(dtype: str) -> Callable[[], object]:
    """Return a function that multiplies two large matrices."""
    left, right = (ops.cast(keras.random.normal((SIDE, SIDE), seed=seed), dtype) for seed in (0, 1))
    return lambda: float(ops.cast(ops.matmul(left, right)[0, 0], "float32"))


def seconds_of(work: Callable[[], object]) -> float:
    """Wall-clock seconds."""
    start = time.perf_counter()
    work()
    return time.perf_counter() - start


def measure(network: keras.Model, batches: Sequence[Batch], dtype: str, rounds: int) -> NDArray[np.float64]:
    """(rounds, 2): operations per second of the network and of the matrix product."""
    counted = {shape: count_operations(network, *shape) for shape in {batch.shape[1:3] for batch in batches}}
    operations = sum(counted[batch.shape[1:3]] for batch in batches)
    product = make_product(dtype)
    for batch in {batch.shape: batch for batch in batches}.values():
        network.predict_on_batch(batch)  # compiled before it is timed
    product()

    def whole_folder() -> None:
        for batch in batches:
            network.predict_on_batch(batch)

    return np.array(
        [
            (operations / seconds_of(whole_folder), 2 * SIDE**3 / min(seconds_of(product) for _ in range(5)))
            for _ in track(range(rounds), "Measuring")
        ]
    )


def print_table(rates: NDArray[np.float64]) -> None:
    """Print a row a round, and the share's spread."""
    table = Table("round", "network, GFLOP/s", "matrix product, GFLOP/s", "share")
    shares = rates[:, 0] / rates[:, 1]
    for number, ((network, product), share) in enumerate(zip(rates / 1e9, shares, strict=True), 1):
        table.add_row(str(number), f"{network:.1f}", f"{product:.1f}", f"{share:.0%}")
    Console().print(table)
    print(f"share: median {np.median(shares):.0%}, {shares.min():.0%} to {shares.max():.0%}")


@click.command()
@click.argument("folder", type=click.Path(exists=True, file_okay=False, path_type=Path))
@click.option("--weights", type=click.Path(exists=True, dir_okay=False, path_type=Path), default=SHIPPED)
@click.option("--rounds", default=5, show_default=True)
def main(folder: Path, weights: Path, rounds: int) -> None:
    """Measure the network's share of the machine's speed on the images of a folder."""
    segmenter = Segmenter.load(weights)
    network, batches = segmenter.network, read_batches(folder, segmenter.card.network.multiple)
    dtype, pixels = network.get_layer("stem").compute_dtype, batches[0].shape[1:3]
    print(f"{dtype}, {count_operations(network, *pixels) / np.prod(pixels) / 1e3:.1f} kFLOP per pixel")
    print_table(measure(network, batches, dtype, rounds))


if __name__ == "__main__":
    main()
