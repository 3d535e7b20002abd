"""Image-analysis pipeline: a file → its images, each with a mask and measured nuclei. Needs no queue, no database."""

import logging
import time
from collections.abc import Callable, Iterator, Sequence
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Protocol

import numpy as np
from numpy.typing import NDArray

from model.blockwise.segmentation import BlockwiseSegmentation, TilePredictor, join_results
from model.labels.masks import LabelImage, LazyLabelImage, MaskBlock, encode_mask
from model.labels.overview import draw_overview
from model.measurements import Table, measure_intensities, measure_shapes
from model.memory_budget import MemoryBudget
from model.reading import LARGE, Plane, read_planes
from model.reading.channels import choose_channel, nuclear_channel, nuclear_pixels
from model.reading.field import Field, choose_nuclear_channel, read_field
from model.reading.projection import project
from model.segmentation.nuclear_size import weighted_median_diameter
from model.weights.diameters import KnownDiameters
from nuqleus.database.bulk_insert import Columns
from nuqleus.database.files.results import ImageResult
from nuqleus.image_options import DEFAULT_OPTIONS, ImageOptions

if TYPE_CHECKING:  # importing either at run time would import TensorFlow
    from model.segmentation.segmenter import Segmentation
    from model.weights import ModelCard

log = logging.getLogger(__name__)

OnImage = Callable[[Plane, LabelImage, ImageResult], None]
OnBlock = Callable[[int, int], None]
"""Called with the number of blocks that are done, and of all."""


class SegmenterProtocol(Protocol):
    """What the pipeline needs of a network: `model.segmentation.segmenter.Segmenter` is one."""

    @property
    def card(self) -> "ModelCard":
        """What the network is."""

    def segment(self, pixels: NDArray[np.generic]) -> "Segmentation":
        """Find the nuclei of an image: (H, W, 1) or (H, W, 3), any numeric dtype."""

    @property
    def tile_predictor(self) -> TilePredictor | None:
        """How it sees large images piece by piece; None if it must see them whole."""


def process(
    path: Path,
    segmenter: SegmenterProtocol,
    image_options: ImageOptions = DEFAULT_OPTIONS,
    *,
    field: Field | None = None,
    memory: MemoryBudget | None = None,
    max_pixels: int | None = None,
    with_overviews: bool = False,
    on_image: OnImage | None = None,
    on_block: OnBlock | None = None,
) -> Iterator[ImageResult]:
    """Read a file and yield what is in each of its images, one at a time; a large one is worked on in blocks.

    Args:
        path: of an image file, or of a stack.
        segmenter: finds the nuclei.
        image_options: where it looks for them, and what becomes of a z-stack.
        field: the field of a plate that the file is the lead of: all of its files are one image.
        memory: pixels that may be segmented and measured at a time, where several threads process files: what is
            processed as a whole shares `LARGE` of them, and a large image has them for itself. Decoded pixels come on
            top: a plane is read before its turn comes, so each thread may hold one that waits.
        max_pixels: an image with more is refused from its header; None: `model.reading.MAX_PIXELS`.
        with_overviews: draw a small picture of each image.
        on_image: called with every image, its nuclei and its result, before the result is yielded; to draw them,
            say. The label image of one that was worked on in blocks is a `LazyLabelImage`, to be sliced like an array.
        on_block: called after every block of a large image; to see how far it is, or to stop it by an error.

    Raises:
        ImageError: the file can't be read as an image, or lacks the channel.
        OSError: the file can't be read at all.
    """
    memory = memory or MemoryBudget(LARGE)
    labels: LabelImage
    for plane, seconds in _read(path, field, image_options, max_pixels):
        tile_predictor = segmenter.tile_predictor if plane.is_large else None
        with memory.reserve(plane.pixels.shape[0] * plane.pixels.shape[1]):
            if tile_predictor:
                labels, result = _process_blocks(plane, tile_predictor, seconds, on_block)
                _warn_of_unknown_size(path, result.nuclei, segmenter.card.diameters)
            else:
                labels, result = _process_whole(plane, segmenter, seconds)
        if with_overviews:
            result = replace(result, overview=draw_overview(plane, labels))
        if on_image:
            on_image(plane, labels, result)
        yield result


