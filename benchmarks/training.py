"""Seconds of a training step, norms live and frozen: `python benchmarks/training.py DIR [--rounds 5] [--steps 20]`.

DIR holds images/ and labels/. Steps of the last stage of the shipped recipe, on the same batch, in alternation; a round
begins with the network that was last in the one before. Making batches is not timed: that happens beside the steps.
"""

import time
from dataclasses import replace
from pathlib import Path

import click
import keras
import numpy as np
from numpy.typing import NDArray
from rich.console import Console
from rich.progress import track
from rich.table import Table

from model.training.batches import Batch, make_batches
from model.training.dataset import find_pairs, load_examples
from model.training.recipe import NUQLEUS, Stage
from model.training.trainer import compile_network


def make_networks(stage: Stage) -> dict[str, keras.Model]:
    """The stage's network, ready to be trained, as it is in both states of its norms."""
    states = {"live": False, "frozen": True}
    return {
        name: compile_network(replace(stage, network=replace(stage.network, frozen=frozen)))
        for name, frozen in states.items()
    }


def seconds_per_step(network: keras.Model, batch: Batch, steps: int) -> float:
    """Mean wall-clock seconds."""
    start = time.perf_counter()
    for _ in range(steps):
        network.train_on_batch(*batch)
    return (time.perf_counter() - start) / steps


def measure(networks: dict[str, keras.Model], batch: Batch, rounds: int, steps: int) -> NDArray[np.float64]:
    """(rounds, networks): seconds a step."""
    for network in networks.values():
        seconds_per_step(network, batch, 3)  # compiled before it is timed
    seconds = np.empty((rounds, len(networks)))
    for number in track(range(rounds), "Measuring"):
        for column, network in list(enumerate(networks.values()))[:: 1 if number % 2 else -1]:
            seconds[number, column] = seconds_per_step(network, batch, steps)
    return seconds


def print_table(names: list[str], seconds: NDArray[np.float64]) -> None:
    """Print a row a round, and how the ratio spreads."""
    table = Table("round", *(f"norms {name}, s a step" for name in names), "ratio")
    ratios = seconds[:, 0] / seconds[:, 1]
    for number, (row, ratio) in enumerate(zip(seconds, ratios, strict=True), 1):
        table.add_row(str(number), *(f"{value:.3f}" for value in row), f"{ratio:.2f}")
    Console().print(table)
    print(f"ratio: median {np.median(ratios):.2f}, {ratios.min():.2f} to {ratios.max():.2f}")


@click.command()
@click.argument("folder", metavar="DIR", type=click.Path(exists=True, file_okay=False, path_type=Path))
@click.option("--rounds", default=5, show_default=True)
@click.option("--steps", default=20, show_default=True)
def main(folder: Path, rounds: int, steps: int) -> None:
    """Time steps of training on the labelled images of DIR."""
    stage = NUQLEUS.stages[-1]
    networks = make_networks(stage)
    batch = next(make_batches(stage, load_examples(find_pairs(folder), track), first=0))
    print_table(list(networks), measure(networks, batch, rounds, steps))


if __name__ == "__main__":
    main()
