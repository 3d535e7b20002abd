"""A file → its images, each with a mask and measured nuclei. Needs neither Celery nor a database."""

import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import TYPE_CHECKING, Protocol

import numpy as np
from numpy.typing import NDArray

from model.channels import nuclear_pixels
from model.masks import encode_mask
from model.measurements import measure_intensities, measure_shapes
from model.reading import MAX_PIXELS, Plane, read_planes
from nuqleus.database.results import ImageResult

if TYPE_CHECKING:  # importing either at run time would import TensorFlow
    from model.segmentation import Segmentation
    from model.weights import ModelCard

Labels = NDArray[np.int32]
Look = Callable[[Plane, Labels, ImageResult], None]


class FindsNuclei(Protocol):
    """What the pipeline needs of a network: `model.segmentation.Segmenter` is one."""

    @property
    def card(self) -> "ModelCard":
        """What the network is."""

    def segment(self, pixels: NDArray[np.generic]) -> "Segmentation":
        """Find the nuclei of an image: (H, W, 1) or (H, W, 3), any numeric dtype."""


def process(
    path: Path,
    segmenter: FindsNuclei,
    *,
    max_pixels: int = MAX_PIXELS,
    look: Look | None = None,
) -> Iterator[ImageResult]:
    """Read a file and yield what is in each of its images, one at a time.

    Args:
        path: of an image file, or of a stack.
        segmenter: finds the nuclei.
        max_pixels: an image with more is refused from its header.
        look: called with every image, its nuclei and its result, before the result is yielded; to draw them, say.

    Raises:
        ImageError: the file can't be read as an image.
        OSError: the file can't be read at all.
    """
    for plane, seconds in _read(path, max_pixels):
        found = segmenter.segment(nuclear_pixels(plane))
        result = _measure(plane, found.labels, {"read": seconds, **found.seconds})
        if look:
            look(plane, found.labels, result)
        yield result


def warm_up(segmenter: FindsNuclei) -> None:
    """Segment small blank images, so that the first real one doesn't wait for compilation.

    Two sizes: a network is compiled for the first size that it sees, and at the second for all others.
    """
    for shape in ((64, 64, 1), (96, 128, 3)):
        segmenter.segment(np.zeros(shape, np.uint8))


def _read(path: Path, max_pixels: int) -> Iterator[tuple[Plane, float]]:
    """Yield each plane with the seconds that reading it took."""
    planes = iter(read_planes(path, max_pixels=max_pixels))
    start = time.perf_counter()
    for plane in planes:
        yield plane, time.perf_counter() - start
        start = time.perf_counter()


def _measure(plane: Plane, labels: Labels, seconds: dict[str, float]) -> ImageResult:
    start = time.perf_counter()
    nuclei = measure_shapes(labels)
    intensities = measure_intensities(labels, np.asarray(plane.pixels))
    masks = encode_mask(labels)
    height, width, channels = plane.pixels.shape
    return ImageResult(
        scene=plane.scene,
        t=plane.t,
        z=plane.z,
        height=height,
        width=width,
        channels=channels,
        dtype=str(plane.pixels.dtype),
        pixel_size_um=plane.pixel_size_um,
        masks=masks,
        nuclei=nuclei,
        intensities=intensities,
        seconds={**seconds, "measure": time.perf_counter() - start},
    )
