"""Cost of small pictures in a worker's processor seconds: `python benchmarks/overviews.py FOLDER [--side 256]`.

FOLDER holds PNG images, of which those of one side are taken. Each is processed as a worker does it, then its small
picture is drawn; both are measured in processor seconds of this process, which other work hardly changes.
"""

import time
from collections.abc import Callable
from functools import partial
from pathlib import Path
from typing import Any

import click
from PIL import Image

from model.labels.overview import draw_overview
from worker.factory import load_network
from worker.pipeline import SegmenterProtocol, process

ROUNDS = 3


@click.command()
@click.argument("folder", type=click.Path(exists=True, file_okay=False, path_type=Path))
@click.option("--images", type=int, default=40, show_default=True)
@click.option("--side", type=int, default=256, show_default=True, help="Of an image, in pixels.")
def main(folder: Path, images: int, side: int) -> None:
    """Process, draw, and print."""
    paths = [path for path in sorted(folder.glob("*.png")) if Image.open(path).size == (side, side)][:images]
    network = load_network(None)
    seen: list[Any] = []
    whole = drawn = 0.0
    for number in range(ROUNDS + 1):
        for path in paths:
            seconds = [
                _busy(partial(_process, path, network, seen)),
                _busy(lambda: draw_overview(*seen.pop()[:2])),
            ]
            if number:  # the first round warms up
                whole, drawn = whole + sum(seconds), drawn + seconds[1]
    each = 1000 / ROUNDS / len(paths)
    click.echo(
        f"{whole * each:.1f} ms an image, {drawn * each:.2f} ms of it for its small picture: {drawn / whole:.2%}"
    )


def _process(path: Path, network: SegmenterProtocol, seen: list[Any]) -> None:
    for _ in process(path, network, on_image=lambda *image: seen.append(image)):
        pass


def _busy(work: Callable[[], Any]) -> float:
    began = time.process_time()
    work()
    return time.process_time() - began


if __name__ == "__main__":
    main()
