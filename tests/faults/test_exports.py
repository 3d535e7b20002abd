"""Exports that are killed, or whose disk is full: every file is whole or not there, and the next export mends it."""

import signal
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from nuqleus.database.engine import make_engine
from tests.conftest import Clock
from tests.examples import surrounded_result
from tests.faults.service import REPOSITORY
from tests.faults.test_storage import fill, memory_disk
from tests.integration.database.conftest import Archive
from tests.integration.database.export_command import VARIANTS

LEFT = 8192
"""Bytes that are left on a disk that is nearly full: less than any format needs."""

ROWS = {"labels": 3, "ome-zarr": 3}
"""In the middle of the rows that are read; of the others, a hundred is."""

Files = dict[Path, bytes]


@pytest.fixture(scope="module")
def database_url(sqlite_template: Path, tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    """Four images of 40 nuclei each."""
    path = tmp_path_factory.mktemp("results") / "nuqleus.db"
    path.write_bytes(sqlite_template.read_bytes())
    engine = make_engine(f"sqlite:///{path}")
    archive = Archive.on(engine, Clock())
    for name in "abcd":
        archive.done(f"plate/{name}.tif", name, [surrounded_result(40, channels=2)])
    yield f"sqlite:///{path}"
    engine.dispose()


def run(*arguments: str) -> subprocess.CompletedProcess[str]:
    command = [sys.executable, "-m", *arguments]
    return subprocess.run(command, cwd=REPOSITORY, capture_output=True, text=True, check=False)


def files_in(folder: Path) -> Files:
    return {path.relative_to(folder): path.read_bytes() for path in folder.rglob("*") if path.is_file()}


def is_unfinished(path: Path) -> bool:
    return any(part.startswith(".") and part.endswith((".part", ".old")) for part in path.parts)


@pytest.mark.parametrize("variant", VARIANTS)
def test_an_export_is_killed(variant: str, database_url: str, tmp_path: Path):
    options = ("--database", database_url, "--format", *variant.split())
    whole = tmp_path / "whole"
    assert run("cli.main", "export", "--output", str(whole), *options).returncode == 0
    expected = files_in(whole)

    for moment in ("row", ROWS.get(variant, 100)), ("name", 1):
        output = tmp_path / moment[0]
        arguments = ("export", "--output", str(output), *options)
        died = run("tests.faults.killed_export", *map(str, moment), *arguments)
        left = {path: data for path, data in files_in(output).items() if not is_unfinished(path)}
        assert died.returncode == -signal.SIGKILL
        assert left.items() < expected.items()

        again = run("cli.main", *arguments)
        assert again.returncode == 0, again.stderr
        assert files_in(output) == expected


@pytest.mark.parametrize("variant", VARIANTS)
def test_the_disk_is_full(variant: str, database_url: str, tmp_path: Path):
    with memory_disk(tmp_path / "small", megabytes=1) as disk:
        filler = fill(disk)
        with filler.open("r+b") as file:
            file.truncate(filler.stat().st_size - LEFT)
        output = disk / "out"
        options = ("--database", database_url, "--format", *variant.split())
        said = run("cli.main", "export", "--output", str(output), *options)
        left = files_in(output)

    assert said.returncode == 1
    assert said.stderr.count("\n") == 1, said.stderr
    assert said.stderr.startswith(f"Error: {output}/")
    assert said.stderr.endswith(": No space left on device.\n")
    assert not [path for path in left if is_unfinished(path)]
