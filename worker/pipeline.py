"""Image-analysis pipeline: a file → its images, each with a mask and measured nuclei. Needs no queue, no database."""

import time
from collections.abc import Callable, Iterator, Sequence
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Any, Protocol

import numpy as np
from numpy.typing import NDArray

from model.blockwise.normalised_plane import NormalisedPlane
from model.blockwise.segmentation import BlockwiseSegmentation, TilePredictor, join_results
from model.labels.masks import LabelImage, LazyLabelImage, encode_mask
from model.labels.overview import draw_overview
from model.measurements import Table, measure_intensities, measure_shapes, with_confidence
from model.memory_budget import MemoryBudget
from model.reading import LARGE, Plane, read_planes
from model.reading.channels import choose_channel, nuclear_channel, nuclear_pixels
from model.reading.field import Field, choose_nuclear_channel, read_field
from model.reading.projection import project
from model.segmentation.nuclear_size import NuclearSize, weighted_median_diameter
from model.weights.diameters import KnownDiameters
from nuqleus.database.files.results import ImageResult
from nuqleus.image_options import DEFAULT_OPTIONS, ImageOptions
from worker.measured_nuclei import (
    ImageSurroundings,
    MeasuredNuclei,
    OnBlock,
    SegmentationSummary,
    measure_image_surroundings,
)
from worker.nuclear_size_estimate import SizeEstimator, estimate_size, given_diameter

if TYPE_CHECKING:  # importing either at run time would import TensorFlow
    from model.segmentation.segmenter import Segmentation
    from model.weights import ModelCard

OnImage = Callable[[Plane, LabelImage, ImageResult], None]


class SegmenterProtocol(SizeEstimator, Protocol):
    """What the pipeline needs of a network: `model.segmentation.segmenter.Segmenter` is one."""

    @property
    def card(self) -> "ModelCard":
        """What the network is."""

    @property
    def known_diameters(self) -> KnownDiameters | None:
        """How large the nuclei are that it knows; None if it sees every image as it is."""

    def size_of(self, diameter: float) -> NuclearSize:
        """Return the size of nuclei of a known diameter, in pixels."""

    def segment(
        self, pixels: NDArray[np.generic], size: NuclearSize | None = None, smallest: int | None = None
    ) -> "Segmentation":
        """Find the nuclei of an image: (H, W, 1) or (H, W, 3), any numeric dtype; without a size, it looks for it."""

    def tile_predictor(
        self, shape: tuple[int, int], size: NuclearSize | None = None, smallest: int | None = None
    ) -> TilePredictor | None:
        """Return what sees an image (H, W) piece by piece; None if it must be seen whole."""


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
    smallest = image_options.smallest
    estimate = _estimated_size(
        _read(path, field, image_options, max_pixels), segmenter, image_options, memory
    )
    for plane, seconds in _read(path, field, image_options, max_pixels):
        height, width = plane.pixels.shape[:2]
        size = _given_size(path, plane, segmenter, image_options.diameter) or estimate
        tiles = segmenter.tile_predictor((height, width), size, smallest) if plane.is_large else None
        with memory.reserve(height * width):
            if tiles:
                found = _find_in_blocks(plane, tiles, size, seconds, on_block)
            else:
                found = _find_in_whole(plane, segmenter, size, smallest, seconds)
            around = measure_image_surroundings(
                path, plane, found, image_options, on_block if tiles else None
            )
        labels, result = found.labels, _result(plane, found, around)
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


def _estimated_size(
    planes: Iterator[tuple[Plane, float]],
    segmenter: SegmenterProtocol,
    image_options: ImageOptions,
    memory: MemoryBudget,
) -> NuclearSize | None:
    """Return how large the nuclei of a file are; None where somebody says so, or each image is to tell by itself."""
    if image_options.diameter or segmenter.known_diameters is None:
        return None
    return estimate_size((plane for plane, _ in planes), segmenter, memory)


