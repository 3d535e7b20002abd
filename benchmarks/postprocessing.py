"""Post-processing and measuring: `python benchmarks/postprocessing.py [FOLDER] [--side 4096] [--nuclei 10000]`.

From the network's maps to label images and all measurements of every nucleus: a drawn image, whose maps are drawn too,
and, where a folder is given, its images with the maps that the shipped network makes of them (not timed). Seconds are
those of the CPU, all threads together, so Mpixel/s are those of one core.
"""

import time
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import TypeVar

import click
import numpy as np
from numpy.typing import NDArray
from rich.console import Console
from rich.progress import track
from rich.table import Table
from scipy import ndimage

from model.arrays import Maps
from model.measurements import measure_intensities, measure_shapes, measure_surroundings, scale_distances
from model.network.forward_pass import BatchedForwardPass
from model.preprocessing.normalisation import normalise
from model.samples.drawn import FieldOfView, fluorescence
from model.segmentation.instances import find_nuclei
from model.segmentation.nuclear_size import area_weighted_diameter
from model.segmentation.prediction import predict_maps
from model.segmentation.segmenter import Segmenter
from model.training.dataset import read_image
from model.training.targets import distance_map, stack_targets
from model.weights import SHIPPED, ModelCard, read_card
from model.weights.postprocessing import PostprocessingParams

T = TypeVar("T")

SOFTNESS = 1.0
"""Standard deviation, in pixels, of the blur that makes drawn maps as soft as predicted ones."""


@dataclass(frozen=True)
class ImageWithMaps:
    """Pixels (H, W, C) and the maps that a network made of them, (H, W, outputs)."""

    pixels: NDArray[np.generic]
    maps: Maps


@dataclass
class Totals:
    """Pixels and nuclei of all images, and the seconds of each step."""

    megapixels: float = 0.0
    nuclei: int = 0
    instances: float = 0.0
    measurements: float = 0.0
    surroundings: float = 0.0

    def add(self, image: ImageWithMaps, outputs: tuple[str, ...], params: PostprocessingParams) -> None:
        """Do an image, with a watch in hand."""
        labels, seconds = timed(lambda: find_nuclei(image.maps, outputs, params))
        measured, more = timed(lambda: (measure_shapes(labels), measure_intensities(labels, image.pixels)))
        distances = scale_distances(area_weighted_diameter(labels))
        _, around = timed(lambda: measure_surroundings(labels, image.pixels, *measured, distances))
        self.megapixels += labels.size / 1e6
        self.nuclei += int(labels.max())
        self.instances += seconds
        self.measurements += more
        self.surroundings += around


def timed(work: Callable[[], T]) -> tuple[T, float]:
    """Return what `work` returns and the seconds of CPU time that it took."""
    start = time.process_time()
    result = work()
    return result, time.process_time() - start


def draw_image(side: int, nuclei: int, outputs: tuple[str, ...]) -> ImageWithMaps:
    """A drawn image and soft maps of what is in it."""
    drawing = fluorescence(FieldOfView(side, side, nuclei, radius=0.36 * side / np.sqrt(nuclei)), seed=0)
    labels = drawing.labels.astype(np.int32)
    maps = stack_targets(labels, distance_map(labels), outputs)
    return ImageWithMaps(drawing.pixels[..., None], ndimage.gaussian_filter(maps, (SOFTNESS, SOFTNESS, 0)))


def read_images(folder: Path) -> Iterator[ImageWithMaps]:
    """The images of a folder, one at a time, with the shipped network's maps."""
    segmenter = Segmenter.load()
    for path in track(sorted(folder.iterdir()), "Measuring"):
        pixels = read_image(path)
        yield ImageWithMaps(
            pixels,
            predict_maps(BatchedForwardPass(segmenter.network), segmenter.card.network, normalise(pixels)),
        )


def add_up(images: Iterable[ImageWithMaps], card: ModelCard) -> Totals:
    """Do all images."""
    totals = Totals()
    for image in images:
        totals.add(image, card.network.outputs, card.postprocessing)
    return totals


def add_row(table: Table, name: str, totals: Totals) -> None:
    """Write a line."""
    parts = (totals.instances, totals.measurements, totals.surroundings)
    rates = (totals.megapixels / seconds for seconds in (*parts, sum(parts)))
    table.add_row(
        name,
        f"{totals.megapixels:.1f}",
        str(totals.nuclei),
        *(f"{rate:.1f}" for rate in rates),
    )


@click.command()
@click.argument("folder", required=False, type=click.Path(exists=True, file_okay=False, path_type=Path))
@click.option("--side", default=4096, show_default=True, help="Height and width of the drawn image.")
@click.option("--nuclei", default=10_000, show_default=True, help="Nuclei to draw.")
@click.option("--repeats", default=3, show_default=True)
def main(folder: Path | None, side: int, nuclei: int, repeats: int) -> None:
    """Time what follows the network."""
    card = read_card(SHIPPED)
    drawn = draw_image(side, nuclei, card.network.outputs)
    steps = ("instances", "measurements", "surroundings", "all")
    table = Table("Mpixel/s of one core", "Mpixel", "nuclei", *steps)
    for _ in range(repeats):
        add_row(table, f"drawn, {side} × {side}", add_up([drawn], card))
    if folder is not None:
        add_row(table, folder.name, add_up(read_images(folder), card))
    Console().print(table)


if __name__ == "__main__":
    main()
