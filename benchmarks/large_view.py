"""How soon a large image is seen: `python benchmarks/large_view.py URL IMAGE --pid PID`.

URL is that of a page that runs, IMAGE the number of an image in it, PID the page's process. Asks for the whole of the
image, then for tiles and outlines ever closer to its middle, and says how long each took, and the most memory that the
page and the processes that draw for it ever had. `benchmarks/large_image.py` draws large images.
"""

import time
from collections.abc import Iterator
from pathlib import Path

import click
import httpx2 as httpx
from rich.console import Console
from rich.table import Table

from web.viewing import COARSEST_OUTLINES

TILE = 512
"""Side of a tile, in pixels that are shown."""

LONGEST_SECONDS = 300.0
"""How long a view is waited for."""


@click.command()
@click.argument("url")
@click.argument("image", type=int)
@click.option("--pid", type=int, required=True, help="Process of the page.")
def main(url: str, image: int, pid: int) -> None:
    """Look at an image, and print a table."""
    table = Table("view", "seconds", "kB")
    with httpx.Client(base_url=url, timeout=LONGEST_SECONDS) as client:
        facts = client.get(f"/api/images/{image}").raise_for_status().json()
        for view in views(facts["height"], facts["width"]):
            start = time.perf_counter()
            answer = client.get(f"/images/{image}/{view}").raise_for_status()
            seconds = time.perf_counter() - start
            table.add_row(view, f"{seconds:.2f}", f"{len(answer.content) / 1000:.0f}")
    Console().print(table)
    for name, process in (("page", pid), *(("drawing", child) for child in children_of(pid))):
        click.echo(f"{name}: {peak_memory(process)} at most")


def views(height: int, width: int) -> Iterator[str]:
    """The whole image, then its middle ever closer, then outlines there."""
    coarsest = 1
    while max(height, width) > coarsest * TILE:
        coarsest *= 2
    steps = [coarsest >> power for power in range(coarsest.bit_length())]
    for kind, shown in (("tiles", coarsest), ("outlines", COARSEST_OUTLINES)):
        for step in (step for step in steps if step <= shown):
            column, row = (side // 2 // (step * TILE) for side in (width, height))
            yield f"{kind}/{step}/{column}/{row}"


def children_of(pid: int) -> list[int]:
    """Processes that a process has started and that still run."""
    threads = Path(f"/proc/{pid}/task").glob("*/children")
    return [int(child) for thread in threads for child in thread.read_text().split()]


def peak_memory(pid: int) -> str:
    """Most memory that a process ever had, as Linux counts it."""
    (line,) = (line for line in Path(f"/proc/{pid}/status").read_text().splitlines() if "VmHWM" in line)
    return line.split(":")[1].strip()


if __name__ == "__main__":
    main()
