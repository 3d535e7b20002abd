"""`nuqleus evaluate DIR`: how good the nuclei are, on images whose true nuclei are known."""

from __future__ import annotations

import json
import re
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from cli.options import weights_option

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence

    from model.evaluation.report.page import EvaluationReport
    from model.evaluation.scores import ImageScore, Summary
    from model.labels.masks import LabelImage
    from model.training.dataset import Pair
    from worker.pipeline import SegmenterProtocol

PLANE = re.compile(r"\.s\d+\.t\d+\.z\d+$")
"""What label images of files with several images have in their names."""


@dataclass(frozen=True)
class Predictor:
    """What is measured: a network, or label images that somebody made.

    Attributes:
        name: of the network, or of the folder of label images.
        facts: what the report says of it.
        predict: from a labelled image and its pixels to the label image to measure.
    """

    name: str
    facts: Mapping[str, str]
    predict: Callable[[Pair, Any], Any]


@click.command()
@click.argument("folder", metavar="DIR", type=click.Path(exists=True, file_okay=False, path_type=Path))
@weights_option("Weights to measure, instead of those that come with nuqleus.", envvar="NUQLEUS_WEIGHTS")
@click.option(
    "--labels",
    type=click.Path(exists=True, file_okay=False, path_type=Path),
    help="Measure these label images (NAME.label.tif, as `nuqleus segment` writes them) and no network.",
)
@click.option(
    "--json", "json_file", type=click.Path(dir_okay=False, path_type=Path), help="Write figures here."
)
@click.option(
    "--report",
    "report_folder",
    type=click.Path(file_okay=False, path_type=Path),
    help="Write a page with scores, curves and every image's mistakes into this folder, as index.html.",
)
def command(
    folder: Path,
    weights: Path | None,
    labels: Path | None,
    json_file: Path | None,
    report_folder: Path | None,
) -> None:
    """Measure how well nuclei are found in DIR/images, given DIR/labels.

    Prints the Data Science Bowl's figure (mean over images of tp / (tp + fp + fn), averaged over IoU 0.50 … 0.95),
    StarDist's pooled average precision, and IoU and Dice of the foreground, over all images and per kind.
    """
    from cli.progress_bars import track
    from cli.score_table import print_scores
    from model.evaluation.scores import image_rows, summarise
    from model.training.dataset import find_pairs

    pairs = find_pairs(folder)
    predictor = _label_file_predictor(labels) if labels else network_predictor(weights)
    report = _start_report(report_folder, folder, predictor) if report_folder else None
    scores = [_score(pair, predictor, report) for pair in track(pairs, "Measuring")]
    summaries = summarise(scores)
    print_scores(summaries)
    if json_file is not None:
        json_file.write_text(json.dumps(_to_json(summaries, image_rows(scores)), indent=2) + "\n")
    if report is not None:
        click.echo(f"The report is {_write(report)}.")


def network_predictor(weights: Path | None) -> Predictor:
    """Predicts by a network: the shipped one, or that of weights."""
    from worker.factory import load_network

    # as a worker loads it: a network's first size has a graph of its own, whose maps differ in the last bits
    segmenter = load_network(weights)
    card = segmenter.card
    facts = {"Network": card.name, "SHA-256 of its weights": card.sha256}
    return Predictor(card.name, facts, lambda pair, _pixels: _segment(pair.image, segmenter))


def _segment(path: Path, segmenter: SegmenterProtocol) -> Any:
    """Return the label image of a file's first plane, as `nuqleus run` and `segment` make it: large ones in blocks."""
    import numpy as np

    from worker.pipeline import process

    found: list[LabelImage] = []
    next(process(path, segmenter, on_image=lambda _plane, labels, _result: found.append(labels)))
    return np.asarray(found[0][:, :])


def _label_file_predictor(folder: Path) -> Predictor:
    from model.training.dataset import read_labels

    paths = _label_images(folder)
    name = _name(folder)
    return Predictor(
        name, {"Label images": name}, lambda pair, _pixels: read_labels(_find(pair, paths, folder))
    )


def _label_images(folder: Path) -> dict[str, list[Path]]:
    """Label images by what they are of: a file's name, with or without its ending."""
    from model.labels.label_files import ENDING

    paths: dict[str, list[Path]] = {}
    for path in sorted(folder.rglob(f"*{ENDING}")):
        paths.setdefault(PLANE.sub("", path.name.removesuffix(ENDING)), []).append(path)
    return paths


def _find(pair: Pair, paths: Mapping[str, list[Path]], folder: Path) -> Path:
    found = [path for name in dict.fromkeys((pair.image.name, pair.name)) for path in paths.get(name, ())]
    if not found:
        raise click.ClickException(
            f"{folder} has no label image of {pair.image.name} ({pair.image.name}.label.tif or {pair.name}.label.tif)."
        )
    if len(found) > 1:
        raise click.ClickException(
            f"{folder} has several label images of {pair.image.name}: {', '.join(map(str, found))}. Keep one."
        )
    return found[0]


def _start_report(output: Path, data: Path, predictor: Predictor) -> EvaluationReport:
    from datetime import datetime

    from model.evaluation.report.page import EvaluationReport, Subject
    from nuqleus import __version__

    _make_folder(output)  # now, not when the work is done
    measured = f"{datetime.now().astimezone():%Y-%m-%d %H:%M}, nuqleus {__version__}"
    name = _name(data)
    facts = {**predictor.facts, "Data": name, "Measured": measured}
    return EvaluationReport(Subject(f"{predictor.name} on {name}", facts), output)


def _make_folder(folder: Path) -> None:
    try:
        folder.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise click.ClickException(f"{folder} can't be made: {error.strerror}.") from error


def _write(report: EvaluationReport) -> Path:
    try:
        return report.write()
    except OSError as error:
        raise click.ClickException(f"The report can't be written: {error}") from error


def _name(folder: Path) -> str:
    """The last two parts of a folder's path: `val` alone says little."""
    return "/".join(folder.resolve().parts[-2:])


def _score(pair: Pair, predictor: Predictor, report: EvaluationReport | None) -> ImageScore:
    from model.evaluation.scores import EvaluatedImage, score
    from model.training.dataset import read_image, read_labels

    pixels = read_image(pair.image)
    image = EvaluatedImage(
        pair.name, pair.kind, pixels, read_labels(pair.labels), predictor.predict(pair, pixels)
    )
    return score(image) if report is None else report.add(image)


def _to_json(summaries: Sequence[Summary], images: list[dict[str, Any]]) -> dict[str, Any]:
    from dataclasses import asdict

    return {"summaries": [asdict(summary) for summary in summaries], "images": images}
