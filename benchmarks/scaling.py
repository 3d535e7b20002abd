"""Simulation of 1, 8, 64 and 512 workers: `python benchmarks/scaling.py FOLDER [--images 48] [--database-cores 8] …`.

First measured, then simulated. **Measured**: one worker on one core, the scheduler, a Redis-protocol server and a
PostgreSQL process mosaics of 1024 × 1024 pixels made of the PNG images of FOLDER; for each part, the processor's
seconds that an image costs it. What all workers share is measured with a worker that has the network's answers ready:
it sends them so many images that what they do in between hardly counts. **Simulated**: a closed queueing network with
these costs. Each worker has as many images at hand as it has threads; each image goes through the scheduler and Redis,
is read from storage that all share, computed by the worker's own core, and stored by the database's cores. Shared parts
serve first come, first served. What a simulation can't know: locks, checkpoints, a full network, disks that get slower.
"""

import heapq
import json
import statistics
import tempfile
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import asdict, dataclass
from itertools import count
from pathlib import Path

import click
import numpy as np
import psutil
from PIL import Image
from rich.console import Console
from rich.progress import track
from rich.table import Table

from benchmarks.deployment import CACHED_NETWORK_WORKER, WORKER, TimedDeployment, start_deployment
from benchmarks.throughput import drop
from worker.thread_pool import THREADS

SIDE = 1024
SHARED = ("scheduler", "redis", "database")
PARTS = ("worker", *SHARED)
CACHED_NETWORK_COPIES = 10
"""Copies of each image for a worker whose network is cached."""


@dataclass(frozen=True)
class Costs:
    """Of one image: the processor's seconds of each part, the bytes of its file, its nuclei."""

    worker: float
    scheduler: float
    redis: float
    database: float
    file_bytes: float
    nuclei: float


@dataclass(frozen=True)
class SharedResources:
    """What all workers share."""

    database_cores: int
    storage_bytes_per_second: float


@dataclass(frozen=True)
class SimulationResult:
    """Of a simulation: images a second, and how busy each shared part was, 0 to 1."""

    workers: int
    rate: float
    utilization: dict[str, float]


class Station:
    """Serves one after the other, with this many servers."""

    def __init__(self, servers: int, seconds: float) -> None:
        self.worked = 0.0
        self._servers, self._seconds = servers, seconds
        self._free = [0.0] * servers

    def serve(self, arrival: float) -> float:
        """When somebody who arrives now is done."""
        done = max(arrival, heapq.heappop(self._free)) + self._seconds
        heapq.heappush(self._free, done)
        self.worked += self._seconds
        return done

    def utilization(self, until: float) -> float:
        """The share of the time that it worked."""
        return min(1.0, self.worked / (until * self._servers))


def simulate(costs: Costs, resources: SharedResources, workers: int, images: int) -> SimulationResult:
    """Let this many workers process images until all are stored; the first half, while they start, does not count."""
    shared = {
        "scheduler": Station(1, costs.scheduler),
        "redis": Station(1, costs.redis),
        "storage": Station(1, costs.file_bytes / resources.storage_bytes_per_second),
        "database": Station(resources.database_cores, costs.database),
    }
    stored = _process(shared, [Station(1, costs.worker) for _ in range(workers)], images)
    middle = len(stored) // 2
    rate = (len(stored) - middle) / (stored[-1] - stored[middle - 1])
    return SimulationResult(
        workers, rate, {name: part.utilization(stored[-1]) for name, part in shared.items()}
    )


def _process(shared: Mapping[str, Station], workers: Sequence[Station], images: int) -> list[float]:
    """When each image is stored, the first one first."""
    path = ("scheduler", "redis", "storage", "own", "database")
    order = count()
    events = [(0.0, next(order), worker, 0) for worker in range(len(workers)) for _ in range(THREADS)]
    heapq.heapify(events)
    stored: list[float] = []
    while len(stored) < images:
        now, _, worker, step = heapq.heappop(events)
        station = workers[worker] if path[step] == "own" else shared[path[step]]
        done = station.serve(now)
        if step + 1 == len(path):
            stored.append(done)
        heapq.heappush(events, (done, next(order), worker, (step + 1) % len(path)))
    return sorted(stored)


