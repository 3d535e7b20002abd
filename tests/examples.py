"""What a worker would hand to the database, for images that are quick to draw."""

from collections.abc import Iterable
from dataclasses import replace

import numpy as np

from model.labels.masks import encode_mask
from model.measurements import measure_intensities, measure_shapes, measure_surroundings, scale_distances
from nuqleus.database.files.records import Claim, SeenFile
from nuqleus.database.files.results import FileResults, ImageResult
from nuqleus.database.files.scheduler_files import SchedulerFiles
from nuqleus.database.files.worker_files import WorkerFiles
from nuqleus.image_options import DEFAULT_OPTIONS, ImageOptions


def observe(files: SchedulerFiles, *seen: SeenFile) -> dict[str, int]:
    """Record what a scan found. Returns the ids of all files of the database, by path."""
    files.observe(seen)
    return {file.path: file.id for file in files.known()}


def complete(
    files: WorkerFiles,
    claim: Claim,
    sha256: str,
    model_id: int,
    images: Iterable[ImageResult],
    image_options: ImageOptions = DEFAULT_OPTIONS,
) -> None:
    """Write the results of one file, and raise what `complete_all` returns for it."""
    (lost,) = files.complete_all([FileResults(claim, sha256, model_id, list(images), image_options)])
    if lost:
        raise lost


def label_image(nuclei: int = 3) -> np.ndarray:
    """A row of discs of growing size, 1 to `nuclei`: int32 (32, 32 × nuclei)."""
    rows, cols = np.mgrid[:32, : 32 * max(1, nuclei)]
    labels = np.zeros(rows.shape, np.int32)
    for number in range(1, nuclei + 1):
        inside = (rows - 16) ** 2 + (cols - 32 * number + 16) ** 2 <= (4 + number % 8) ** 2
        labels[inside] = number
    return labels


def image_result(
    nuclei: int = 3,
    *,
    channels: int = 1,
    scene: int = 0,
    t: int = 0,
    z: int = 0,
    pixel_size_um: float | None = None,
    cut: bool = False,
    labels: np.ndarray | None = None,
) -> ImageResult:
    """The result for a label image, of discs if none is given, on a ramp of intensities.

    With `cut`, the first disc is cut in half.
    """
    labels = label_image(nuclei)[:, 16 * cut :] if labels is None else labels
    pixels = _ramp(labels, channels)
    return ImageResult(
        scene=scene,
        t=t,
        z=z,
        height=labels.shape[0],
        width=labels.shape[1],
        channels=channels,
        dtype="uint16",
        pixel_size_um=pixel_size_um,
        masks=encode_mask(labels),
        nuclei=measure_shapes(labels),
        intensities=measure_intensities(labels, pixels),
        seconds={"read": 0.1, "normalise": 0.2, "network": 0.3, "instances": 0.4, "measure": 0.5},
    )


def surrounded_result(
    nuclei: int = 3, *requested: str, channels: int = 1, z: int = 0, pixel_size_um: float | None = None
) -> ImageResult:
    """The same with what is around the nuclei, and what is `requested` of `REQUESTS`."""
    labels, distances = label_image(nuclei), scale_distances(10)
    image = image_result(nuclei, channels=channels, z=z, pixel_size_um=pixel_size_um)
    pixels = _ramp(labels, channels)
    around = measure_surroundings(labels, pixels, image.nuclei, image.intensities, distances, requested)
    return replace(
        image,
        nuclei={**image.nuclei, **around.nuclei},
        intensities={**image.intensities, **around.intensities},
        quality=around.quality,
        textures=around.textures,
        ring_gap=distances.ring_gap,
        ring_width=distances.ring_width,
        neighbor_distance=distances.neighbor_distance,
        area_fraction=float(np.mean(labels > 0)),
    )


def _ramp(labels: np.ndarray, channels: int) -> np.ndarray:
    ramp = np.arange(labels.size, dtype=np.uint16).reshape(labels.shape)
    return np.stack([ramp + 1000 * channel for channel in range(channels)], axis=-1)
