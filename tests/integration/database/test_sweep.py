"""What got lost is found: files on dead leases, messages that never arrived."""

from nuqleus.database.file_states import FileState
from nuqleus.database.files.retry import retry_files
from tests.integration.database.conftest import LEASE, Archive

RESEND = 300.0


def sweep(archive: Archive, limit: int = 1000) -> list[int]:
    return [file.id for file in archive.files.sweep(max_attempts=2, resend_seconds=RESEND, limit=limit)]


def test_a_live_lease_is_left_alone(archive: Archive):
    claim = archive.running()
    archive.clock.advance(LEASE - 1)

    assert sweep(archive) == []
    assert archive.state(claim.file_id) == "running"


def test_a_file_on_a_dead_lease_is_queued_again(archive: Archive):
    claim = archive.running()
    archive.clock.advance(LEASE + 1)

    assert sweep(archive) == [claim.file_id]

    row = archive.row(claim.file_id)
    assert (row.state, row.lease_owner, row.attempts) == (FileState.QUEUED, None, 1)
    assert row.queued_at == archive.clock.now
    assert sweep(archive) == []


def test_a_file_that_kills_its_workers_fails_after_the_last_attempt(archive: Archive):
    file_id = archive.queued()
    for _ in range(2):
        assert archive.worker_files.claim(file_id, "worker", LEASE)
        archive.clock.advance(LEASE + 1)
        sent = sweep(archive)

    assert sent == []
    row = archive.row(file_id)
    assert (row.state, row.error_kind, row.lease_owner) == (FileState.FAILED, "worker-died", None)
    assert "2 times" in row.error


def test_a_retried_file_has_all_its_attempts_again(archive: Archive):
    test_a_file_that_kills_its_workers_fails_after_the_last_attempt(archive)

    (file_id,) = retry_files(archive.engine)
    archive.files.enqueue([file_id])

    claim = archive.worker_files.claim(file_id, "worker", LEASE)
    assert claim
    assert claim.attempt == 1


def sweep_silence(archive: Archive, limit: int = 1000) -> list[int]:
    """Sweep while the broker is known to hold no message."""
    return [file.id for file in archive.files.sweep(2, RESEND, limit, queue_is_empty=True)]


def test_a_message_is_lost_when_the_broker_has_held_none_for_long(archive: Archive):
    file_id = archive.queued()
    archive.clock.advance(RESEND - 1)
    assert sweep_silence(archive) == []

    archive.clock.advance(2)

    assert sweep_silence(archive) == [file_id]
    assert archive.row(file_id).queued_at == archive.clock.now
    assert sweep_silence(archive) == []


def test_messages_that_wait_for_a_worker_are_not_sent_again_however_long_there_is_none(archive: Archive):
    archive.queued()
    archive.clock.advance(100 * RESEND)
    assert sweep(archive) == []


def test_a_message_is_lost_when_a_later_one_was_answered(archive: Archive):
    lost = archive.queued("lost.png")
    archive.clock.advance(RESEND)
    archive.running("later.png")
    archive.clock.advance(1)

    assert sweep(archive) == [lost]


def test_when_the_broker_holds_nothing_every_old_message_is_lost_though_somebody_works(archive: Archive):
    archive.worker_files.renew([archive.running("takes long.png")], 10 * RESEND)
    lost = archive.queued("lost.png")
    archive.clock.advance(RESEND + 1)
    fresh = archive.queued("fresh.png")
    assert sweep(archive) == []

    assert sweep_silence(archive) == [lost]
    assert archive.row(fresh).queued_at == archive.clock.now


def test_a_long_queue_is_not_sent_again(archive: Archive):
    first, second = archive.queued("1.png"), archive.queued("2.png")
    archive.clock.advance(10 * RESEND)
    assert archive.worker_files.claim(first, "worker", LEASE)
    archive.clock.advance(1)

    assert sweep(archive) == []
    assert archive.state(second) == "queued"


def test_a_sweep_sends_no_more_than_the_limit(archive: Archive):
    dead = [archive.running(f"{number}").file_id for number in range(3)]
    archive.clock.advance(LEASE + 1)

    assert sweep(archive, limit=2) == dead[:2]
    assert sweep(archive, limit=2) == dead[2:]


def test_of_a_lost_queue_only_one_portion_is_sent_until_somebody_answers(archive: Archive):
    queued = [archive.queued(f"{number}") for number in range(4)]
    archive.clock.advance(RESEND + 1)
    assert sweep_silence(archive, limit=2) == queued[:2]
    archive.clock.advance(1)
    assert sweep(archive, limit=2) == []

    assert archive.worker_files.claim(queued[0], "worker", LEASE)

    assert sweep(archive, limit=2) == queued[2:]
