"""What an export costs, and whether its reader finds what the database holds.

    python benchmarks/exports.py sqlite:///FILE OUTPUT [--format csv …] [--every 20] [-- --path "plate 0"]

Each format is written by `nuqleus export` in a process of its own; what follows `--` goes to it. Prints megabytes
written, seconds (of CPU, and on the clock) and peak memory. Then the library that the format is for reads it back:
number, labels, areas and centroids of the nuclei must equal those in the database; where there is a file for each
image, in every `--every`-th. `benchmarks/generated_database.py` makes a database.
"""

import os
import shutil
import subprocess
import sys
import time
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import ProcessPoolExecutor
from dataclasses import dataclass
from multiprocessing import get_context
from pathlib import Path

import click
import numpy as np
from sqlalchemy import Engine, select

from benchmarks.export_readers import COLUMNS, FILES, TABLES, Table
from nuqleus.database.engine import existing_database, reading
from nuqleus.database.queries.snapshot import snapshot
from nuqleus.database.tables import Nucleus


@dataclass(frozen=True)
class Cost:
    """What it took to write."""

    megabytes: float
    cpu_seconds: float
    wall_seconds: float
    peak_megabytes: float


def measure(command: Sequence[str], output: Path) -> Cost:
    """Run an export.

    Raises:
        CalledProcessError: it failed.
    """
    began = time.monotonic()
    process = subprocess.Popen(command)
    _, status, usage = os.wait4(process.pid, 0)
    if status:
        raise subprocess.CalledProcessError(status, list(command))
    size = sum(path.stat().st_size for path in output.rglob("*") if path.is_file())
    return Cost(
        size / 1e6, usage.ru_utime + usage.ru_stime, time.monotonic() - began, usage.ru_maxrss * 1024 / 1e6
    )


def stored_nuclei(engine: Engine, every: int = 1) -> Iterator[tuple[str, Table]]:
    """Yield every `every`-th image's path and nuclei, by label, as the database has them."""
    columns = [Nucleus.__table__.columns[name] for name in COLUMNS]
    with snapshot(engine) as results, reading(engine) as connection:
        for number, image in enumerate(results.images()):
            if number % every == 0:
                of_image = select(*columns).where(Nucleus.image_id == image.image_id).order_by(Nucleus.label)
                rows = [tuple(row) for row in connection.execute(of_image)]
                yield image.path, np.array(rows, float).reshape(-1, len(COLUMNS))


def compare(database_url: str, output: Path, name: str, every: int) -> int:
    """Raise unless what is read back is what the database holds. Returns how many nuclei were compared."""
    with existing_database(database_url) as engine:
        if name in TABLES:
            stored = np.concatenate([table for _, table in stored_nuclei(engine)])
            return _check(TABLES[name](output), stored)
        place, read = FILES[name]
        return sum(
            _check(read(output / place.format(path)), table) for path, table in stored_nuclei(engine, every)
        )


def _check(found: Table, stored: Table) -> int:
    """Raise unless both are of the same nuclei; images may be numbered otherwise. Returns how many there are."""
    tables = []
    for table in (found, stored):
        ordered = table[np.lexsort((table[:, 1], table[:, 0]))]
        ordered[:, 0] = np.unique(ordered[:, 0], return_inverse=True)[1]
        tables.append(ordered)
    known = ~np.isnan(tables[0])
    assert known[:, :3].all()
    assert tables[0].shape == tables[1].shape
    np.testing.assert_allclose(tables[0][known], tables[1][known], rtol=1e-12)
    return len(found)


def in_another_process(function: Callable[..., int], *arguments: object) -> int:
    """Call a function elsewhere: whoever starts a process lends it the peak of its own memory."""
    with ProcessPoolExecutor(1, get_context("spawn")) as pool:
        return pool.submit(function, *arguments).result()


@click.command()
@click.argument("database_url", metavar="URL")
@click.argument("output", type=click.Path(file_okay=False, path_type=Path))
@click.option("--format", "formats", multiple=True, default=(*TABLES, *FILES), help="With its options.")
@click.option("--every", default=20, show_default=True, help="Which share of the images' files is read back.")
@click.argument("options", nargs=-1)
def main(database_url: str, output: Path, formats: Sequence[str], every: int, options: Sequence[str]) -> None:
    """Write each of the formats below OUTPUT, which is deleted after it is read back."""
    click.echo("| `--format` | MB written | seconds of CPU | seconds | peak memory in MB | nuclei compared |")
    click.echo("| --- | --- | --- | --- | --- | --- |")
    export = [sys.executable, "-m", "cli.main", "export", "--output", str(output), "--database", database_url]
    for name in formats:
        cost = measure([*export, "--format", *name.split(), *options], output)
        compared = in_another_process(compare, database_url, output, name, every)
        click.echo(
            f"| `{name}` | {cost.megabytes:.0f} | {cost.cpu_seconds:.0f} | {cost.wall_seconds:.0f} "
            f"| {cost.peak_megabytes:.0f} | {compared} |"
        )
        shutil.rmtree(output)


if __name__ == "__main__":
    main()
