"""Flower shows the workers and their tasks, as the documentation says."""

import json
from urllib.request import urlopen

import pytest

from nuqleus.database.file_states import FileState
from nuqleus.queue import TASK
from tests.integration.worker.conftest import FAKE_APP, wait_until
from tests.ports import free_port

pytestmark = pytest.mark.integration


@pytest.fixture(scope="module")
def flower(deployment):
    """Asks Flower's API; the worker was not told that anybody would listen.

    Flower asks the workers for their tasks' events every five seconds, and shows no task from before: a test begins
    when it hears the worker, and the worker has heard it.
    """
    port = free_port()

    def ask(path: str):
        try:
            with urlopen(f"http://127.0.0.1:{port}/api/{path}", timeout=10) as answer:
                return json.load(answer)
        except OSError:
            return {}

    with pytest.MonkeyPatch.context() as environment:
        environment.setenv("FLOWER_UNAUTHENTICATED_API", "true")
        flower = ["celery", "-A", FAKE_APP, "flower", f"--port={port}", "--address=127.0.0.1"]
        with deployment.run_fake(), deployment.run(*flower):
            wait_until(lambda: ask("workers?status=1"), "Flower hears the worker")
            deployment.wait_until_said("Events of group {task} enabled by remote")
            yield ask


def test_workers_and_finished_tasks_are_shown(deployment, flower):
    def finished():
        return [task["name"] for task in flower("tasks").values() if task["state"] == "SUCCESS"]

    def alive():
        return [name.partition("@")[0] for name, lives in flower("workers?status=1").items() if lives]

    deployment.drop("a.png", nuclei=2)
    deployment.wait_for("a.png", FileState.DONE)
    wait_until(lambda: finished() == [TASK], "Flower sees the task done")
    wait_until(lambda: alive() == ["celery"], "Flower sees the worker alive")
