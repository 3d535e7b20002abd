"""A database as large as is asked for: `python benchmarks/generated_database.py sqlite:///FILE --nuclei 2000000`.

A few fields of nuclei are drawn and measured, with what is around them, and stored again and again, as results of
`plate 0/000000.tif` and so on, by the statements of the scheduler and the workers. Masks and shapes repeat after
`--fields` files; intensities don't: nuclei are as bright as the DNA of a growing population makes them. At the end,
statistics of the folders are made, as a scheduler makes them. PostgreSQL: `nuqleus db upgrade` first.
"""

from dataclasses import dataclass, replace
from typing import Any

import click
import numpy as np
from numpy.typing import NDArray
from rich.progress import track
from sqlalchemy import Engine

from benchmarks.cell_cycle import draw_population
from model.arrays import Labels
from model.labels.masks import encode_mask
from model.labels.overview import draw_small, overview_step
from model.measurements import (
    REQUESTS,
    Surroundings,
    Table,
    measure_intensities,
    measure_shapes,
    measure_surroundings,
    scale_distances,
    with_confidence,
)
from model.samples.drawn import FieldOfView, fluorescence
from model.segmentation.nuclear_size import weighted_median_diameter
from nuqleus.database.batches import batched
from nuqleus.database.bulk_insert import Columns
from nuqleus.database.engine import open_database
from nuqleus.database.files.records import SeenFile
from nuqleus.database.files.results import FileResults, ImageResult
from nuqleus.database.files.scheduler_files import SchedulerFiles
from nuqleus.database.files.worker_files import WorkerFiles
from nuqleus.database.group_statistics import GroupStatistics
from nuqleus.database.model_registry import register_model

OWNER, LEASE_SECONDS = "benchmark", 3600.0

FILES_IN_FOLDER = 1_000

FILES_IN_COMMIT = 32

LARGEST_DRAWING = 1_024
"""Side of what is drawn, in pixels; larger fields show it again and again."""


@dataclass(frozen=True)
class Size:
    """How large a database shall be.

    Attributes:
        nuclei: at least this many in all.
        per_image: that are placed in each image; fewer fit if it is crowded.
        side: of an image in pixels.
        channels: of each image.
        fields: that are drawn; more of them take longer, and repeat less.
        measured: what is measured only if somebody asks for it: keys of `REQUESTS`.
    """

    nuclei: int
    per_image: int = 1_000
    side: int = 1_024
    channels: int = 2
    fields: int = 8
    measured: tuple[str, ...] = ()


@click.command()
@click.argument("database_url", metavar="URL")
@click.option("--nuclei", type=int, required=True, help="In all, at least.")
@click.option("--per-image", type=int, default=Size.per_image, show_default=True)
@click.option("--side", type=int, default=Size.side, show_default=True, help="Of an image, in pixels.")
@click.option("--channels", type=int, default=Size.channels, show_default=True)
@click.option("--fields", type=int, default=Size.fields, show_default=True, help="To draw; they repeat.")
@click.option("--measure", "measured", type=click.Choice(sorted(REQUESTS)), multiple=True)
def main(database_url: str, **size: Any) -> None:
    """Fill the database at URL."""
    engine = open_database(database_url)
    images, stored = fill(engine, Size(**size))
    engine.dispose()
    click.echo(f"{stored} nuclei in {images} images")