def warm_up(segmenter: SegmenterProtocol) -> None:
    """Segment small blank images, so that the first real one doesn't wait for compilation.

    Two sizes: a network is compiled for the first size that it sees, and at the second for all others.
    """
    for shape in ((64, 64, 1), (96, 128, 3)):
        segmenter.segment(np.zeros(shape, np.uint8))


def _read(
    path: Path, field: Field | None, image_options: ImageOptions, max_pixels: int | None
) -> Iterator[tuple[Plane, float]]:
    """Yield each plane with the seconds that reading it took."""
    z, pages = image_options.z, image_options.pages
    wanted = image_options.channel, image_options.channel_by
    if field:
        planes = read_field(field, z, max_pixels=max_pixels, pages=pages)
    else:
        planes = project(read_planes(path, max_pixels=max_pixels, pages=pages), z)
    start = time.perf_counter()
    for plane in planes:
        chosen = (
            choose_nuclear_channel(field, plane, *wanted) if field else choose_channel(path, plane, *wanted)
        )
        yield chosen, time.perf_counter() - start
        start = time.perf_counter()


def _process_whole(
    plane: Plane, segmenter: SegmenterProtocol, reading: float
) -> tuple[LabelImage, ImageResult]:
    found = segmenter.segment(nuclear_pixels(plane))
    start = time.perf_counter()
    nuclei = measure_shapes(found.labels)
    intensities = measure_intensities(found.labels, np.asarray(plane.pixels))
    masks = encode_mask(found.labels)
    seconds = {"read": reading, **found.seconds, "measure": time.perf_counter() - start}
    return found.labels, _result(plane, masks, nuclei, intensities, seconds)


def _process_blocks(
    plane: Plane, network: TilePredictor, reading: float, on_block: OnBlock | None
) -> tuple[LazyLabelImage, ImageResult]:
    results = []
    segmentation = BlockwiseSegmentation(plane, network)
    for result in segmentation:
        results.append(result)
        if on_block:
            on_block(len(results), len(segmentation))
    masks, nuclei, intensities = join_results(results)
    seconds = {**segmentation.seconds, "read": segmentation.seconds["read"] + reading}
    return LazyLabelImage(masks, *plane.pixels.shape[:2]), _result(plane, masks, nuclei, intensities, seconds)


def _warn_of_unknown_size(path: Path, nuclei: Columns, known: KnownDiameters | None) -> None:
    """Say that a large image, which the network sees at its own size only, shows nuclei of a size it doesn't know."""
    diameter = weighted_median_diameter(nuclei["area"])
    if known and diameter and not known.smallest <= diameter <= known.largest:
        log.warning(
            "%s: its nuclei are about %.0f pixels wide; the network knows %.0f to %.0f, and images this large are seen "
            "at their own size only. CHECK them, or drop the image scaled by about %.2g.",
            *(path, diameter, known.smallest, known.largest, known.best / diameter),
        )


def _result(
    plane: Plane, masks: list[MaskBlock], nuclei: Table, intensities: Table, seconds: dict[str, float]
) -> ImageResult:
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
        pixel_size_from=plane.pixel_size_from,
        nuclear_channel=nuclear_channel(plane),
        nuclear_channel_by=plane.nuclear_channel_by,
        scene_name=plane.scene_name,
        projection=plane.projection,
        channel_names=plane.channel_names,
        missing_channel_numbers=plane.missing_channels,
        masks=masks,
        nuclei=nuclei,
        intensities=_without(plane.missing_channels, intensities),
        seconds=seconds,
    )


def _without(channels: Sequence[int], intensities: Table) -> Table:
    """Leave out what was measured in channels that aren't there."""
    if not channels:
        return intensities
    there = ~np.isin(intensities["channel"], channels)
    return {name: values[there] for name, values in intensities.items()}
