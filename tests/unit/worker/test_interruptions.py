"""What changes, vanishes or is away while a worker has a file, and what becomes of the file."""

import logging
import os
from unittest.mock import Mock

import numpy as np
import tifffile

from nuqleus.database.file_states import FileState
from nuqleus.database.tables import Image
from nuqleus.errors import DatabaseUnavailable
from nuqleus.image_options import DEFAULT_OPTIONS
from tests.fake_segmenter import draw_squares
from tests.unit.worker.conftest import queue, raising
from worker.time_limit import TimeLimitExceeded


def test_a_twin_that_is_taken_back_at_that_moment_does_not_count(
    drop, process, row, worker_files, monkeypatch
):
    waiting, file_id = drop("a.png"), drop("b.png")
    find_originals, stale = worker_files.find_originals, [waiting]

    def outdated(shas, model_id):
        return {(shas[0], str(DEFAULT_OPTIONS)): stale.pop()} if stale else find_originals(shas, model_id)

    monkeypatch.setattr(worker_files, "find_originals", outdated)

    process(file_id)

    assert row(file_id).state == FileState.DONE


def test_whether_a_file_that_is_not_there_was_deleted_is_left_to_the_scheduler(drop, process, row, settings):
    """The worker may see another folder than the scheduler."""
    file_id = drop("a.png")
    drop("b.png")
    (settings.input_dir / "a.png").unlink()

    process(file_id)

    assert (row(file_id).state, row(file_id).attempts) == (FileState.WAITING, 1)


def test_but_not_for_ever(drop, process, row, settings, files):
    """The worker may see another folder than the scheduler, which would send it the file again and again."""
    file_id = drop("a.png")
    drop("b.png")
    (settings.input_dir / "a.png").unlink()
    for _ in range(settings.max_attempts):
        files.enqueue([file_id])
        process(file_id)

    assert row(file_id).error_kind == "vanished"


def rewrite(path):
    path.write_bytes(path.read_bytes() + b"more")
    os.utime(path, ns=(1, 1))


def test_a_file_that_changed_since_it_was_queued_waits_for_the_scheduler(drop, process, row, settings):
    file_id = drop("a.png")
    rewrite(settings.input_dir / "a.png")

    process(file_id, raising(AssertionError("processed half a file")))

    assert row(file_id).state == FileState.WAITING
    assert row(file_id).attempts == 0


def test_a_file_that_changes_while_it_is_processed_waits_too(drop, process, row, count, settings):
    file_id = drop("a.png")

    process(file_id, lambda: rewrite(settings.input_dir / "a.png"))

    assert row(file_id).state == FileState.WAITING
    assert count(Image) == 0


def test_so_does_one_that_is_rewritten_to_the_same_size(drop, process, row, count, settings):
    """Its size says nothing: the time of change does."""
    file_id = drop("a.png")
    path = settings.input_dir / "a.png"

    def rewrite_to_the_same_size():
        before = path.stat()
        path.write_bytes(bytes(before.st_size))
        os.utime(path, ns=(before.st_atime_ns, before.st_mtime_ns + 1))

    process(file_id, rewrite_to_the_same_size)

    assert row(file_id).state == FileState.WAITING
    assert count(Image) == 0


def test_a_change_explains_whatever_else_went_wrong(drop, process, row, settings):
    file_id = drop("a.png")

    def change_and_crash():
        rewrite(settings.input_dir / "a.png")
        raise ValueError("read half a file")

    process(file_id, change_and_crash)

    assert row(file_id).state == FileState.WAITING


def test_new_content_seen_by_the_scheduler_wins_over_the_worker_at_work(
    drop, process, row, count, files, settings
):
    file_id = drop("a.png")

    def replaced_and_rescanned():
        rewrite(settings.input_dir / "a.png")
        queue(files, settings.input_dir, "a.png")

    process(file_id, replaced_and_rescanned)

    assert row(file_id).state == FileState.QUEUED
    assert count(Image) == 0


def test_a_worker_that_lost_its_lease_writes_nothing(drop, process, row, count, files, worker_files, clock):
    file_id = drop()

    def silent_for_too_long():
        clock.now += 61
        files.sweep(3, 300)
        worker_files.claim(file_id, "another", 60)

    process(file_id, silent_for_too_long)

    assert row(file_id).state == FileState.RUNNING
    assert row(file_id).lease_owner == "another"
    assert count(Image) == 0


def test_a_lost_lease_stops_the_work_at_the_next_image(files, settings, process, clock, heartbeat):
    stack = np.stack([draw_squares(1)] * 9)
    tifffile.imwrite(
        settings.input_dir / "stack.tif", stack, photometric="minisblack", metadata={"axes": "TYX"}
    )
    segmented = []

    def lose_the_lease():
        segmented.append(1)
        clock.now += 61
        files.sweep(3, 300)
        heartbeat.beat()

    process(queue(files, settings.input_dir, "stack.tif"), lose_the_lease)

    assert len(segmented) == 1


