"""Workers that were killed: known to be gone, or silent."""

import pytest

from nuqleus import process_identity
from nuqleus.database.workers import Workers
from tests.examples import complete
from tests.integration.database.conftest import LEASE, Archive


@pytest.fixture
def workers(archive: Archive) -> Workers:
    return Workers(archive.engine, archive.clock)


def ended() -> str:
    place, _, _ = process_identity.current_identity().rpartition("/")
    return f"{place}/999999999"


def test_workers_whose_processes_ended_are_known_to_be_gone(workers: Workers):
    killed = workers.start("host", 1, "cpu:0", ended())
    workers.start("host", 2, "cpu:0", process_identity.current_identity())
    assert workers.dead() == [killed]


def test_of_workers_elsewhere_or_of_an_older_version_nothing_is_known(workers: Workers):
    workers.start("host", 1, "cpu:0", "another boot/1/999999999")
    workers.start("host", 2, "cpu:0")
    assert workers.dead() == []


def test_the_file_of_a_worker_that_is_gone_need_not_wait_for_its_lease(archive: Archive, workers: Workers):
    killed, other = (
        workers.start("host", 1, "cpu:0", ended()),
        workers.start("host", 2, "cpu:0", process_identity.current_identity()),
    )
    lost, kept = archive.running("lost.png", killed.owner), archive.running("kept.png", other.owner)

    archive.files.end_leases([worker.owner for worker in workers.dead()])

    (revived,) = archive.files.sweep(max_attempts=3, resend_seconds=LEASE)
    assert revived.id == lost.file_id
    assert archive.state(kept.file_id) == "running"


def test_what_it_has_finished_stays_as_it_is(archive: Archive, workers: Workers):
    killed = workers.start("host", 1, "cpu:0", ended())
    claim = archive.running(owner=killed.owner)
    complete(archive.worker_files, claim, "abc", archive.model_id, [])

    archive.files.end_leases([killed.owner])

    assert archive.files.sweep(max_attempts=3, resend_seconds=LEASE) == []
    assert archive.state(claim.file_id) == "done"
