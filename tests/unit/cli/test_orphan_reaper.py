"""What ends a dead run's processes: the end of a pipe, whatever ended the run."""

import json
import os
import signal
import subprocess
import sys
import time

import psutil
import pytest

from cli.processes.orphan_reaper import reap_at_end

SUPERVISING = """
import subprocess, sys, time
from pathlib import Path
from cli.processes.supervisor import Supervisor

def start(log_file):
    sleeper = [sys.executable, "-c", "import time; time.sleep(600)"]
    process = subprocess.Popen(sleeper, start_new_session=True)
    return process

supervisor = Supervisor(Path(sys.argv[1]))
print(supervisor.add("sleeper", start).process.pid, flush=True)
time.sleep(600)
"""


@pytest.fixture
def sleeper():
    command = [sys.executable, "-c", "import time; time.sleep(600)"]
    with subprocess.Popen(command, start_new_session=True) as process:
        yield process
        process.kill()


def test_at_the_end_of_the_pipe_what_is_on_the_last_list_is_ended(sleeper):
    reap_at_end(["[]", json.dumps([sleeper.pid])], grace=0.5)
    assert sleeper.wait(timeout=60) == -signal.SIGTERM


def test_what_was_taken_off_the_list_is_left_alone(sleeper):
    reap_at_end([json.dumps([sleeper.pid]), "[]"], grace=0)
    assert sleeper.poll() is None


def test_what_does_not_listen_is_killed():
    source = "import signal, time; signal.signal(signal.SIGTERM, signal.SIG_IGN); print(1, flush=True); time.sleep(600)"
    with subprocess.Popen(
        [sys.executable, "-c", source], stdout=subprocess.PIPE, start_new_session=True
    ) as deaf:
        deaf.stdout.readline()
        reap_at_end([json.dumps([deaf.pid])], grace=0.1)
        assert deaf.wait(timeout=60) == -signal.SIGKILL


def test_processes_that_are_gone_already_are_no_error():
    with subprocess.Popen([sys.executable, "-c", ""], start_new_session=True) as process:
        process.wait()
    reap_at_end([json.dumps([process.pid])], grace=60)


def test_when_a_supervisor_is_killed_its_processes_end(tmp_path):
    with subprocess.Popen(
        [sys.executable, "-c", SUPERVISING, str(tmp_path)], stdout=subprocess.PIPE
    ) as supervising:
        child = psutil.Process(int(supervising.stdout.readline()))
        os.kill(supervising.pid, signal.SIGKILL)
    deadline = time.monotonic() + 60
    while child.is_running() and child.status() != psutil.STATUS_ZOMBIE:
        assert time.monotonic() < deadline
        time.sleep(0.05)
