"""A database as large as is asked for: `python benchmarks/generated_database.py sqlite:///FILE --nuclei 2000000`.

A few fields of nuclei are drawn and measured, and stored again and again, as results of `plate 0/000000.tif` and so on,
by the statements of the scheduler and the workers. Masks and shapes repeat after `--fields` files; intensities don't.
PostgreSQL: `nuqleus db upgrade` first.
"""

from dataclasses import dataclass, replace

import click
import numpy as np
from rich.progress import track
from sqlalchemy import Engine

from model.labels.masks import encode_mask
from model.labels.overview import draw_small, overview_step
from model.measurements import measure_intensities, measure_shapes
from model.samples.drawn import FieldOfView, fluorescence
from nuqleus.database.batches import batched
from nuqleus.database.bulk_insert import Columns
from nuqleus.database.engine import open_database
from nuqleus.database.files.records import SeenFile
from nuqleus.database.files.results import FileResults, ImageResult
from nuqleus.database.files.scheduler_files import SchedulerFiles
from nuqleus.database.files.worker_files import WorkerFiles
from nuqleus.database.model_registry import register_model

OWNER, LEASE_SECONDS = "benchmark", 3600.0

FILES_IN_FOLDER = 1_000

FILES_IN_COMMIT = 32


@dataclass(frozen=True)
class Size:
    """How large a database shall be.

    Attributes:
        nuclei: at least this many in all.
        per_image: that are placed in each image; fewer fit if it is crowded.
        side: of an image in pixels.
        channels: of each image.
        fields: that are drawn; more of them take longer, and repeat less.
    """

    nuclei: int
    per_image: int = 1_000
    side: int = 1_024
    channels: int = 2
    fields: int = 8


@click.command()
@click.argument("database_url", metavar="URL")
@click.option("--nuclei", type=int, required=True, help="In all, at least.")
@click.option("--per-image", type=int, default=Size.per_image, show_default=True)
@click.option("--side", type=int, default=Size.side, show_default=True, help="Of an image, in pixels.")
@click.option("--channels", type=int, default=Size.channels, show_default=True)
@click.option("--fields", type=int, default=Size.fields, show_default=True, help="To draw; they repeat.")
def main(database_url: str, nuclei: int, per_image: int, side: int, channels: int, fields: int) -> None:
    """Fill the database at URL."""
    engine = open_database(database_url)
    images, stored = fill(engine, Size(nuclei, per_image, side, channels, fields))
    engine.dispose()
    click.echo(f"{stored} nuclei in {images} images")


def fill(engine: Engine, size: Size) -> tuple[int, int]:
    """Add files that are done to an empty database. Returns how many images, and nuclei, there are then."""
    fields = [_draw(size, seed) for seed in track(range(size.fields), "drawing")]
    nuclei = [len(field.nuclei["label"]) for field in fields]
    files = -(-size.nuclei * len(fields) // sum(nuclei))
    model_id = register_model(engine, "drawn", "0" * 64, {}, {}, "benchmark")
    worker_files = WorkerFiles(engine)
    numbered = list(enumerate(_queue(engine, files)))
    for batch in track(list(batched(numbered, FILES_IN_COMMIT)), "storing"):
        claims = worker_files.claim_fresh([file_id for _, file_id in batch], OWNER, LEASE_SECONDS)
        worker_files.complete_all(
            [
                FileResults(
                    claim, f"{number:064x}", model_id, [_jittered(fields[number % len(fields)], number)]
                )
                for (number, _), claim in zip(batch, claims, strict=True)
            ]
        )
    return files, sum(nuclei[number % len(fields)] for number in range(files))


def _draw(size: Size, seed: int) -> ImageResult:
    """Draw a field, and measure it as a worker does."""
    radius = 0.36 * size.side / np.sqrt(size.per_image)
    drawing = fluorescence(FieldOfView(size.side, size.side, size.per_image, radius=radius), seed)
    pixels = np.stack([np.roll(drawing.pixels, channel, 0) for channel in range(size.channels)], axis=-1)
    every = slice(None, None, overview_step(size.side, size.side))
    return ImageResult(
        scene=0,
        t=0,
        z=0,
        height=size.side,
        width=size.side,
        channels=size.channels,
        dtype=str(drawing.pixels.dtype),
        pixel_size_um=0.5,
        masks=encode_mask(drawing.labels),
        nuclei=measure_shapes(drawing.labels),
        intensities=measure_intensities(drawing.labels, pixels),
        seconds={},
        nuclear_channel=0,
        channel_names=[f"channel {channel}" for channel in range(size.channels)],
        overview=draw_small(pixels[every, every], drawing.labels[every, every], colour=False),
    )


def _queue(engine: Engine, files: int) -> list[int]:
    """Record files, and queue them. Returns their ids."""
    scheduler_files = SchedulerFiles(engine)
    paths = (f"plate {number // FILES_IN_FOLDER}/{number:06d}.tif" for number in range(files))
    scheduler_files.observe([SeenFile(path, size=1, mtime_ns=1) for path in paths])
    ids = [file.id for file in scheduler_files.known()]
    scheduler_files.enqueue(ids)
    return ids


def _jittered(image: ImageResult, seed: int) -> ImageResult:
    """Return the same nuclei, each a little brighter or darker."""
    factors = np.random.default_rng(seed).uniform(0.8, 1.25, len(image.intensities["label"]))
    intensities: Columns = {
        name: column * factors if name.startswith("intensity") else column
        for name, column in image.intensities.items()
    }
    return replace(image, intensities=intensities)


if __name__ == "__main__":
    main()
