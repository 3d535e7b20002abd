"""A file from its claim to its end, on a real database, with a stand-in for the network."""

import os
from unittest.mock import Mock

import numpy as np
import pytest
import tifffile
from sqlalchemy import func, select

from nuqleus.database.engine import reading
from nuqleus.database.models import register_model
from nuqleus.database.states import FileState
from nuqleus.database.tables import File, Image, Nucleus
from nuqleus.database.workers import Workers
from nuqleus.errors import DatabaseUnavailable
from nuqleus.messages import Job
from nuqleus.rules import USUAL
from tests.stand_in import ThresholdSegmenter, draw_squares
from tests.unit.worker.conftest import queue
from worker.heartbeat import Heartbeat
from worker.patience import Patience
from worker.processor import Processor
from worker.source import Source
from worker.timelimit import TimeUp


class Interrupting(ThresholdSegmenter):
    """Finds nuclei, after something has happened."""

    def __init__(self, happen):
        self.happen = happen

    def segment(self, pixels):
        self.happen()
        return super().segment(pixels)


def raising(error):
    def happen():
        raise error

    return happen


@pytest.fixture
def heartbeat(engine, files, clock):
    workers = Workers(engine, clock)
    return Heartbeat(files, workers, workers.start("host", 1, "cpu:0").id, every=1, lease=60)


@pytest.fixture
def process(engine, files, settings, clock, heartbeat):
    """Handle a file's message in a worker; keyword arguments replace settings."""
    model_id = register_model(engine, "threshold", "0" * 64, {}, {}, "tests")

    def process(file_id, happen=lambda: None, **changed):
        given = settings.model_copy(update=changed)
        patience = Patience(sleep=clock.sleep)
        processor = Processor(
            given, Source(given), files, Interrupting(happen), model_id, "me", heartbeat, patience
        )
        processor.handle(Job((file_id,)))

    return process


@pytest.fixture
def row(engine):
    def row(file_id):
        with reading(engine) as connection:
            return connection.execute(select(File.__table__).where(File.id == file_id)).one()

    return row


@pytest.fixture
def count(engine):
    def count(table):
        with reading(engine) as connection:
            return connection.scalar(select(func.count()).select_from(table))

    return count


def test_a_queued_file_ends_done_with_its_results(drop, process, row, count, heartbeat):
    file_id = drop(nuclei=3)

    process(file_id)

    assert row(file_id).state == FileState.DONE
    assert len(row(file_id).sha256) == 64
    assert (count(Image), count(Nucleus)) == (1, 3)
    assert heartbeat.files_done == 1


def test_a_file_that_is_not_queued_is_left_alone(drop, process, row, count):
    file_id = drop()
    process(file_id)

    process(file_id, raising(AssertionError("processed twice")))

    assert row(file_id).attempts == 1
    assert count(Image) == 1


def test_the_same_content_under_another_name_is_not_processed_again(drop, process, row, count):
    first, second = drop("a.png"), drop("b.png")
    process(first)

    process(second, raising(AssertionError("processed twice")))

    assert row(second).state == FileState.DUPLICATE
    assert row(second).duplicate_of == first
    assert count(Image) == 1


def test_the_same_content_under_another_rule_is_another_result(drop, process, engine, row, tmp_path):
    stack = np.stack([np.zeros((16, 32), np.uint8), draw_squares(2)])
    tifffile.imwrite(tmp_path / "a.tif", stack, photometric="minisblack", metadata={"axes": "CYX"})
    rules = tmp_path / "rules.toml"
    rules.write_text('[[rule]]\npath = "second/*"\nchannel = 1')
    usual, ruled, twin = (
        drop(name, content=(tmp_path / "a.tif").read_bytes())
        for name in ("first/a.tif", "second/a.tif", "second/b.tif")
    )

    for file_id in (usual, ruled, twin):
        process(file_id, rules=rules)

    assert [row(file_id).state.value for file_id in (usual, ruled, twin)] == ["done", "done", "duplicate"]
    assert row(twin).duplicate_of == ruled
    with reading(engine) as connection:
        found = connection.execute(select(Image.file_id, Image.nuclear_channel, Image.n_nuclei)).all()
    assert sorted(map(tuple, found)) == [(usual, 0, 0), (ruled, 1, 2)]


def test_a_file_without_the_channel_fails_and_says_which_it_has(drop, process, row):
    file_id = drop()

    process(file_id, channel="DAPI")

    assert row(file_id).error_kind == "no-such-channel"
    assert "'DAPI'" in row(file_id).error
    assert "0" in row(file_id).error


