"""Table of evaluation scores, for a terminal."""

from __future__ import annotations

from typing import TYPE_CHECKING

from rich.box import SIMPLE_HEAD
from rich.console import Console
from rich.table import Table

if TYPE_CHECKING:
    from collections.abc import Sequence

    from model.evaluation.scores import Summary

SHOWN = ("0.50", "0.70", "0.90")
"""IoU thresholds with a column of their own; the JSON has all."""


def print_scores(summaries: Sequence[Summary]) -> None:
    """Print a table, one row a kind."""
    table = Table(title="Agreement with the truth", box=SIMPLE_HEAD, padding=0)
    table.add_column("kind", no_wrap=True)
    for column in ("images", "nuclei", "DSB", *(f"AP{t[1:]}" for t in SHOWN), "IoU", "Dice"):
        table.add_column(column, justify="right", no_wrap=True)
    for row in summaries:
        figures = (
            row.dsb,
            *(row.average_precision[t] for t in SHOWN),
            row.foreground_iou,
            row.foreground_dice,
        )
        table.add_row(row.kind, str(row.images), str(row.nuclei), *(f"{figure:.3f}" for figure in figures))
    Console().print(table)
