"""Plots of a training: its loss curve, and predictions for images that it was not trained on."""

import csv
from collections.abc import Sequence
from pathlib import Path

import numpy as np
from matplotlib.figure import Figure
from numpy.typing import NDArray

from model.labels.overlay import draw_overlay
from model.training.dataset import Example

PANELS = 3


def draw_curve(log: Path, picture: Path) -> None:
    """Draw the loss over the steps of a training's log as a PNG; without a log, an empty one."""
    rows: list[tuple[int, float]] = []
    if log.exists():
        with log.open(newline="") as lines:
            rows = [(int(step), float(loss)) for step, loss, _ in csv.reader(lines)]
    figure = Figure(figsize=(8, 4), layout="constrained")
    axes = figure.subplots()
    axes.plot([step for step, _ in rows], [loss for _, loss in rows], linewidth=1)
    axes.set(xlabel="step", ylabel="loss (mean since the last point)", yscale="log", title="Training")
    axes.grid(visible=True, which="both", alpha=0.3)
    figure.savefig(picture, dpi=110)


def draw_examples(
    examples: Sequence[Example], found: Sequence[NDArray[np.int32]], scores: Sequence[float], picture: Path
) -> None:
    """Draw one row an example as a PNG: the image, the truth, what was found."""
    figure = Figure(figsize=(3 * PANELS, 3.1 * len(examples)), layout="constrained")
    grid = figure.subplots(len(examples), PANELS, squeeze=False)
    for row, example, labels, score in zip(grid, examples, found, scores, strict=True):
        gray_or_colour = np.clip(example.image, 0, 1)
        row[0].imshow(gray_or_colour, cmap="gray")
        row[1].imshow(draw_overlay(gray_or_colour, example.labels))
        row[2].imshow(draw_overlay(gray_or_colour, labels))
        row[0].set_title(f"{example.kind}: {example.name}", fontsize=8)
        row[1].set_title(f"truth: {example.labels.max()} nuclei", fontsize=8)
        row[2].set_title(f"found: {labels.max()}, score {score:.2f}", fontsize=8)
    for axes in grid.flat:
        axes.set_axis_off()
    figure.savefig(picture, dpi=110)
