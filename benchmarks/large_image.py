"""Memory and time of a very large image: `python benchmarks/large_image.py [--side 20000] [--whole] [--overlay]`.

Draws a 16-bit, tiled, compressed TIFF of nuclei, a tile at a time, and hands it to what a worker process consists of,
in a process of its own: claim, hash, read, network, instances, measurements, one transaction into SQLite. Prints how
much memory that process ever held (VmHWM, or `ru_maxrss` where there is no /proc), how long it took, and how many
nuclei were found of those that were drawn. With `--whole` the image isn't cut into blocks, for comparison.
"""

import json
import logging
import resource
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from pathlib import Path

import click
import numpy as np
import tifffile
from numpy.typing import NDArray

from model.samples.drawn import Drawing, FieldOfView, fluorescence

CELL = FieldOfView(1024, 1024, 300)
"""The image is stitched from pictures of this size."""

DRAWN = 6
"""So many are drawn; each is used in all its eight positions, turned and mirrored."""


@click.command()
@click.option("--side", default=20_000, show_default=True, help="Height and width of the image in pixels.")
@click.option("--whole", is_flag=True, help="Process the image as a whole.")
@click.option("--overlay", is_flag=True, help="Draw an overlay, too.")
@click.option(
    "--keep", type=click.Path(path_type=Path), help="Draw the image here, or use the one that is here."
)
@click.option("--work", type=click.Path(path_type=Path), hidden=True)
def main(side: int, whole: bool, overlay: bool, keep: Path | None, work: Path | None) -> None:
    """Draw an image of SIDE × SIDE pixels, process it, and print what that took."""
    if work:
        click.echo(json.dumps(process(work, whole, overlay)))
        return
    with tempfile.TemporaryDirectory() as temporary:
        folder = keep or Path(temporary)
        drawn = draw(folder / "inbox" / f"{side}.tif", side)
        click.echo(f"{side} × {side} pixels, about {drawn:,} nuclei drawn")
        switches = ["--whole"] * whole + ["--overlay"] * overlay
        print_result(measure(folder, switches), side)


def draw(path: Path, side: int) -> int:
    """Write the image unless it is there; returns about how many nuclei it shows."""
    across = -(-side // CELL.width)
    if not path.exists():
        path.parent.mkdir(parents=True)
        tile = (CELL.height, CELL.width)
        tiles = stitch([fluorescence(CELL, seed) for seed in range(DRAWN)], across**2)
        tifffile.imwrite(
            path,
            tiles,
            shape=(side, side),
            dtype=np.uint16,
            tile=tile,
            compression="zlib",
            predictor=True,
            photometric="minisblack",
        )
    return round(CELL.count * side**2 / (CELL.height * CELL.width))


def stitch(drawings: list[Drawing], count: int) -> Iterator[NDArray[np.generic]]:
    """Yield tiles, no two alike beside each other."""
    rng = np.random.default_rng(0)
    for _ in range(count):
        pixels = drawings[rng.integers(len(drawings))].pixels
        yield np.ascontiguousarray(np.rot90(pixels[:, :: rng.choice((-1, 1))], int(rng.integers(4))))


def measure(folder: Path, switches: list[str]) -> dict[str, float]:
    """Run a process that does the work; what it logs is shown."""
    command = [sys.executable, __file__, "--work", str(folder), *switches]
    done = subprocess.run(command, check=True, stdout=subprocess.PIPE, text=True)
    measured: dict[str, float] = json.loads(done.stdout.splitlines()[-1])
    return measured


def process(folder: Path, whole: bool, overlay: bool) -> dict[str, float]:
    """Be a worker for the one file in a folder."""
    from model.reading import plane
    from nuqleus.database.engine import open_database
    from nuqleus.database.files.records import SeenFile
    from nuqleus.database.files.scheduler_files import SchedulerFiles
    from nuqleus.messages import Job
    from nuqleus.settings import get_settings
    from worker.factory import build_processor

    if whole:
        plane.LARGE = sys.maxsize
    logging.basicConfig(level=logging.INFO, format="%(asctime)s %(message)s")
    (path,) = (folder / "inbox").iterdir()
    with tempfile.TemporaryDirectory() as state:
        overlays = Path(state, "overlays") if overlay else None
        settings = get_settings(input_dir=path.parent, state_dir=Path(state), overlay_dir=overlays)
        processor = build_processor(settings)
        files, seen = SchedulerFiles(open_database(settings.database_url)), path.stat()
        files.observe([SeenFile(path.name, seen.st_size, seen.st_mtime_ns)])
        (queued,) = files.enqueue([file.id for file in files.known()])
        idle, start = peak_bytes(), time.perf_counter()
        processor.handle(Job((queued.id,)))
        seconds = time.perf_counter() - start
        processor.heartbeat.stop()
        return {"idle": idle, "peak": peak_bytes(), "seconds": seconds, **stored(settings.database_url)}


def stored(url: str) -> dict[str, float]:
    """Look up the result."""
    from sqlalchemy import create_engine, text

    with create_engine(url).connect() as connection:
        row = connection.execute(text("SELECT * FROM images")).mappings().one()
        masks = connection.execute(text("SELECT count(*) FROM masks")).scalar_one()
    return {"masks": masks, **{name: row[name] for name in row if name.startswith(("n_nuclei", "seconds_"))}}


def peak_bytes() -> int:
    """Return the most memory that this process ever held."""
    status = Path("/proc/self/status")
    if status.exists():
        lines = dict(line.split(":", 1) for line in status.read_text().splitlines())
        return int(lines["VmHWM"].split()[0]) * 1024
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss  # bytes on macOS


def print_result(result: dict[str, float], side: int) -> None:
    """Print what it took."""
    click.echo(f"nuclei found      {result['n_nuclei']:,} in {result['masks']} mask blocks")
    click.echo(
        f"peak memory       {result['peak'] / 1e9:.2f} GB ({result['idle'] / 1e9:.2f} GB before the file)"
    )
    click.echo(
        f"seconds           {result['seconds']:.0f} ({side**2 / 1e6 / result['seconds']:.2f} Mpixel/s)"
    )
    for name in [name for name in result if name.startswith("seconds_")]:
        click.echo(f"  {name.removeprefix('seconds_'):<16}{result[name]:.1f}")


if __name__ == "__main__":
    main()
