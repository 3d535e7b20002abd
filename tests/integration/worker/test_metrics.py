"""A worker's metrics: served by the process that does the work, and by the one that replaces it."""

import os
import signal
from urllib.request import urlopen

import pytest

from nuqleus.database.file_states import FileState
from tests.integration.worker.conftest import FAKE_APP, wait_until
from tests.ports import free_port

pytestmark = pytest.mark.integration


@pytest.fixture(scope="module")
def port():
    """With a free one after it."""
    return free_port(in_a_row=2)


@pytest.fixture(scope="module")
def worker(deployment, port):
    with deployment.run("celery", "-A", FAKE_APP, "worker", worker_metrics_port=port) as process:
        wait_until(lambda: ask(port), "the worker answers")
        yield process


def ask(port: int) -> str:
    try:
        with urlopen(f"http://127.0.0.1:{port}/metrics", timeout=5) as answer:
            return answer.read().decode()
    except OSError:
        return ""


def test_a_replaced_process_answers_at_the_same_port_and_counts_anew(deployment, worker, port):
    deployment.drop("a.png", nuclei=3)
    wait_until(lambda: 'files_total{outcome="done"} 1.0' in ask(port), "the file is counted")
    first = ask(port)
    killed = deployment.newest_worker()
    os.kill(killed.pid, signal.SIGKILL)
    wait_until(lambda: deployment.newest_worker().pid != killed.pid, "the worker's child is replaced")
    deployment.drop("b.png", nuclei=2)
    wait_until(lambda: 'files_total{outcome="done"} 1.0' in ask(port), "the file is counted anew")
    second = ask(port)

    assert 'nuqleus_worker_stage_seconds_count{stage="store"} 1.0' in first
    assert "nuqleus_worker_nuclei_total 3.0" in first
    # a new process on the same port, which begins anew
    assert "nuqleus_worker_nuclei_total 2.0" in second


def test_a_second_worker_takes_the_next_port(deployment, worker, port):
    with deployment.run("celery", "-A", FAKE_APP, "worker", "-n", "second", worker_metrics_port=port):
        wait_until(lambda: ask(port + 1), "the second worker answers")


def test_each_line_of_the_log_says_which_file_it_is_about(deployment, worker):
    file_id = deployment.drop("c.png", nuclei=1)
    deployment.wait_for("c.png", FileState.DONE)

    def lines():
        return [
            line
            for line in (deployment.settings.state_dir / "worker.log").read_text().splitlines()
            if "c.png" in line
        ]

    wait_until(lines, "the worker logs the file")
    assert all(f" file={file_id}" in line for line in lines())