def _given_size(
    path: Path, plane: Plane, segmenter: SegmenterProtocol, diameter: str | None
) -> NuclearSize | None:
    return segmenter.size_of(given_diameter(path, plane, diameter)) if diameter else None


def _find_in_whole(
    plane: Plane, segmenter: SegmenterProtocol, size: NuclearSize | None, smallest: int | None, reading: float
) -> MeasuredNuclei:
    found = segmenter.segment(nuclear_pixels(plane), size, smallest)
    start = time.perf_counter()
    nuclei = with_confidence(measure_shapes(found.labels), found.confidence)
    intensities = measure_intensities(found.labels, np.asarray(plane.pixels))
    masks = encode_mask(found.labels)
    seconds = {"read": reading, **found.seconds, "measure": time.perf_counter() - start}
    summary = SegmentationSummary(found.diameter, float(found.zoom), found.image_confidence)
    return MeasuredNuclei(found.labels, masks, nuclei, intensities, summary, seconds)


def _find_in_blocks(
    plane: Plane, network: TilePredictor, size: NuclearSize | None, reading: float, on_block: OnBlock | None
) -> MeasuredNuclei:
    results = []
    segmentation = BlockwiseSegmentation(NormalisedPlane(plane), network)
    for result in segmentation:
        results.append(result)
        if on_block:
            on_block(len(results), len(segmentation))
    masks, nuclei, intensities = join_results(results)
    seconds = {**segmentation.seconds, "read": segmentation.seconds["read"] + reading}
    diameter = size.diameter if size else weighted_median_diameter(nuclei["area"])
    summary = SegmentationSummary(diameter, float(network.zoom), segmentation.image_confidence)
    labels = LazyLabelImage(masks, *plane.pixels.shape[:2])
    return MeasuredNuclei(labels, masks, nuclei, intensities, summary, seconds)


def _result(plane: Plane, found: MeasuredNuclei, around: ImageSurroundings) -> ImageResult:
    missing, surroundings = plane.missing_channels, around.surroundings
    height, width = plane.pixels.shape[:2]
    return ImageResult(
        **_description(plane),
        **_reach(around),
        masks=found.masks,
        nuclei={**found.nuclei, **surroundings.nuclei},
        intensities=_without(missing, {**found.intensities, **surroundings.intensities}),
        textures=_without(missing, surroundings.textures),
        quality=_without(missing, surroundings.quality),
        seconds={**found.seconds, "measure": found.seconds["measure"] + around.seconds},
        nuclear_diameter=found.summary.diameter or None,
        zoom=found.summary.zoom,
        confidence=found.summary.confidence,
        area_fraction=float(found.nuclei["area"].sum()) / (height * width),
    )


def _description(plane: Plane) -> dict[str, Any]:
    """Return what a plane says of itself, by the names of `ImageResult`."""
    height, width, channels = plane.pixels.shape
    return {
        "scene": plane.scene,
        "t": plane.t,
        "z": plane.z,
        "height": height,
        "width": width,
        "channels": channels,
        "dtype": str(plane.pixels.dtype),
        "pixel_size_um": plane.pixel_size_um,
        "pixel_size_from": plane.pixel_size_from,
        "nuclear_channel": nuclear_channel(plane),
        "nuclear_channel_by": plane.nuclear_channel_by,
        "scene_name": plane.scene_name,
        "projection": plane.projection,
        "channel_names": plane.channel_names,
        "missing_channel_numbers": plane.missing_channels,
    }


def _reach(around: ImageSurroundings) -> dict[str, Any]:
    """Return how far was looked around nuclei, likewise; nothing of an image without any."""
    names = ("ring_gap", "ring_width", "neighbor_distance")
    return {name: getattr(around.distances, name) for name in names} if around.distances else {}


def _without(channels: Sequence[int], measured: Table) -> Table:
    """Leave out what was measured in channels that aren't there."""
    if not channels or not measured:
        return measured
    there = ~np.isin(measured["channel"], channels)
    return {name: values[there] for name, values in measured.items()}