def fill(engine: Engine, size: Size) -> tuple[int, int]:
    """Add files that are done to an empty database. Returns how many images, and nuclei, there are then."""
    fields = [_draw(size, seed) for seed in track(range(size.fields), "drawing")]
    nuclei = [len(field.nuclei["label"]) for field in fields]
    files = -(-size.nuclei * len(fields) // sum(nuclei))
    numbered = list(enumerate(_queue(engine, files)))
    model_id = register_model(engine, "drawn", "0" * 64, {}, {}, "benchmark")
    worker_files = WorkerFiles(engine)
    for batch in track(list(batched(numbered, FILES_IN_COMMIT)), "storing"):
        claims = worker_files.claim_fresh([file_id for _, file_id in batch], OWNER, LEASE_SECONDS)
        images = [_lit(fields[number % len(fields)], number) for number, _ in batch]
        worker_files.complete_all(
            [
                FileResults(claim, f"{number:064x}", model_id, [image])
                for (number, _), claim, image in zip(batch, claims, images, strict=True)
            ]
        )
    GroupStatistics(engine).refresh_all()
    return files, sum(nuclei[number % len(fields)] for number in range(files))


def _draw(size: Size, seed: int) -> ImageResult:
    """Draw a field, and measure it as a worker does."""
    labels, pixels = _draw_pixels(size, seed)
    confidence = np.random.default_rng(seed).uniform(0.5, 1, labels.max())
    nuclei = with_confidence(measure_shapes(labels), confidence)
    intensities = measure_intensities(labels, pixels)
    diameter = weighted_median_diameter(nuclei["area"])
    distances = scale_distances(diameter)
    around = measure_surroundings(labels, pixels, nuclei, intensities, distances, size.measured)
    return ImageResult(
        **_describe(labels, pixels),
        **_measured(nuclei, intensities, around),
        seconds={},
        nuclear_diameter=diameter,
        ring_gap=distances.ring_gap,
        ring_width=distances.ring_width,
        neighbor_distance=distances.neighbor_distance,
        area_fraction=float(np.mean(labels > 0)),
    )


def _draw_pixels(size: Size, seed: int) -> tuple[Labels, NDArray[np.uint16]]:
    """Draw nuclei: labels (H, W) from 1 on, none of which is missing, and pixels (H, W, C)."""
    side = min(size.side, LARGEST_DRAWING)
    times = -(-size.side // side)
    count = round(size.per_image * (side / size.side) ** 2)
    drawing = fluorescence(FieldOfView(side, side, count, radius=0.36 * side / np.sqrt(count)), seed)
    numbers = np.arange(times**2, dtype=np.int32).reshape(times, times) * drawing.labels.max()
    repeated = np.tile(drawing.labels, (times, times))
    repeated[repeated > 0] += np.kron(numbers, np.ones((side, side), np.int32))[repeated > 0]
    within = slice(size.side), slice(size.side)
    _, labels = np.unique(repeated[within], return_inverse=True)
    pixels = np.tile(drawing.pixels, (times, times))[within]
    channels = [np.roll(pixels, channel, 0) for channel in range(size.channels)]
    return labels.astype(np.int32), np.stack(channels, axis=-1)


def _describe(labels: Labels, pixels: NDArray[np.uint16]) -> dict[str, Any]:
    """Return what an image is, by the names of `ImageResult`."""
    height, width, channels = pixels.shape
    every = slice(None, None, overview_step(height, width))
    return {
        "scene": 0,
        "t": 0,
        "z": 0,
        "height": height,
        "width": width,
        "channels": channels,
        "dtype": str(pixels.dtype),
        "pixel_size_um": 0.5,
        "masks": encode_mask(labels),
        "nuclear_channel": 0,
        "channel_names": [f"channel {channel}" for channel in range(channels)],
        "overview": draw_small(pixels[every, every], labels[every, every], colour=False),
    }


def _measured(nuclei: Table, intensities: Table, around: Surroundings) -> dict[str, Any]:
    """Return what was measured in an image, likewise."""
    return {
        "nuclei": nuclei | around.nuclei,
        "intensities": intensities | around.intensities,
        "quality": around.quality,
        "textures": around.textures,
    }


def _queue(engine: Engine, files: int) -> list[int]:
    """Record files, and queue them. Returns their ids."""
    scheduler_files = SchedulerFiles(engine)
    paths = (f"plate {number // FILES_IN_FOLDER}/{number:06d}.tif" for number in range(files))
    scheduler_files.observe([SeenFile(path, size=1, mtime_ns=1) for path in paths])
    ids = [file.id for file in scheduler_files.known()]
    scheduler_files.enqueue(ids)
    return ids


def _lit(image: ImageResult, seed: int) -> ImageResult:
    """Return the same nuclei, in each channel as bright as the DNA of a population drawn anew."""
    contents = draw_population(len(image.nuclei["label"]), unit=1e6, seed=seed).contents
    per_channel = image.intensities["intensity_integrated_corrected"].reshape(image.channels, -1)
    factors = np.divide(contents, per_channel, out=np.ones(per_channel.shape), where=per_channel > 0).reshape(
        -1
    )
    intensities: Columns = {
        name: column * factors if name.startswith("intensity") and "ratio" not in name else column
        for name, column in image.intensities.items()
    }
    return replace(image, intensities=intensities)


if __name__ == "__main__":
    main()
