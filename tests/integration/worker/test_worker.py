"""The real Celery worker on a real Redis-protocol server and a real database."""

import os
import signal

import pytest
from sqlalchemy import func

from nuqleus.database.states import FileState
from nuqleus.database.tables import File, Image, Nucleus
from tests.integration.worker.conftest import wait_until

pytestmark = pytest.mark.integration


@pytest.fixture(scope="module")
def worker(house):
    with house.run_stand_in() as process:
        yield process


@pytest.fixture
def held(house):
    """The worker takes its time with every image until the file is removed."""
    house.hold.touch()
    yield house.hold
    house.hold.unlink(missing_ok=True)


def nuclei_of(house, file_id):
    return house.rows(func.count(), Nucleus.image_id == Image.id, Image.file_id == file_id)


def test_a_file_in_rows_out(house, worker):
    file_id = house.drop("a.png", nuclei=3)
    house.wait_for("a.png", FileState.DONE)

    assert nuclei_of(house, file_id) == [(3,)]


def test_the_work_is_done_in_a_child_which_shows_that_it_lives(house, worker):
    house.drop("b.png", nuclei=2)
    house.wait_for("b.png", FileState.DONE)
    wait_until(lambda: house.workers.live(1)[0].files_done, "files are counted")

    (live,) = house.workers.live(1)
    assert live.pid != worker.pid
    assert live.device == "cpu:0"


def test_a_file_whose_worker_was_killed_is_done_in_the_end_and_once(house, worker, held):
    file_id = house.drop("killer.png", nuclei=4)
    house.wait_for("killer.png", FileState.RUNNING)
    os.kill(house.workers.live(1)[-1].pid, signal.SIGKILL)
    held.unlink()

    wait_until(
        lambda: [f.id for f in house.files.sweep(3, 300)] == [file_id], "the sweep finds the dead lease"
    )
    house.ring(file_id)
    house.wait_for("killer.png", FileState.DONE)

    assert house.file("killer.png", File.attempts) == 2
    assert house.rows(func.count(), Image.file_id == file_id) == [(1,)]
    assert nuclei_of(house, file_id) == [(4,)]


def test_a_live_worker_keeps_a_file_for_longer_than_a_lease(house, worker, held):
    house.drop("long.png", nuclei=5)
    house.wait_for("long.png", FileState.RUNNING)
    begun = house.file("long.png", File.lease_expires_at)
    renewed = begun + house.settings.lease_seconds
    wait_until(lambda: house.file("long.png", File.lease_expires_at) > renewed, "the lease renewed")

    assert house.files.sweep(3, 300) == []
    held.unlink()
    house.wait_for("long.png", FileState.DONE)
    assert house.file("long.png", File.attempts) == 1


def test_a_file_that_takes_too_long_is_failed_and_the_worker_goes_on(house, worker, held):
    house.drop("slow.png", nuclei=6)
    house.wait_for("slow.png", FileState.FAILED)
    held.unlink()
    house.drop("next.png", nuclei=7)
    house.wait_for("next.png", FileState.DONE)

    assert house.file("slow.png", File.error_kind) == "time-limit"


def test_a_message_that_is_none_of_ours_is_dropped_and_the_worker_goes_on(house, worker):
    house.ring(10**6)
    house.drop("after.png", nuclei=8)
    house.wait_for("after.png", FileState.DONE)
