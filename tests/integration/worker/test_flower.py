"""Flower shows the workers and their tasks, as the documentation says."""

import json
from urllib.request import urlopen

import pytest

from nuqleus.database.states import FileState
from nuqleus.database.tables import File
from nuqleus.queue import TASK
from tests.integration.worker.conftest import STAND_IN, free_port, wait_until

pytestmark = pytest.mark.integration


@pytest.fixture(scope="module")
def flower(house):
    """Asks Flower's API; the worker was not told that anybody would listen."""
    port = free_port()

    def ask(path: str):
        try:
            with urlopen(f"http://127.0.0.1:{port}/api/{path}", timeout=10) as answer:
                return json.load(answer)
        except OSError:
            return None

    with pytest.MonkeyPatch.context() as environment:
        environment.setenv("FLOWER_UNAUTHENTICATED_API", "true")
        flower = ["celery", "-A", STAND_IN, "flower", f"--port={port}", "--address=127.0.0.1"]
        with house.run_stand_in(), house.run(*flower):
            wait_until(lambda: ask("workers?refresh=1"), "Flower sees the worker")
            yield ask


def test_workers_and_finished_tasks_are_shown(house, flower):
    def finished():
        """Events are asked for now and then: a first task may be missed, or its beginning."""
        if not house.rows(File.id, File.state.in_([FileState.QUEUED, FileState.RUNNING])):
            house.drop(f"{next(numbers)}.png", nuclei=2)
        tasks = (flower("tasks") or {}).values()
        return [task for task in tasks if task["state"] == "SUCCESS" and task["name"]]

    numbers = iter(range(100))
    wait_until(finished, "Flower sees a task that was done")

    assert finished()[0]["name"] == TASK
    (name,) = flower("workers")
    assert name.startswith("celery@")
