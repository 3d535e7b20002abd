"""Folders on a drive that can only be read: one line each, whatever the command."""

import os
import re
import shlex
import subprocess
import sys
from pathlib import Path

import pytest

from cli.commands.export import FORMATS
from nuqleus.database.engine import make_engine
from tests.conftest import Clock
from tests.integration.database.conftest import Archive

pytestmark = pytest.mark.integration


def run_with_read_only(folder: Path, *arguments: str, **settings: str) -> subprocess.CompletedProcess[str]:
    """Run a command of the program, in a mount namespace where a folder can only be read."""
    mount = f"mount --bind {folder} {folder} && mount -o remount,bind,ro {folder}"
    program = shlex.join([sys.executable, "-m", "cli.main", *arguments])
    said = subprocess.run(
        ["unshare", "--mount", "sh", "-c", f"{mount} && exec {program}"],
        env=os.environ | settings,
        capture_output=True,
        text=True,
        check=False,
    )
    if said.returncode and ("unshare:" in said.stderr or "mount:" in said.stderr):
        pytest.skip(f"nothing can be mounted here: {said.stderr.strip()}")
    return said


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    (tmp_path / "inbox").mkdir()
    (tmp_path / "place").mkdir()
    return tmp_path / "place"


def test_a_state_folder(folder: Path):
    inbox = str(folder.with_name("inbox"))
    said = run_with_read_only(
        folder, "run", "--once", "--input", inbox, NUQLEUS_STATE_DIR=str(folder / "state")
    )
    assert (said.returncode, said.stderr) == (1, f"Error: {folder / 'state'}: Read-only file system.\n")


def test_a_database(sqlite_url: str, folder: Path):
    database = Path(sqlite_url.removeprefix("sqlite:///"))
    said = run_with_read_only(database.parent, "status", "--database", sqlite_url)
    assert said.returncode == 1
    assert said.stderr.count("\n") == 1
    assert f"nuqleus runs as user {os.geteuid()}" in said.stderr
    assert f"{database} belongs to user" in said.stderr


def test_where_results_go(sqlite_url: str, folder: Path):
    said = run_with_read_only(folder, "export", "--output", str(folder / "results"), "--database", sqlite_url)
    assert (said.returncode, said.stderr) == (1, f"Error: {folder / 'results'}: Read-only file system.\n")


@pytest.mark.parametrize("name", FORMATS)
def test_where_results_of_a_format_go(name: str, sqlite_url: str, folder: Path):
    engine = make_engine(sqlite_url)
    Archive.on(engine, Clock()).done()
    engine.dispose()

    said = run_with_read_only(
        folder, "export", "--output", str(folder), "--database", sqlite_url, "--format", name
    )

    assert said.returncode == 1
    assert re.fullmatch(rf"Error: {folder}/[^ ]+: Read-only file system\.\n", said.stderr)
