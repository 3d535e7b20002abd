"""Draws scores over zooms: `python benchmarks/zoom_curves.py SCORES.csv PNG`, of `other_labs.py --zooms`.

A panel a kind of images; a line for each weights in the file.
"""

import csv
from collections import defaultdict
from pathlib import Path

import click
import numpy as np
from matplotlib.axes import Axes
from matplotlib.figure import Figure

Curves = dict[str, dict[float, list[float]]]
"""Of each weights, the Data Science Bowl scores at each zoom."""

COLUMNS = 5


@click.command()
@click.argument("scores", type=click.Path(exists=True, dir_okay=False, path_type=Path))
@click.argument("picture", type=click.Path(dir_okay=False, path_type=Path))
def main(scores: Path, picture: Path) -> None:
    """Draw the curves in SCORES as PICTURE."""
    kinds = read_curves(scores)
    rows = -(-len(kinds) // COLUMNS)
    figure = Figure(figsize=(2.4 * COLUMNS, 2.2 * rows), layout="constrained")
    panels = figure.subplots(rows, COLUMNS, sharey=True, squeeze=False).ravel()
    for axes, (kind, curves) in zip(panels, sorted(kinds.items()), strict=False):
        draw_panel(axes, kind, curves)
    for axes in panels[len(kinds) :]:
        axes.set_axis_off()
    panels[0].legend(fontsize=7)
    figure.savefig(picture, dpi=130)


def read_curves(path: Path) -> dict[str, Curves]:
    """Read the scores of each kind."""
    kinds: dict[str, Curves] = defaultdict(lambda: defaultdict(lambda: defaultdict(list)))
    with path.open(newline="") as lines:
        for row in csv.DictReader(lines):
            kinds[row["kind"]][row["weights"]][float(row["zoom"])].append(float(row["dsb"]))
    return kinds


def draw_panel(axes: Axes, kind: str, curves: Curves) -> None:
    """Draw the mean score over zooms, logarithmically."""
    for weights, scores in curves.items():
        zooms = sorted(scores)
        axes.plot(zooms, [np.mean(scores[zoom]) for zoom in zooms], marker=".", label=weights)
    axes.set_xscale("log", base=2)
    axes.set_xticks([0.5, 1, 2, 4], ["1/2", "1", "2", "4"])
    axes.set_title(kind, fontsize=8)
    axes.set_ylim(0, 0.9)
    axes.tick_params(labelsize=7)


if __name__ == "__main__":
    main()
