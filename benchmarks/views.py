"""Test-time augmentation and zoom: `python benchmarks/views.py FOLDER [--weights FILE] [--zoom 1/1 …]`.

FOLDER holds images/ and labels/. The same weights see every image at each zoom, and at the zoom of their card also
turned and mirrored, all maps averaged. Thresholds are those of the card. Seconds are the network's alone, beside those
of the card's zoom.
"""

import time
from collections.abc import Sequence
from dataclasses import dataclass, replace
from pathlib import Path

import click
from rich.console import Console
from rich.progress import track
from rich.table import Table

from model.evaluation.matching import match_nuclei
from model.evaluation.scores import ImageScore, summarise
from model.network.batch_norm import fold_norms
from model.network.forward_pass import BatchedForwardPass
from model.network.unet import build_unet
from model.segmentation.instances import find_nuclei
from model.segmentation.prediction import predict_maps
from model.training.dataset import Example, find_pairs, load_examples
from model.training.teacher import predict_augmented
from model.weights import SHIPPED, ModelCard, read_card


@dataclass(frozen=True)
class View:
    """A view of an image: its zoom, and in how many orientations it is averaged."""

    zoom: tuple[int, int]
    orientations: int = 1

    def __str__(self) -> str:
        larger, smaller = self.zoom
        return f"{larger}/{smaller}" + f", {self.orientations} ways round" * (self.orientations > 1)


@click.command()
@click.argument("folder", type=click.Path(exists=True, file_okay=False, path_type=Path))
@click.option("--weights", type=click.Path(exists=True, dir_okay=False, path_type=Path), default=SHIPPED)
@click.option("--zoom", multiple=True, default=("1/1", "4/3", "2/1"), show_default=True)
def main(folder: Path, weights: Path, zoom: Sequence[str]) -> None:
    """Score every view of the labelled images of FOLDER."""
    card = read_card(weights)
    examples = load_examples(find_pairs(folder), track)
    views = [View((int(larger), int(smaller))) for larger, smaller in (text.split("/") for text in zoom)]
    views += [View(card.network.zoom, orientations) for orientations in (1, 2, 4, 8)]
    outcomes = {view: score_view(view, weights, card, examples) for view in dict.fromkeys(views)}
    show(outcomes, outcomes[View(card.network.zoom)][1])


def score_view(
    view: View, weights: Path, card: ModelCard, examples: Sequence[Example]
) -> tuple[list[ImageScore], float]:
    """Scores of all images, and the network's seconds."""
    config = replace(card.network, zoom=view.zoom)
    network = build_unet(config)
    network.load_weights(weights)
    forward = BatchedForwardPass(fold_norms(network, config))
    predict_maps(forward, config, examples[0].image)
    scores, seconds = [], 0.0
    for example in track(examples, str(view)):
        start = time.perf_counter()
        maps = predict_augmented(forward, config, example.image, view.orientations)
        seconds += time.perf_counter() - start
        found = find_nuclei(maps, config.outputs, card.postprocessing)
        scores.append(ImageScore(example.name, example.kind, match_nuclei(example.labels, found)))
    return scores, seconds


def show(outcomes: dict[View, tuple[list[ImageScore], float]], usual: float) -> None:
    """Print a row a view: DSB of each kind, and how many times the usual seconds it took."""
    kinds = [summary.kind for summary in summarise(next(iter(outcomes.values()))[0])]
    table = Table("enlarged", *kinds, "seconds", title="DSB")
    for view, (scores, seconds) in outcomes.items():
        figures = (f"{summary.dsb:.3f}" for summary in summarise(scores))
        table.add_row(str(view), *figures, f"× {seconds / usual:.2f}")
    Console().print(table)


if __name__ == "__main__":
    main()
