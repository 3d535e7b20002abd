"""`nuqleus evaluate DIR`: how good the nuclei are, on images whose true nuclei are known."""

from __future__ import annotations

import json
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping, Sequence

    from model.evaluation import ImageScore, Summary
    from model.training.dataset import Pair

SHOWN = ("0.50", "0.70", "0.90")
"""IoU thresholds with a column of their own; the JSON has all."""


@click.command()
@click.argument("folder", metavar="DIR", type=click.Path(exists=True, file_okay=False, path_type=Path))
@click.option(
    "--weights",
    envvar="NUQLEUS_WEIGHTS",
    type=click.Path(exists=True, dir_okay=False, path_type=Path),
    help="Weights to measure, instead of those that come with nuqleus.",
)
@click.option(
    "--labels",
    type=click.Path(exists=True, file_okay=False, path_type=Path),
    help="Measure these label images (NAME….label.tif, as `nuqleus export` writes them) and no network.",
)
@click.option(
    "--json", "json_file", type=click.Path(dir_okay=False, path_type=Path), help="Write figures here."
)
def command(folder: Path, weights: Path | None, labels: Path | None, json_file: Path | None) -> None:
    """Measure how well nuclei are found in DIR/images, given DIR/labels.

    Prints the Data Science Bowl's figure (mean over images of tp / (tp + fp + fn), averaged over IoU 0.50 … 0.95),
    StarDist's pooled average precision, and IoU and Dice of the foreground, over all images and per kind.
    """
    from model.evaluation import image_rows, summarise
    from model.training.dataset import find_pairs
    from nuqleus.commands.progress import track

    pairs = find_pairs(folder)
    watched = track(pairs, "Measuring")
    scores = _score_labels(watched, labels) if labels else _score_network(watched, weights)
    summaries = summarise(scores)
    print_summaries(summaries)
    if json_file is not None:
        json_file.write_text(json.dumps(_to_json(summaries, image_rows(scores)), indent=2) + "\n")


def print_summaries(summaries: Sequence[Summary]) -> None:
    """Print a table, one row a kind."""
    from rich.box import SIMPLE_HEAD
    from rich.console import Console
    from rich.table import Table

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


def _score_network(pairs: Iterable[Pair], weights: Path | None) -> list[ImageScore]:
    from model.quiet import quiet_start

    with quiet_start():
        from model.segmentation import Segmenter
        from model.training.dataset import read_image

        segmenter = Segmenter.load(weights)
    return [_score(pair, segmenter.segment(read_image(pair.image)).labels) for pair in pairs]


def _score_labels(pairs: Iterable[Pair], folder: Path) -> list[ImageScore]:
    from model.training.dataset import read_labels

    found = {path.name.split(".")[0]: path for path in sorted(folder.rglob("*.label.tif"))}
    return [_score(pair, read_labels(_find(pair, found, folder))) for pair in pairs]


def _find(pair: Pair, found: Mapping[str, Path], folder: Path) -> Path:
    if pair.name not in found:
        raise click.ClickException(f"{folder} has no label image of {pair.image.name} (….label.tif).")
    return found[pair.name]


def _score(pair: Pair, labels: Any) -> ImageScore:
    from model.evaluation import ImageScore
    from model.metrics import compare
    from model.training.dataset import read_labels

    return ImageScore(pair.name, pair.kind, compare(read_labels(pair.labels), labels))


def _to_json(summaries: Sequence[Summary], images: list[dict[str, Any]]) -> dict[str, Any]:
    from dataclasses import asdict

    return {"summaries": [asdict(summary) for summary in summaries], "images": images}
