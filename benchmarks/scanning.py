"""Cost of a scan: the time of one look at a folder of files that are all known.

    python benchmarks/scanning.py /tmp/million --files 1000000

makes that many empty files, 384 in a folder, unless the folder is there, and prints for a few scans seconds on the
clock and of the processor, each with the comparison that finds what is new, and at last the memory that was needed.
Nothing is new, so no file is judged.
"""

import resource
import time
from pathlib import Path

import click

from scheduler.file_stats import FileStats
from scheduler.scanner import Scanner

FILES_PER_WELL = 384
SCANS = 5


@click.command()
@click.argument("folder", type=click.Path(path_type=Path))
@click.option("--files", default=1_000_000, show_default=True, help="Files to make, unless FOLDER is there.")
def main(folder: Path, files: int) -> None:
    """Scan FOLDER a few times."""
    fill_new_folder(folder, files)
    scanner = Scanner(folder)
    known = scanner.scan().files
    for _ in range(SCANS):
        began, busy = time.perf_counter(), time.process_time()
        known, new = scan(scanner, known)
        seconds, processor = time.perf_counter() - began, time.process_time() - busy
        print(f"{len(known)} files, {new} of them new: {seconds:.2f} s, {processor:.2f} s of the processor")
    print(f"at most {resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024:.0f} MiB")


def fill_new_folder(folder: Path, files: int) -> None:
    """Make empty files, as a plate reader names them, unless the folder is there."""
    if folder.exists():
        return
    for number in range(files):
        well = folder / f"plate{number // FILES_PER_WELL // 96:04}" / f"well{number // FILES_PER_WELL:06}"
        if number % FILES_PER_WELL == 0:
            well.mkdir(parents=True)
        (well / f"field_{number % FILES_PER_WELL:03}_w1.tif").touch()


def scan(scanner: Scanner, known: FileStats) -> tuple[FileStats, int]:
    """Look once, as a scheduler does: what is there now, and how many of these files are new or have changed."""
    found = scanner.scan().files
    return found, sum(1 for _ in found.differing_from(known))


if __name__ == "__main__":
    main()
