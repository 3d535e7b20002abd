"""Nuclei found where there are none: `python benchmarks/empty_fields.py [--fields 100] [--weights FILE]`.

Drawn fields without nuclei, as cameras take them beside all cells, from other seeds than those of the training.
"""

from collections.abc import Callable
from pathlib import Path

import click
import numpy as np
from numpy.random import Generator
from numpy.typing import NDArray
from rich.console import Console
from rich.progress import track
from rich.table import Table

from model.segmentation.segmenter import Segmenter
from model.training.empty_fields import draw_empty_field, draw_empty_slide, saturated_field
from model.weights import SHIPPED

SIDE = 384
SEED = 2_000_000

FIELDS: dict[str, Callable[[int, Generator], NDArray[np.generic]]] = {
    "noise, dust, haze, fibres": draw_empty_field,
    "slide without tissue": draw_empty_slide,
    "saturated": saturated_field,
}


def count_nuclei(
    segmenter: Segmenter, draw: Callable[[int, Generator], NDArray[np.generic]], fields: int
) -> list[tuple[int, float]]:
    """Return how many nuclei are found in each drawn field, and how sure the network is of it, 0..1."""
    drawn = (draw(SIDE, np.random.default_rng(SEED + number)) for number in range(fields))
    found = [segmenter.segment(field) for field in track(drawn, "Looking", total=fields)]
    return [(int(field.labels.max()), field.image_confidence or 0.0) for field in found]


@click.command()
@click.option("--fields", default=100, show_default=True, help="Fields of each sort.")
@click.option("--weights", type=click.Path(exists=True, dir_okay=False, path_type=Path), default=SHIPPED)
def main(fields: int, weights: Path) -> None:
    """Show in how many fields nuclei are found, and in how many of these nobody is warned."""
    segmenter = Segmenter.load(weights)
    table = Table("field", "fields", "with nuclei", "of these sure (0.5 or more)", "nuclei", "most in one")
    for name, draw in FIELDS.items():
        counts = count_nuclei(segmenter, draw, fields)
        wrong = [(count, confidence) for count, confidence in counts if count]
        sure = sum(confidence >= 0.5 for _, confidence in wrong)
        nuclei = [count for count, _ in wrong]
        table.add_row(name, *map(str, (fields, len(wrong), sure, sum(nuclei), max(nuclei, default=0))))
    Console().print(table)


if __name__ == "__main__":
    main()
