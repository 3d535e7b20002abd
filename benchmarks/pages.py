"""Seconds of every page and route of a page that runs: `python benchmarks/pages.py http://127.0.0.1:8600 [--times 7]`.

Each is asked for once without being counted, then some times: the fastest answer, the median and the slowest, in
milliseconds, and what came. A plot is asked for until it is counted; how long that took is beside it.
"""

import statistics
import time
from collections.abc import Iterator

import click
import httpx2 as httpx
from rich.console import Console
from rich.table import Table

LONGEST_SECONDS = 300.0
"""How long a plot is waited for."""


@click.command()
@click.argument("url")
@click.option("--times", type=int, default=7, show_default=True)
@click.option("--path", "searched", default="no such file", show_default=True, help="That is searched for.")
def main(url: str, times: int, searched: str) -> None:
    """Ask, and print a table."""
    table = Table("page", "fastest", "median", "slowest", "kB", "answer")
    with httpx.Client(base_url=url, timeout=LONGEST_SECONDS) as client:
        while (
            client.get("/api/status").status_code == 503
        ):  # the first answer of a database comes a little later
            time.sleep(0.2)
        for path in pages(client, searched):
            table.add_row(path, *measure(client, path, times))
    Console(width=140).print(table)


def pages(client: httpx.Client, searched: str) -> Iterator[str]:
    """Every page and route, with numbers of things that are there."""
    yield from ("/", "/overview", "/api/status", "/api/openapi.json", "/static/page.css")
    for kind in ("", "/api"):
        yield from (f"{kind}/files", f"{kind}/files?state=failed", f"{kind}/files?state=done")
        yield from (f"{kind}/files?path={searched}", f"{kind}/files?state=failed&path={searched}")
        yield from (f"{kind}/files?state=failed&reason=truncated", f"{kind}/files?reason=no-such-reason")
        yield from (f"{kind}/images", f"{kind}/images?path={searched}", f"{kind}/plates")
    yield from _of_a_file(client)
    yield from _of_an_image(client)
    yield from _of_a_plate(client)
    yield from _of_plots(searched)


def _of_a_file(client: httpx.Client) -> Iterator[str]:
    files = client.get("/api/files").json()["files"]
    for kind in ("", "/api") if files else ():
        yield f"{kind}/files/{files[0]['id']}"
        yield f"{kind}/files?before={files[0]['id'] // 2}"
        yield f"{kind}/files?state=failed&before={files[0]['id'] // 2}"


def _of_an_image(client: httpx.Client) -> Iterator[str]:
    images = client.get("/api/images").json()["images"]
    if not images:
        return
    image = images[len(images) // 2]["id"]
    yield from (f"/images?before={image // 2}", f"/images/{image}", f"/images/{image}?by=area")
    yield from (f"/images/{image}/overview.jpg", f"/images/{image}/outlines/1/0/0")
    yield f"/images/{image}/outlines/1/0/0?by=intensity_mean"
    yield from (
        f"/api/images/{image}",
        f"/api/images/{image}/nuclei",
        f"/api/images/{image}/at?row=50&col=50",
    )
    nuclei = client.get(f"/api/images/{image}/nuclei").json()["nuclei"]
    if nuclei:
        nucleus = f"{image}/nuclei/{nuclei[0]['label']}"
        yield from (f"/images/{nucleus}", f"/images/{nucleus}/cutout.jpg", f"/api/images/{nucleus}")


def _of_a_plate(client: httpx.Client) -> Iterator[str]:
    for plate in client.get("/api/plates").json()["plates"][:1]:
        page = f"plates/{plate['id']}"
        yield f"/plates?before={plate['id'] // 2}"
        yield f"/nuclei?x=area&plate={plate['id']}"
        yield from (f"/{page}", f"/{page}?by=mean_area", f"/{page}/wells.csv", f"/api/{page}")
        yield f"/images?well={client.get(f'/api/{page}').json()['wells'][0]['id']}"


def _of_plots(searched: str) -> Iterator[str]:
    yield "/plots"
    for query in ("x=area", "x=area&y=intensity_mean", f"x=area&path={searched}"):
        yield from (f"/plots?{query}", f"/plots/part?{query}", f"/plots.csv?{query}", f"/nuclei?{query}")
    yield from ("/nuclei?x=area&x_from=100&x_to=110", "/nuclei?x=area&x_from=1e9")


def measure(client: httpx.Client, path: str, times: int) -> list[str]:
    """Ask for a page; return the columns of its row."""
    counted = _until_counted(client, path)
    seconds = []
    for _ in range(times):
        began = time.perf_counter()
        answer = client.get(path)
        seconds.append(time.perf_counter() - began)
    told = f"{answer.status_code}{f', counted in {counted:.1f} s' if counted else ''}"
    figures = (min(seconds), statistics.median(seconds), max(seconds))
    return [*(f"{1000 * figure:.0f}" for figure in figures), f"{len(answer.content) / 1000:.0f}", told]


def _until_counted(client: httpx.Client, path: str) -> float:
    """Ask until the answer is whole; return the seconds that a plot took."""
    began = time.perf_counter()
    while "x-unfinished" in client.get(path).headers:
        if time.perf_counter() > began + LONGEST_SECONDS:
            return float("inf")
        time.sleep(0.2)
    return time.perf_counter() - began if "/plots/part" in path else 0.0


if __name__ == "__main__":
    main()
