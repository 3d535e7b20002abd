"""One real run that several tests look at: starting TensorFlow for each of them would take minutes."""

import subprocess
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import pytest

from tests.acceptance.deployment import Deployment
from tests.acceptance.images import fill_with_accessories, fill_with_bad_files, fill_with_good_files


@dataclass(frozen=True)
class Finished:
    """A deployment in which `nuqleus run --once` has ended.

    Attributes:
        deployment: where.
        process: how it ended, and what it printed.
        good: number of images of each good file, by path.
        bad: the kind of error that each bad file must have, by path.
        ignored: the reason that each accessory must be ignored for, by path.
        before: size and time of change of everything in the inbox before the run.
    """

    deployment: Deployment
    process: subprocess.CompletedProcess[str]
    good: dict[str, int]
    bad: dict[str, str]
    ignored: dict[str, str]
    before: dict[Path, tuple[int, int]]


@pytest.fixture
def deployment(tmp_path: Path) -> Iterator[Deployment]:
    deployment = Deployment(tmp_path)
    yield deployment
    deployment.close()


@pytest.fixture(scope="session")
def finished(tmp_path_factory: pytest.TempPathFactory) -> Finished:
    deployment = Deployment(tmp_path_factory.mktemp("finished"))
    good, bad = fill_with_good_files(deployment.inbox), fill_with_bad_files(deployment.inbox)
    ignored = fill_with_accessories(deployment.inbox)
    (deployment.inbox / "day 1/a copy.png").write_bytes((deployment.inbox / "fluorescence.png").read_bytes())
    (deployment.inbox / ".hidden.png").write_bytes(b"of no interest")
    (deployment.inbox / "download.png.part").write_bytes(b"not yet")
    before = look_at(deployment.inbox)
    process = deployment.call("run", "--once", "--input", deployment.inbox, "--overlays", deployment.overlays)
    return Finished(deployment, process, good, bad, ignored, before)


def look_at(folder: Path) -> dict[Path, tuple[int, int]]:
    """Size and time of change of everything below a folder, by path."""
    return {path: (path.stat().st_size, path.stat().st_mtime_ns) for path in sorted(folder.rglob("*"))}