def test_a_twin_that_is_taken_back_at_that_moment_does_not_count(drop, process, row, files, monkeypatch):
    waiting, file_id = drop("a.png"), drop("b.png")
    monkeypatch.setattr(files, "find_twins", lambda shas, _: {(shas[0], str(USUAL)): waiting})

    process(file_id)

    assert row(file_id).state == FileState.DONE


def test_a_picture_is_drawn_where_pictures_are_wanted(drop, process, tmp_path):
    process(drop("plate/a.png"), overlay_dir=tmp_path / "overlays")

    assert (tmp_path / "overlays/plate/a.png.overlay.png").is_file()


def test_a_file_that_fails_shows_no_picture(drop, process, row, files, monkeypatch, tmp_path):
    monkeypatch.setattr(files, "complete_all", Mock(side_effect=ZeroDivisionError))
    process(drop("a.png"), overlay_dir=tmp_path / "overlays")

    assert list((tmp_path / "overlays").iterdir()) == []


def test_a_picture_that_cannot_be_written_does_not_fail_the_file(drop, process, row, tmp_path):
    (tmp_path / "overlays").write_text("in the way")
    file_id = drop()

    process(file_id, overlay_dir=tmp_path / "overlays")

    assert row(file_id).state == FileState.DONE


def test_what_is_no_image_fails_with_the_reasons_of_the_reader(drop, process, row):
    file_id = drop("notes.png", content=b"shopping list")

    process(file_id)

    assert row(file_id).state == FileState.FAILED
    assert row(file_id).error_kind == "not-an-image"


def test_whether_a_file_that_is_not_there_was_deleted_is_left_to_the_scheduler(drop, process, row, settings):
    """Its drive may be away: a worker that was started since can't tell."""
    file_id = drop("a.png")
    (settings.input_dir / "a.png").unlink()

    process(file_id)

    assert (row(file_id).state, row(file_id).attempts) == (FileState.WAITING, 1)


def test_but_not_for_ever(drop, process, row, settings, files):
    """The worker may see another folder than the scheduler, which would send it the file again and again."""
    file_id = drop("a.png")
    (settings.input_dir / "a.png").unlink()
    for _ in range(settings.max_attempts):
        files.enqueue([file_id])
        process(file_id)

    assert row(file_id).error_kind == "vanished"


@pytest.mark.parametrize(
    ("error", "kind"),
    [
        (TimeUp(), "time-limit"),
        (MemoryError(), "out-of-memory"),
        (ZeroDivisionError("a bug"), "unexpected"),
        (PermissionError(13, "Permission denied"), "unreadable"),
    ],
)
def test_an_error_in_the_middle_fails_the_file_with_its_reason(drop, process, row, count, error, kind):
    file_id = drop()

    process(file_id, raising(error))

    assert row(file_id).state == FileState.FAILED
    assert row(file_id).error_kind == kind
    assert count(Image) == 0


def test_a_file_whose_time_is_up_while_it_is_decoded_is_slow_not_damaged(drop, process, row, monkeypatch):
    def decode(data):
        raise TimeUp

    monkeypatch.setattr("imagecodecs.png_decode", decode)
    file_id = drop()

    process(file_id)

    assert row(file_id).error_kind == "time-limit"


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


def test_a_worker_that_lost_its_lease_writes_nothing(drop, process, row, count, files, clock):
    file_id = drop()

    def silent_for_too_long():
        clock.now += 61
        files.sweep(3, 300)
        files.claim(file_id, "another", 60)

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


def test_a_database_that_is_away_for_a_moment_loses_no_work(drop, process, row, files, clock, monkeypatch):
    file_id = drop()
    complete, happen = files.complete_all, Mock()
    answers = iter([DatabaseUnavailable("restarting")] * 3)

    def flaky(finished):
        for error in answers:
            raise error
        return complete(finished)

    monkeypatch.setattr(files, "complete_all", flaky)
    process(file_id, happen)

    assert row(file_id).state == FileState.DONE
    assert clock.slept == [1, 2, 4]
    happen.assert_called_once()


def test_a_database_that_stays_away_leaves_the_file_to_the_sweep(drop, process, row, files, monkeypatch):
    file_id = drop()
    monkeypatch.setattr(files, "complete_all", Mock(side_effect=DatabaseUnavailable("gone")))

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


def test_a_watched_folder_that_is_away_is_not_mistaken_for_a_removed_file(drop, process, row, settings):
    file_id = drop("a.png")
    settings.input_dir.rename(settings.input_dir.with_name("unmounted"))

    process(file_id)

    assert row(file_id).error_kind == "unreadable"
    assert "is its drive mounted?" in row(file_id).error
