"""Cost of what is measured around nuclei, group by group, and CellProfiler's numbers beside ours.

    python benchmarks/surroundings.py [--side 2048] [--nuclei 2000] [--repeats 5]

A drawn image, one channel, 16 bits. Seconds are those of the processor, all threads together: medians of the repeats, a
nucleus and a megapixel. Texture and granularity see a smaller image, as does `cp-measure`, CellProfiler's measurements
as a library.
"""

import argparse
import time
import warnings
from collections.abc import Callable
from dataclasses import dataclass
from functools import partial

import numpy as np
from numpy.typing import NDArray

from model.measurements import (
    REQUESTS,
    Distances,
    Table,
    measure_intensities,
    measure_shapes,
    measure_surroundings,
    scale_distances,
)
from model.measurements.cells import cut_cells
from model.measurements.columns import HARALICK
from model.measurements.neighbors import measure_contacts, measure_density, measure_nearest
from model.measurements.quality import ImageQualityMeasurement
from model.measurements.rings import find_rings, measure_rings
from model.measurements.sharpness import measure_edge_gradients
from model.samples.drawn import FieldOfView, fluorescence
from model.segmentation.nuclear_size import weighted_median_diameter

SLOW, COMPARED = (204, 20), (512, 125)
"""Side and nuclei of the images for what is measured on request, and for `cp-measure`, which takes minutes."""


@dataclass(frozen=True)
class ImageWithNuclei:
    """An image, and what is known of its nuclei."""

    labels: NDArray[np.int32]
    pixels: NDArray[np.generic]
    shapes: Table
    intensities: Table
    distances: Distances

    @property
    def nuclei(self) -> int:
        """How many it shows."""
        return len(self.shapes["label"])

    def surroundings(self, *requested: str) -> Table:
        """Measure all around the nuclei; return all columns."""
        found = measure_surroundings(
            self.labels, self.pixels, self.shapes, self.intensities, self.distances, requested
        )
        return {**found.nuclei, **found.intensities, **found.textures}


def draw(side: int, nuclei: int) -> ImageWithNuclei:
    """Draw nuclei, 39 % of the image, many of them touching, and measure each alone."""
    image = fluorescence(FieldOfView(side, side, nuclei, radius=0.36 * side / np.sqrt(nuclei)), seed=0)
    pixels = image.pixels[..., None]
    shapes = measure_shapes(image.labels)
    distances = scale_distances(weighted_median_diameter(shapes["area"]))
    return ImageWithNuclei(image.labels, pixels, shapes, measure_intensities(image.labels, pixels), distances)


def groups(image: ImageWithNuclei) -> dict[str, Callable[[], object]]:
    """Return what is timed, by name."""
    labels, pixels, distances, wanted = image.labels, image.pixels, image.distances, image.shapes["label"]
    size = labels.shape[0], labels.shape[1]
    rings = find_rings(labels, wanted, distances)

    def quality() -> Table:
        collected = ImageQualityMeasurement(size, 1)
        for cell in cut_cells(size, image.shapes, distances.margin):
            collected.add(pixels[cell.window], rings.background[cell.window], cell)
        return collected.table()

    return {
        "shapes": lambda: measure_shapes(labels),
        "intensities": lambda: measure_intensities(labels, pixels),
        "rings": lambda: measure_rings(pixels, find_rings(labels, wanted, distances), image.nuclei),
        "neighbours": lambda: (
            measure_contacts(labels, wanted, distances.neighbor_distance),
            measure_nearest(image.shapes),
            measure_density(image.shapes, size, distances.density_side),
        ),
        "quality and background": quality,
        "sharpness": lambda: measure_edge_gradients(labels, pixels, wanted),
        "all around nuclei": image.surroundings,
    }


def cpu_seconds(work: Callable[[], object], repeats: int) -> float:
    """Return the median seconds of the processor."""
    seconds = []
    for _ in range(repeats):
        start = time.process_time()
        work()
        seconds.append(time.process_time() - start)
    return float(np.median(seconds))


def print_costs(image: ImageWithNuclei, works: dict[str, Callable[[], object]], repeats: int) -> None:
    """Print a line for each group."""
    megapixels = image.labels.size / 1e6
    for name, work in works.items():
        seconds = cpu_seconds(work, repeats)
        print(
            f"{name:24}{1e6 * seconds / image.nuclei:12.1f} µs a nucleus"
            f"{1e3 * seconds / megapixels:10.1f} ms a Mpixel{megapixels / seconds:8.1f} Mpixel/s"
        )


def print_differences(image: ImageWithNuclei) -> None:
    """Print the largest difference between CellProfiler's numbers and ours, by column."""
    ours = image.surroundings("texture")
    theirs = cellprofilers(image)
    print(f"\nlargest difference to cp-measure, {image.nuclei} nuclei")
    for name, values in theirs.items():
        apart = np.nanmax(np.abs(ours[name] - values))
        print(f"{name:36}{apart:12.2g} of {np.nanmax(np.abs(values)):.4g}")


def cellprofilers(image: ImageWithNuclei) -> Table:
    """Measure what cp-measure measures too, by our names."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # its docstrings hold escapes that Python warns of
        from cp_measure.core.measuretexture import get_texture
        from cp_measure.multimask.measureobjectneighbors import measureobjectneighbors

    within = measureobjectneighbors(
        image.labels, image.labels, "Within a specified distance", int(image.distances.neighbor_distance)
    )
    adjacent = measureobjectneighbors(image.labels, image.labels, "Adjacent")
    textures = get_texture(image.labels, image.pixels[..., 0])
    means = [np.mean(list(textures.values())[place::13], axis=0) for place in range(13)]
    return {
        "neighbor_count": _named(within, "NumberOfNeighbors"),
        "neighbor_nearest_distance": _named(within, "FirstClosestDistance"),
        "neighbor_touching_fraction": _named(adjacent, "PercentTouching") / 100,
        **{f"texture_{name}": values for name, values in zip(HARALICK, means, strict=True)},
    }


def _named(table: dict[str, list[float]], name: str) -> NDArray[np.float64]:
    return next(np.asarray(values) for key, values in table.items() if name in key)


def main() -> None:
    """Read the options, draw the image, print both tables."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0] if __doc__ else None)
    parser.add_argument("--side", type=int, default=2048, help="height and width of the image in pixels")
    parser.add_argument("--nuclei", type=int, default=2000, help="nuclei to draw")
    parser.add_argument("--repeats", type=int, default=5)
    given = parser.parse_args()
    image = draw(given.side, given.nuclei)
    print(f"{given.side} × {given.side} px, {image.nuclei} nuclei, {image.distances}")
    print_costs(image, groups(image), given.repeats)
    small = draw(*SLOW)
    print_costs(small, {name: partial(small.surroundings, name) for name in REQUESTS}, 1)
    print_differences(draw(*COMPARED))


if __name__ == "__main__":
    main()