@click.command()
@click.argument("folder", type=click.Path(exists=True, file_okay=False, path_type=Path))
@click.option("--images", default=48, help="Mosaics that are measured.")
@click.option("--rounds", default=3)
@click.option("--database-cores", default=8)
@click.option("--storage", default=1.0, help="GB/s.")
@click.option(
    "--faster", default=1.0, help="How many times faster a worker is than the one measured: a GPU, say."
)
@click.option("--json", "json_file", type=click.Path(dir_okay=False, path_type=Path))
def main(
    folder: Path,
    images: int,
    rounds: int,
    database_cores: int,
    storage: float,
    faster: float,
    json_file: Path | None,
) -> None:
    """Measure what an image costs each part, and simulate many workers."""
    costs = measure(folder, images, rounds)
    resources = SharedResources(database_cores, storage * 1e9)
    sped_up = Costs(**{**asdict(costs), "worker": costs.worker / faster})
    results = [
        simulate(sped_up, resources, workers, images=max(2_000, 60 * workers)) for workers in (1, 8, 64, 512)
    ]
    show(costs, results)
    if json_file:
        json_file.write_text(
            json.dumps({"costs": asdict(costs), "results": [asdict(o) for o in results]}, indent=2)
        )


def measure(folder: Path, images: int, rounds: int) -> Costs:
    """What an image of a megapixel costs: the median of some rounds."""
    with tempfile.TemporaryDirectory() as mosaics, start_deployment() as deployment:
        paths = make_mosaics(sorted(folder.glob("*.png")), Path(mosaics), images)
        own = measure_rounds(deployment, WORKER, paths, 1, rounds)
        nuclei = float(deployment.query_number("SELECT avg(n_nuclei) FROM images"))
        shared = measure_rounds(deployment, CACHED_NETWORK_WORKER, paths, CACHED_NETWORK_COPIES, rounds)
        file_bytes = statistics.mean(path.stat().st_size for path in paths)
    costs = {"worker": own["worker"]} | {part: shared[part] for part in SHARED}
    return Costs(**costs, file_bytes=file_bytes, nuclei=nuclei)


def measure_rounds(
    deployment: TimedDeployment, worker: Sequence[str], paths: list[Path], copies: int, rounds: int
) -> dict[str, float]:
    """Processor's seconds that an image costs each part: the median of some rounds."""
    with deployment.workers(worker, [{0}]):
        drop(deployment, paths[:4], 1)
        taken = [measure_round(deployment, paths, copies) for _ in track(range(rounds), "measuring")]
    return {part: statistics.median(one[part] for one in taken) / (copies * len(paths)) for part in PARTS}


def measure_round(deployment: TimedDeployment, paths: list[Path], copies: int) -> dict[str, float]:
    """Processor's seconds of each part while these images are processed."""
    before = cpu_seconds(deployment)
    drop(deployment, paths, copies)
    return {part: seconds - before[part] for part, seconds in cpu_seconds(deployment).items()}


def cpu_seconds(deployment: TimedDeployment) -> dict[str, float]:
    """What each part has used so far, with all processes that it started."""
    return {part: sum(map(own_seconds, families(deployment.pids(part)))) for part in PARTS}


def families(pids: Sequence[int]) -> Iterator[psutil.Process]:
    """Processes, and all that they started."""
    for pid in pids:
        process = psutil.Process(pid)
        yield from (process, *process.children(recursive=True))


def own_seconds(process: psutil.Process) -> float:
    """Of a process, and of its children that have ended."""
    times = process.cpu_times()
    return times.user + times.system + times.children_user + times.children_system


def make_mosaics(images: Sequence[Path], folder: Path, number: int) -> list[Path]:
    """Images of a megapixel, each of 16 corners of others, all in gray."""
    corners = []
    for image in images:
        with Image.open(image) as whole:
            if min(whole.size) >= SIDE // 4:
                corners.append(np.asarray(whole.convert("L"))[: SIDE // 4, : SIDE // 4])
    paths = [folder / f"{i:04}.png" for i in range(number)]
    for i, path in enumerate(paths):
        chosen = [corners[(16 * i + j) % len(corners)] for j in range(16)]
        rows = [np.hstack(chosen[row : row + 4]) for row in range(0, 16, 4)]
        Image.fromarray(np.vstack(rows)).save(path)
    return paths


def show(costs: Costs, results: Sequence[SimulationResult]) -> None:
    """Print what was measured and what was simulated."""
    measured = Table("an image of 1 megapixel costs", "", title="Measured")
    for part in PARTS:
        measured.add_row(f"{part}, ms of a core", f"{1000 * getattr(costs, part):.2f}")
    measured.add_row("bytes to read", f"{costs.file_bytes:,.0f}")
    measured.add_row("nuclei", f"{costs.nuclei:.0f}")
    table = Table(
        "workers", "images/s", "a million takes", "nuclei/s", *results[0].utilization, title="Simulated"
    )
    for result in results:
        hours = 1e6 / result.rate / 3600
        busy = (f"{share:.0%}" for share in result.utilization.values())
        table.add_row(
            str(result.workers),
            f"{result.rate:.1f}",
            f"{hours:.1f} h",
            f"{result.rate * costs.nuclei:,.0f}",
            *busy,
        )
    Console().print(measured, table)


if __name__ == "__main__":
    main()
