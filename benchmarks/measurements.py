"""Speed of the measurements, next to scikit-image's `regionprops_table` on the same pixels.

    python benchmarks/measurements.py [--side 2048] [--nuclei 2000] [--repeats 5]

Both measure the same columns of the same drawn image, in alternation, on one core. Prints seconds of CPU time,
Mpixel/s, and the ratio of each repeat (median, lowest, highest).
"""

import argparse
import time
from collections.abc import Callable, Iterable

import numpy as np
from numpy.typing import NDArray
from skimage.measure import regionprops_table

from model.labels.masks import LazyLabelImage, encode_mask
from model.measurements import measure_intensities, measure_shapes
from model.samples.drawn import Drawing, FieldOfView, fluorescence

SHAPES = (
    *("label", "centroid", "bbox", "area", "area_bbox", "area_convex", "area_filled", "perimeter"),
    *("perimeter_crofton", "equivalent_diameter_area", "axis_major_length", "axis_minor_length"),
    *("eccentricity", "orientation", "solidity", "extent", "euler_number", "feret_diameter_max"),
)
INTENSITIES = (
    *("label", "intensity_mean", "intensity_median", "intensity_min", "intensity_max", "intensity_std"),
    "centroid_weighted",
)

Work = Callable[[], object]


def cpu_seconds(work: Work) -> float:
    """Seconds of CPU time that `work` takes, all threads together."""
    start = time.process_time()
    work()
    return time.process_time() - start


def compare(name: str, megapixels: float, ours: Work, theirs: Work, repeats: int) -> None:
    """Run both in alternation and print a line."""
    pairs = np.array([(cpu_seconds(ours), cpu_seconds(theirs)) for _ in range(repeats)])
    (mine, other), ratios = np.median(pairs, axis=0), pairs[:, 1] / pairs[:, 0]
    print(
        f"{name:24}{mine:9.3f} s{megapixels / mine:9.1f} Mpixel/s{other:12.3f} s"
        f"{np.median(ratios):10.1f} × ({ratios.min():.1f} to {ratios.max():.1f})"
    )


def alone(name: str, megapixels: float, work: Work, repeats: int) -> None:
    """Run what has no counterpart and print a line."""
    seconds = float(np.median([cpu_seconds(work) for _ in range(repeats)]))
    print(f"{name:24}{seconds:9.3f} s{megapixels / seconds:9.1f} Mpixel/s")


def comparisons(labels: NDArray[np.int32], pixels: NDArray[np.generic]) -> list[tuple[str, Work, Work]]:
    """Return what is measured: its name, how we do it, how scikit-image does."""
    cube = pixels[..., None]

    def shapes() -> object:
        return measure_shapes(labels)

    def intensities() -> object:
        return measure_intensities(labels, cube)

    def skimage(properties: Iterable[str]) -> Work:
        return lambda: regionprops_table(labels, pixels, properties=tuple(properties))

    return [
        ("shapes", shapes, skimage(SHAPES)),
        ("intensities, 1 channel", intensities, skimage(INTENSITIES)),
        ("both", lambda: (shapes(), intensities()), skimage(dict.fromkeys(SHAPES + INTENSITIES))),
    ]


def benchmark(image: Drawing, repeats: int) -> None:
    """Print the table for one image."""
    labels, size = image.labels, image.labels.size / 1e6
    rows, cols = labels.shape
    print(f"{rows} × {cols} px, {labels.max()} nuclei, {(labels > 0).mean():.0%} foreground")
    print(f"{'':24}{'nuqleus':>11}{'':>18}{'scikit-image':>14}{'faster':>12}")
    for name, ours, theirs in comparisons(labels, image.pixels):
        compare(name, size, ours, theirs, repeats)
    blocks = encode_mask(labels)
    alone("mask to bytes", size, lambda: encode_mask(labels), repeats)
    alone("bytes to mask", size, lambda: LazyLabelImage(blocks, rows, cols)[:, :], repeats)
    print(f"the mask takes {sum(len(block.data) for block in blocks) / 1e3:.0f} kB")


def main() -> None:
    """Read the options, draw the image, print the table."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0] if __doc__ else None)
    parser.add_argument("--side", type=int, default=2048, help="height and width of the image in pixels")
    parser.add_argument("--nuclei", type=int, default=2000, help="nuclei to draw")
    parser.add_argument("--repeats", type=int, default=5, help="alternations")
    given = parser.parse_args()
    radius = 0.36 * given.side / np.sqrt(given.nuclei)
    field = FieldOfView(given.side, given.side, given.nuclei, radius=radius)
    benchmark(fluorescence(field, seed=0), given.repeats)


if __name__ == "__main__":
    main()
