"""One run to a state folder."""

import os
import subprocess
import sys

import pytest

from cli.processes.run_lock import hold_run_lock
from nuqleus.errors import SettingsError


def test_a_second_holder_is_refused_and_told_who_the_first_is(tmp_path):
    with (
        hold_run_lock(tmp_path / "state"),
        pytest.raises(SettingsError, match=rf"process {os.getpid()}\).*NUQLEUS_STATE_DIR"),
        hold_run_lock(tmp_path / "state"),
    ):
        pass


def test_afterwards_it_is_free(tmp_path):
    for _ in range(2):
        with hold_run_lock(tmp_path):
            pass


def test_other_folders_are_not_concerned(tmp_path):
    with hold_run_lock(tmp_path / "one"), hold_run_lock(tmp_path / "other"):
        pass


def test_a_holder_that_is_killed_holds_nothing_and_its_children_neither(tmp_path):
    source = (
        "import os, subprocess, sys; from pathlib import Path; from cli.processes.run_lock import hold_run_lock\n"
        "with hold_run_lock(Path(sys.argv[1])):\n"
        "    child = subprocess.Popen([sys.executable, '-c', 'input()'], stdout=-3, stderr=-3)\n"
        "    print('held', flush=True); os.kill(os.getpid(), 9)"
    )
    with subprocess.Popen(
        [sys.executable, "-c", source, str(tmp_path)], stdin=subprocess.PIPE, stdout=subprocess.PIPE
    ) as holder:
        assert holder.stdout.readline() == b"held\n"
        holder.wait()
        with hold_run_lock(tmp_path):
            pass
