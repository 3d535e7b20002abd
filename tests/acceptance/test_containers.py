"""docker-compose.yml as it stands: built, started, scaled, hurt.

It takes minutes, gigabytes and a container engine, so only TEST_CONTAINERS switches it on: the command that runs
compose files, `docker compose` or `podman-compose`.
"""

import json
import os
import shlex
import shutil
import subprocess
import time
import uuid
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from io import BytesIO
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from PIL import Image

from tests.acceptance.images import NUCLEI, png_bytes

ROOT = Path(__file__).parents[2]
COMMAND = shlex.split(os.environ.get("TEST_CONTAINERS", ""))
PATIENCE = 900.0
IMAGES = 50
TILES = 4
WORKERS = 3

pytestmark = [
    pytest.mark.containers,
    pytest.mark.skipif(
        not COMMAND, reason="building containers is only done where TEST_CONTAINERS names a compose command"
    ),
    pytest.mark.skipif(
        bool(COMMAND) and shutil.which(COMMAND[0]) is None,
        reason=f"there is no {' '.join(COMMAND)} here",
    ),
]

FREEZE = "import psutil, signal; psutil.Process(1).children()[0].send_signal(signal.SIG{})"
"""The first process only passes signals on; its child is the program."""


@dataclass(frozen=True)
class Stack:
    """The services of docker-compose.yml, under a name of their own.

    Attributes:
        project: the name.
        inbox: the folder that they watch.
    """

    project: str
    inbox: Path

    @property
    def program(self) -> str:
        return "podman" if "podman" in COMMAND[0] else "docker"

    def compose(self, *arguments: str) -> str:
        variables = {**os.environ, "INBOX": str(self.inbox)}
        return _run([*COMMAND, "-p", self.project, *arguments], cwd=ROOT, env=variables)

    def engine(self, *arguments: str) -> str:
        return _run([self.program, *arguments])

    def containers(self, service: str) -> list[str]:
        """Names of the running containers of a service."""
        labels = {"project": self.project, "service": service}
        filters = [f"--filter=label=com.docker.compose.{name}={value}" for name, value in labels.items()]
        return sorted(self.engine("ps", *filters, "--format={{.Names}}").split())

    def is_healthy(self, container: str, process: str) -> bool:
        command = [self.program, "exec", container, "nuqleus", "status", "--healthy", process]
        return subprocess.run(command, capture_output=True, check=False).returncode == 0

    def status(self) -> dict[str, Any]:
        (scheduler,) = self.containers("scheduler")
        return json.loads(self.engine("exec", scheduler, "nuqleus", "status", "--json"))

    def query(self, sql: str) -> str:
        (postgres,) = self.containers("postgres")
        asking = (
            "psql",
            "--username=nuqleus",
            "--dbname=nuqleus",
            "--tuples-only",
            "--no-align",
            "--command",
            sql,
        )
        return self.engine("exec", postgres, *asking).strip()


def _run(command: list[str], **options: Any) -> str:
    try:
        return subprocess.run(command, capture_output=True, text=True, check=True, **options).stdout
    except subprocess.CalledProcessError as error:
        error.add_note(error.stderr[-4000:])
        raise


def wait_until(holds: Callable[[], object], what: str) -> None:
    end = time.monotonic() + PATIENCE
    while not holds():
        assert time.monotonic() < end, f"not within {PATIENCE:.0f} s: {what}"
        time.sleep(1)


def save_mosaic(path: Path, seed: int) -> None:
    """Write an image large enough to keep a worker busy for a moment: TILES × TILES times the same."""
    tile = np.asarray(Image.open(BytesIO(png_bytes(seed=seed))))
    Image.fromarray(np.tile(tile, (TILES, TILES))).save(path)


@pytest.fixture(scope="module")
def stack(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Stack]:
    inbox = tmp_path_factory.mktemp("inbox")
    # who runs in the containers is somebody else
    for folder in (inbox, *inbox.parents[:2]):
        folder.chmod(0o755)
    stack = Stack(f"nuqleus-{uuid.uuid4().hex[:8]}", inbox)
    try:
        stack.compose("up", "--detach", "--scale", f"worker={WORKERS}")
        yield stack
    finally:
        stack.compose("down", "--volumes", "--timeout", "10", "--remove-orphans")


@pytest.fixture(scope="module")
def workers(stack: Stack) -> list[str]:
    """Containers of workers, all of them at work."""
    wait_until(lambda: len(stack.containers("worker")) == WORKERS, "the workers are started")
    workers = stack.containers("worker")
    wait_until(
        lambda: all(stack.is_healthy(worker, "worker") for worker in workers), "the workers are at work"
    )
    return workers


@pytest.fixture(scope="module")
def finished(stack: Stack, workers: list[str]) -> dict[str, int]:
    """Images were dropped, a worker was killed, everything has ended. Returns the number of files in each state."""
    for seed in range(IMAGES):
        save_mosaic(stack.inbox / f"{seed:02}.png", seed)
    wait_until(lambda: stack.status()["counts"]["done"] >= WORKERS, "the first files are done")
    stack.engine("kill", "--signal", "KILL", workers[0])
    wait_until(lambda: stack.status()["counts"]["done"] == IMAGES, "all files are done")
    return stack.status()["counts"]


def test_every_image_is_done_although_a_worker_was_killed(finished: dict[str, int]):
    assert {state: count for state, count in finished.items() if count} == {"done": IMAGES}


def test_every_image_is_there_once_with_its_nuclei(stack: Stack, finished: dict[str, int]):
    images, nuclei = map(int, stack.query("SELECT count(*), sum(n_nuclei) FROM images").split("|"))
    assert images == IMAGES
    assert nuclei == pytest.approx(IMAGES * NUCLEI * TILES**2, rel=0.1)


def test_several_workers_took_part(stack: Stack, finished: dict[str, int]):
    assert sum(worker["files_done"] > 0 for worker in stack.status()["workers"]) >= 2


@pytest.mark.parametrize("process", ["scheduler", "worker"])
def test_a_process_that_hangs_fails_its_health_check(stack: Stack, workers: list[str], process: str):
    container = stack.containers(process)[-1]
    stack.engine("exec", container, "python", "-c", FREEZE.format("STOP"))
    wait_until(lambda: not stack.is_healthy(container, process), "the hung process is noticed")
    stack.engine("exec", container, "python", "-c", FREEZE.format("CONT"))
    wait_until(lambda: stack.is_healthy(container, process), "it goes on")


@pytest.mark.parametrize("service", ["postgres", "redis", "scheduler", "worker"])
def test_nobody_is_root_and_the_images_are_safe(stack: Stack, workers: list[str], service: str):
    container = stack.containers(service)[-1]
    assert stack.engine("exec", container, "id", "-u").strip() != "0"
    if service in ("scheduler", "worker"):
        with pytest.raises(subprocess.CalledProcessError, match="exit status"):
            stack.engine("exec", container, "touch", "/inbox/mine")
