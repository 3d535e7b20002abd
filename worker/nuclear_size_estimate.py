"""Estimate of the size of a file's nuclei: one for all of its images, so that counts don't flicker along a series."""

from collections.abc import Iterator
from itertools import chain
from pathlib import Path
from typing import Protocol

from model.blockwise.normalised_plane import NormalisedPlane
from model.memory_budget import MemoryBudget
from model.reading import Plane
from model.segmentation.nuclear_size import Detection, NuclearSize, pool_detections
from model.segmentation.windows import SampledImage
from worker.pixel_lengths import to_pixels

LAST_SAMPLED = 64
"""Number of the last image of a file that is sampled, unless none before it shows a nucleus."""


class SizeEstimator(Protocol):
    """What looks for the size of nuclei: `model.segmentation.segmenter.Segmenter` is one."""

    def detect_in_windows(self, image: SampledImage) -> Detection:
        """Detect nuclei in windows of an image, at the zoom at which their size suits the network."""


def estimate_size(
    planes: Iterator[Plane], estimator: SizeEstimator, memory: MemoryBudget
) -> NuclearSize | None:
    """Return the size of the nuclei of a file.

    Some of its images are sampled, the sooner the more densely: the first, the third, the fifth, the ninth and so on,
    and all of them until one shows nuclei.

    Returns:
        None for a single image that can be seen whole: it tells by itself, when it is segmented.
    """
    first = next(planes)
    others = planes
    if not first.is_large:
        second = next(planes, None)
        if second is None:
            return None
        others = chain([second], planes)
    detections: list[Detection] = []
    for number, plane in enumerate(chain([first], others)):
        nothing_yet = not any(detection.diameter for detection in detections)
        if number > LAST_SAMPLED and not nothing_yet:
            break
        if nothing_yet or _is_sampled(number):
            with memory.reserve(plane.pixels.shape[0] * plane.pixels.shape[1]):
                detections.append(estimator.detect_in_windows(NormalisedPlane(plane).sampled))
    return pool_detections(detections)


def _is_sampled(number: int) -> bool:
    """Whether an image of a file is: 0, 2, 4, 8, 16 …."""
    return number != 1 and number & (number - 1) == 0


def given_diameter(path: Path, plane: Plane, diameter: str) -> float:
    """Return a diameter that somebody gave, in pixels of an image.

    Raises:
        ImageError: `unknown-pixel-size`.
    """
    return to_pixels(
        path,
        plane,
        diameter,
        said=f"its nuclei are said to be {diameter} wide",
        remedy="Say the diameter in pixels, by a rule for these files, or leave it out: then it is looked for.",
    )
