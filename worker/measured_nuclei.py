"""Nuclei of an image, found and measured, and what is around them."""

import time
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import NamedTuple

from model.labels.masks import LabelImage, MaskBlock
from model.measurements import Distances, Surroundings, SurroundingsMeasurement, Table, scale_distances
from model.reading import Plane
from model.segmentation.nuclear_size import weighted_median_diameter
from nuqleus.image_options import ImageOptions
from worker.pixel_lengths import to_pixels

OnBlock = Callable[[int, int], None]
"""Called with the number of blocks that are done, and of all."""


class SegmentationSummary(NamedTuple):
    """How large nuclei were taken to be, and shown, and how sure the network was of the image: see `ImageResult`."""

    diameter: float
    zoom: float
    confidence: float | None


@dataclass(frozen=True)
class MeasuredNuclei:
    """Nuclei of an image, each measured alone.

    Attributes:
        labels: label image, (H, W).
        masks: the same in encoded blocks.
        nuclei: shapes and confidence, as `with_confidence` returns them.
        intensities: as `measure_intensities` returns them.
        summary: how they were found.
        seconds: that each stage took.
    """

    labels: LabelImage
    masks: list[MaskBlock]
    nuclei: Table
    intensities: Table
    summary: SegmentationSummary
    seconds: dict[str, float]


@dataclass(frozen=True)
class ImageSurroundings:
    """What is around the nuclei of an image, how far that was looked for, and how many seconds it took.

    Attributes:
        distances: None without nuclei.
    """

    surroundings: Surroundings
    distances: Distances | None
    seconds: float


def measure_image_surroundings(
    path: Path, plane: Plane, found: MeasuredNuclei, options: ImageOptions, on_block: OnBlock | None
) -> ImageSurroundings:
    """Measure what is around the nuclei of an image; `on_block` is called between cells, to stop it by an error.

    Raises:
        ImageError: `unknown-pixel-size`: a distance is given in µm.
    """
    start = time.perf_counter()
    distances = _distances(path, plane, found, options)
    measurement = SurroundingsMeasurement(
        found.labels,
        plane.pixels,
        found.nuclei,
        found.intensities,
        distances,
        requested=(options.measure or "").split(),
    )
    for number, _ in enumerate(measurement):
        if on_block and number:
            on_block(len(found.masks), len(found.masks))
    reached = distances if len(found.nuclei["label"]) else None
    return ImageSurroundings(measurement.result(), reached, time.perf_counter() - start)


def _distances(path: Path, plane: Plane, found: MeasuredNuclei, options: ImageOptions) -> Distances:
    """Return the given distances; those that aren't follow the diameter of the file's nuclei."""
    names = ("ring_gap", "ring_width", "neighbor_distance")
    given = {name: _in_pixels(path, plane, name, getattr(options, name)) for name in names}
    return scale_distances(found.summary.diameter or weighted_median_diameter(found.nuclei["area"]), **given)


def _in_pixels(path: Path, plane: Plane, name: str, length: str | None) -> float | None:
    if length is None:
        return None
    return to_pixels(
        path,
        plane,
        length,
        said=f"{name} is said to be {length}",
        remedy=f"Say NUQLEUS_{name.upper()} in pixels, or leave it out: then it follows the size of the nuclei.",
    )
