"""One real run that several tests look at: starting TensorFlow for each of them would take minutes."""

import subprocess
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import pytest

from tests.acceptance.house import House
from tests.acceptance.images import fill_with_bad_files, fill_with_good_files


@dataclass(frozen=True)
class Finished:
    """A house in which `nuqleus run --once` has ended.

    Attributes:
        house: where.
        process: how it ended, and what it printed.
        good: number of images of each good file, by path.
        bad: the kind of error that each bad file must have, by path.
        before: size and time of change of everything in the inbox before the run.
    """

    house: House
    process: subprocess.CompletedProcess[str]
    good: dict[str, int]
    bad: dict[str, str]
    before: dict[Path, tuple[int, int]]


@pytest.fixture
def house(tmp_path: Path) -> Iterator[House]:
    house = House(tmp_path)
    yield house
    house.close()


@pytest.fixture(scope="session")
def finished(tmp_path_factory: pytest.TempPathFactory) -> Finished:
    house = House(tmp_path_factory.mktemp("finished"))
    good, bad = fill_with_good_files(house.inbox), fill_with_bad_files(house.inbox)
    (house.inbox / "day 1/a copy.png").write_bytes((house.inbox / "fluorescence.png").read_bytes())
    (house.inbox / ".hidden.png").write_bytes(b"of no interest")
    (house.inbox / "download.png.part").write_bytes(b"not yet")
    before = look_at(house.inbox)
    process = house.call("run", "--once", "--input", house.inbox, "--overlays", house.overlays)
    return Finished(house, process, good, bad, before)


def look_at(folder: Path) -> dict[Path, tuple[int, int]]:
    """Size and time of change of everything below a folder, by path."""
    return {path: (path.stat().st_size, path.stat().st_mtime_ns) for path in sorted(folder.rglob("*"))}
