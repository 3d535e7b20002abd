"""`nuqleus status --healthy worker` beside a real Celery worker: hung in either process, it is not at work."""

import os
import signal
import subprocess
import sys

import pytest

from cli.processes.local_stack import environment
from tests.integration.worker.conftest import REPOSITORY, wait_until

pytestmark = pytest.mark.integration


@pytest.fixture(scope="module")
def worker(deployment):
    with deployment.run_fake() as process:
        wait_until(lambda: deployment.workers.live(1), "a worker lives")
        yield process


def is_healthy(deployment) -> bool:
    command = [sys.executable, "-m", "cli.main", "status", "--healthy", "worker"]
    answer = subprocess.run(
        command,
        cwd=REPOSITORY,
        env=environment(deployment.settings),
        capture_output=True,
        text=True,
        check=False,
    )
    assert (answer.returncode, answer.stderr[:11]) in {(0, ""), (1, "Error: The ")}
    return answer.returncode == 0


def test_an_idle_worker_is_at_work(deployment, worker):
    wait_until(lambda: is_healthy(deployment), "the idle worker is at work")


@pytest.mark.parametrize("process", ["parent", "child"])
def test_one_that_was_frozen_is_not_until_it_goes_on(deployment, worker, process: str):
    (live,) = deployment.workers.live(60)
    pid = {"parent": worker.pid, "child": live.pid}[process]
    os.kill(pid, signal.SIGSTOP)
    wait_until(lambda: not is_healthy(deployment), f"the frozen {process} is noticed")
    os.kill(pid, signal.SIGCONT)
    wait_until(lambda: is_healthy(deployment), f"the {process} is at work again")
