"""Where processes can't share memory, one line says so."""

import subprocess
import sys

import pytest

from cli.processes import shared_memory
from cli.processes.shared_memory import ensure_shared_memory
from nuqleus.errors import SettingsError

_HIDDEN = (
    "mount -t tmpfs -o ro tmpfs /dev/shm && exec {python} -m cli.main work --broker redis://127.0.0.1:1/0"
)


def test_where_they_can_nothing_is_said():
    ensure_shared_memory()


@pytest.mark.parametrize(
    "error", [OSError(30, "Read-only file system"), FileNotFoundError(2, "No such file")]
)
def test_where_they_can_not_the_error_says_what_to_do(error: OSError, monkeypatch: pytest.MonkeyPatch):
    def refuse():
        raise error

    monkeypatch.setattr(shared_memory, "Lock", refuse)
    with pytest.raises(SettingsError, match=r"\(.+\): /dev/shm is missing, or can't be written to\. Mount"):
        ensure_shared_memory()


@pytest.mark.skipif(sys.platform != "linux", reason="/dev/shm is Linux's")
def test_a_worker_on_a_read_only_one_ends_with_that_line():
    command = ["unshare", "--mount", "sh", "-c", _HIDDEN.format(python=sys.executable)]
    said = subprocess.run(command, capture_output=True, text=True, check=False)
    if "unshare" in said.stderr or "mount:" in said.stderr:
        pytest.skip(f"nothing can be mounted here: {said.stderr.strip()}")
    assert said.returncode == 1
    assert said.stderr.startswith("Error: Processes can't share memory here (Read-only file system)")