def test_a_database_that_is_away_for_a_moment_loses_no_work(
    drop, process, row, worker_files, clock, monkeypatch
):
    file_id = drop()
    complete, happen = worker_files.complete_all, Mock()
    answers = iter([DatabaseUnavailable("restarting")] * 3)

    def flaky(finished):
        for error in answers:
            raise error
        return complete(finished)

    monkeypatch.setattr(worker_files, "complete_all", flaky)
    process(file_id, happen)

    assert row(file_id).state == FileState.DONE
    assert clock.slept == [1, 2, 4]
    happen.assert_called_once()


def test_a_commit_whose_answer_was_lost_is_told_as_what_it_is(
    drop, process, row, worker_files, clock, monkeypatch, caplog
):
    caplog.set_level(logging.INFO)
    file_id, complete_all = drop(), worker_files.complete_all
    answers = iter([DatabaseUnavailable("the connection dropped after the COMMIT")])

    def lose_the_answer(finished):
        written = complete_all(finished)
        for error in answers:
            raise error
        return written

    monkeypatch.setattr(worker_files, "complete_all", lose_the_answer)
    process(file_id)

    assert row(file_id).state == FileState.DONE
    assert "3 nuclei in 1 image" in caplog.text
    assert "lease was lost" not in caplog.text


def test_a_database_that_stays_away_leaves_the_file_to_the_sweep(
    drop, process, row, worker_files, monkeypatch
):
    file_id = drop()
    monkeypatch.setattr(worker_files, "complete_all", Mock(side_effect=DatabaseUnavailable("gone")))

    process(file_id)

    assert row(file_id).state == FileState.RUNNING


def test_a_drive_that_is_away_for_a_moment_is_waited_for(drop, process, row, clock):
    file_id = drop()
    errors = iter([OSError(5, "Input/output error"), OSError(116, "Stale file handle")])

    def hiccup():
        for error in errors:
            raise error

    process(file_id, hiccup)

    assert row(file_id).state == FileState.DONE
    assert clock.slept == [1, 2]


def test_a_watched_folder_that_goes_away_costs_its_files_nothing(drop, process, row, settings, caplog):
    caplog.set_level(logging.INFO)
    file_id = drop("a.png")

    def unmount():
        settings.input_dir.rename(settings.input_dir.with_name("unmounted"))

    process(file_id, unmount)

    assert (row(file_id).state, row(file_id).attempts, row(file_id).error_kind) == (
        FileState.WAITING,
        0,
        None,
    )
    assert "a.png goes back unjudged" in caplog.text
    assert "is its drive mounted?" in caplog.text


def test_nor_does_one_that_lies_empty_for_this_worker(drop, process, row, settings):
    """Its machine never mounted the drive: the scheduler's has."""
    file_id = drop("a.png")
    (settings.input_dir / "a.png").unlink()

    process(file_id)

    assert (row(file_id).state, row(file_id).attempts) == (FileState.WAITING, 0)


def test_no_file_is_taken_while_it_is_away_and_that_is_said_once(drop, process, row, clock, settings, caplog):
    file_id = drop("a.png")
    settings.input_dir.rename(settings.input_dir.with_name("unmounted"))

    process(file_id)

    assert (row(file_id).state, row(file_id).attempts) == (FileState.QUEUED, 0)
    assert sum(clock.slept) == settings.soft_time_limit / 2
    told = [record.getMessage() for record in caplog.records if "waits" in record.getMessage()]
    assert len(told) == 1
    assert "is its drive mounted?" in told[0]


def test_when_it_is_back_the_worker_goes_on(drop, process, row, clock, settings, monkeypatch):
    file_id, away = drop("a.png"), settings.input_dir.with_name("unmounted")
    settings.input_dir.rename(away)

    def mount_after_a_while(seconds):
        clock.slept.append(seconds)
        if sum(clock.slept) >= 600:
            away.rename(settings.input_dir)

    monkeypatch.setattr(clock, "sleep", mount_after_a_while)
    process(file_id)

    assert (row(file_id).state, row(file_id).attempts) == (FileState.DONE, 1)


def test_a_time_limit_that_a_drive_used_up_fails_no_file(
    drop, process, row, clock, worker_files, settings, monkeypatch
):
    file_id, claim = drop("a.png"), worker_files.claim

    def claim_and_lose_the_drive(*arguments):
        settings.input_dir.rename(settings.input_dir.with_name("unmounted"))
        return claim(*arguments)

    monkeypatch.setattr(worker_files, "claim", claim_and_lose_the_drive)
    # it comes while the worker waits for the next try
    monkeypatch.setattr(clock, "sleep", Mock(side_effect=TimeLimitExceeded))
    process(file_id)

    assert (row(file_id).state, row(file_id).attempts) == (FileState.WAITING, 0)
