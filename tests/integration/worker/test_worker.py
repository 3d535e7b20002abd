"""The real Celery worker on a real Redis-protocol server and a real database."""

import os
import signal

import pytest
from sqlalchemy import func

from nuqleus.database.file_states import FileState
from nuqleus.database.files.scheduler_files import SchedulerFiles
from nuqleus.database.tables import File, Image, Nucleus
from tests.integration.worker.conftest import wait_until

pytestmark = pytest.mark.integration


@pytest.fixture(scope="module")
def worker(deployment):
    with deployment.run_fake() as process:
        yield process


@pytest.fixture
def held(deployment):
    """The worker takes its time with every image until the file is removed."""
    deployment.hold.touch()
    yield deployment.hold
    deployment.hold.unlink(missing_ok=True)


def nuclei_of(deployment, file_id):
    return deployment.rows(func.count(), Nucleus.image_id == Image.id, Image.file_id == file_id)


def test_a_file_in_rows_out(deployment, worker):
    file_id = deployment.drop("a.png", nuclei=3)
    deployment.wait_for("a.png", FileState.DONE)

    assert nuclei_of(deployment, file_id) == [(3,)]


def test_the_work_is_done_in_a_child_which_shows_that_it_lives(deployment, worker):
    deployment.drop("b.png", nuclei=2)
    deployment.wait_for("b.png", FileState.DONE)
    wait_until(lambda: deployment.newest_worker().files_done, "files are counted")

    live = deployment.newest_worker()
    assert live.pid != worker.pid
    assert live.device == "cpu:0"


def test_a_file_whose_worker_was_killed_is_done_in_the_end_and_once(deployment, worker, held):
    file_id = deployment.drop("killer.png", nuclei=4)
    deployment.wait_for("killer.png", FileState.RUNNING)
    os.kill(deployment.newest_worker().pid, signal.SIGKILL)
    held.unlink()

    wait_until(
        lambda: [f.id for f in deployment.files.sweep(3, 300)] == [file_id], "the sweep finds the dead lease"
    )
    deployment.ring(file_id)
    deployment.wait_for("killer.png", FileState.DONE)

    assert deployment.file("killer.png", File.attempts) == 2
    assert deployment.rows(func.count(), Image.file_id == file_id) == [(1,)]
    assert nuclei_of(deployment, file_id) == [(4,)]


def test_a_live_worker_keeps_a_file_for_longer_than_a_lease(deployment, worker, held):
    deployment.drop("long.png", nuclei=5)
    deployment.wait_for("long.png", FileState.RUNNING)
    begun = deployment.file("long.png", File.lease_expires_at)
    renewed = begun + deployment.settings.lease_seconds
    wait_until(lambda: deployment.file("long.png", File.lease_expires_at) > renewed, "the lease renewed")

    assert SchedulerFiles(deployment.engine, lambda: renewed).sweep(3, 300) == []
    held.unlink()
    deployment.wait_for("long.png", FileState.DONE)
    assert deployment.file("long.png", File.attempts) == 1


def test_a_message_that_is_none_of_ours_is_dropped_and_the_worker_goes_on(deployment, worker):
    deployment.ring(10**6)
    deployment.drop("after.png", nuclei=8)
    deployment.wait_for("after.png", FileState.DONE)
