"""Whatever is away, dies or vanishes, the scheduler brings every file to its end, once."""

import pytest

from nuqleus.database.file_states import FileState
from nuqleus.database.files.records import SeenFile
from nuqleus.errors import DatabaseUnavailable
from scheduler.scanner import Scan, Scanner
from scheduler.scheduler import REREAD_SECONDS
from scheduler.sweep import EMPTY_QUEUE_RESEND_SECONDS
from tests.unit.scheduler.conftest import LEASE, MAX_ATTEMPTS, RESEND, SETTLE, put, states


def test_a_file_that_was_waiting_when_we_died_is_sent_after_the_restart(inbox, start, queue):
    put(inbox)
    start()()
    tick = start()
    tick()
    tick(SETTLE)
    assert len(queue.sent) == 1


def test_a_broker_that_is_away_delays_a_message_but_loses_none(inbox, tick, queue, files):
    put(inbox)
    tick()
    queue.works = False
    tick(SETTLE)
    tick(1)
    assert states(files) == {"a.tif": "queued"}
    queue.works = True
    tick(1)
    assert len(queue.sent) == 1
    tick(1)
    assert len(queue.sent) == 1


def test_a_message_that_was_never_sent_because_we_died_is_sent_after_the_restart(inbox, start, queue):
    put(inbox)
    tick = start()
    tick()
    queue.works = False
    tick(SETTLE)
    queue.works = True
    tick = start()
    tick(EMPTY_QUEUE_RESEND_SECONDS + 1)
    assert len(queue.sent) == 1


def test_messages_that_a_broker_lost_are_sent_again_as_soon_as_it_is_seen_to_be_empty(inbox, tick, queue):
    put(inbox, "a.tif")
    put(inbox, "b.tif")
    tick()
    tick(SETTLE)
    queue.waiting.clear()
    tick(EMPTY_QUEUE_RESEND_SECONDS + 1)
    assert sorted(queue.waiting) == sorted(queue.sent[:2])


def test_messages_that_only_wait_for_their_turn_are_not_sent_again(inbox, tick, queue):
    put(inbox)
    tick()
    tick(SETTLE)
    tick(EMPTY_QUEUE_RESEND_SECONDS + 1)
    tick(RESEND / 2)
    assert len(queue.sent) == 1


def test_a_file_whose_worker_died_is_sent_again_and_failed_in_the_end(inbox, tick, queue, worker_files, row):
    put(inbox)
    tick()
    tick(SETTLE)
    for attempt in range(1, MAX_ATTEMPTS + 1):
        assert worker_files.claim(queue.waiting.pop(), "a worker that dies", LEASE).attempt == attempt
        tick(LEASE + 1)
    assert queue.waiting == []
    assert (row("a.tif").state, row("a.tif").error_kind) == (FileState.FAILED, "worker-died")


def test_a_file_that_is_deleted_before_its_turn_is_failed(inbox, tick, queue, row):
    path = put(inbox)
    tick()
    path.unlink()
    (inbox / "another").mkdir()
    tick(1)
    assert (row("a.tif").state, row("a.tif").error_kind) == (FileState.FAILED, "vanished")
    tick(SETTLE)
    assert queue.sent == []


def test_a_vanished_file_that_comes_back_unchanged_is_processed(inbox, tick, queue, work, files):
    path = put(inbox)
    tick()
    path.rename(inbox.parent / "away.tif")
    tick(1)
    (inbox.parent / "away.tif").rename(path)
    tick(1)
    tick(SETTLE)
    assert work()
    assert states(files) == {"a.tif": "done"}


def test_a_file_that_a_worker_missed_is_processed_although_no_scan_ever_did(inbox, tick, queue, worker_files):
    put(inbox)
    tick()
    tick(SETTLE)
    worker_files.fail(
        worker_files.claim(queue.waiting.pop(), "worker", LEASE), "vanished", "A drive was away for a moment."
    )
    tick(REREAD_SECONDS)
    tick(SETTLE)
    assert len(queue.waiting) == 1


def test_a_done_file_that_goes_away_and_comes_back_stays_done(
    inbox, tick, clock, queue, work, files, worker_files, row
):
    path = put(inbox)
    tick()
    tick(SETTLE)
    work()
    path.rename(inbox.parent / "away.tif")
    (inbox / "another").mkdir()
    tick(1)
    assert row("a.tif").gone_at == clock.now
    (inbox.parent / "away.tif").rename(path)
    tick(1)
    tick(SETTLE)
    assert row("a.tif").gone_at is None
    # it was renamed twice: a look at its content
    assert worker_files.confirm(worker_files.claim(queue.waiting.pop(), "worker", LEASE))
    assert states(files) == {"a.tif": "done"}


def test_missing_files_are_not_given_up_when_part_of_the_folder_did_not_answer(inbox, start, files):
    class Flaky(Scanner):
        answers = True

        def scan(self):
            return super().scan() if self.answers else Scan(unseen={""})

    put(inbox)
    scanner = Flaky(inbox)
    tick = start(scanner)
    tick()
    scanner.answers = False
    tick(1)
    assert states(files) == {"a.tif": "waiting"}


def test_two_schedulers_send_a_file_once(inbox, start, queue):
    put(inbox)
    one, other = start(), start()
    for seconds in (0, SETTLE, SETTLE):
        one(seconds)
        other()
    assert len(queue.sent) == 1


def test_a_file_that_another_scheduler_has_seen_change_is_not_sent_for_what_it_was(
    inbox, start, queue, files
):
    class Late(Scanner):
        """Goes on seeing what the first scan saw."""

        def scan(self):
            self.first = getattr(self, "first", None) or super().scan()
            return self.first

    put(inbox)
    tick = start(Late(inbox))
    tick()
    files.observe([SeenFile("a.tif", 7, 7)])
    tick(SETTLE)
    tick(SETTLE)
    assert queue.sent == []


def test_a_database_that_is_away_costs_nothing_but_time(inbox, tick, files, queue, monkeypatch):
    put(inbox)
    with monkeypatch.context() as patch:
        patch.setattr(files, "observe", _raise_unavailable)
        with pytest.raises(DatabaseUnavailable):
            tick()
    tick(SETTLE)
    tick(SETTLE)
    assert len(queue.sent) == 1


def _raise_unavailable(*_):
    raise DatabaseUnavailable("The database is away.")


def test_the_files_of_a_worker_that_died_come_back_one_by_one(inbox, tick, queue, worker_files):
    for number in range(40):
        put(inbox, f"{number:02}.tif")
    tick()
    tick(SETTLE)
    assert len(worker_files.claim_fresh(queue.jobs[0].file_ids, "a worker that dies", LEASE)) == 4
    queue.jobs.clear()
    tick(LEASE + 1)
    assert sorted(len(job.file_ids) for job in queue.jobs) == [1, 1, 1, 1]


def test_trouble_with_the_broker_is_told_when_it_begins_and_when_it_ends_though_nothing_waits(
    tick, queue, caplog
):
    caplog.set_level("INFO", "scheduler.dispatcher")
    tick()
    queue.works = False
    for _ in range(5):
        tick(2.0)
    queue.works = True
    tick(2.0)
    tick(2.0)
    assert [record.getMessage() for record in caplog.records if record.name == "scheduler.dispatcher"] == [
        "The broker is away. Files wait until it works.",
        "The broker works again.",
    ]
