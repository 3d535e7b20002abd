"""Files that are queued again because somebody asks: results stay until new ones replace them."""

import pytest

from nuqleus.database.file_states import FileState
from nuqleus.database.files.records import SeenFile
from nuqleus.database.files.retry import retry_files
from nuqleus.database.tables import Image, Nucleus
from tests.examples import complete, image_result
from tests.integration.database.conftest import LEASE, Archive


def test_failed_files_start_anew(archive: Archive):
    failed, done = archive.failed("a.png"), archive.done("b.png")

    assert retry_files(archive.engine) == [failed]

    row = archive.row(failed)
    assert (row.state, row.previous_state, row.attempts) == (FileState.WAITING, FileState.FAILED, 0)
    assert archive.state(done) == "done"


def test_a_folder_stands_for_its_files(archive: Archive):
    inside, beside = archive.failed("well_1/a.png"), archive.failed("wellx1/a.png")

    assert retry_files(archive.engine, ["well_1"]) == [inside]
    assert archive.state(beside) == "failed"


def test_a_file_that_is_done_keeps_its_results_until_new_ones_replace_them(archive: Archive):
    done = archive.done("a.png", "abc")
    (old,) = archive.rows(Image)

    assert retry_files(archive.engine, ["a.png"]) == []
    assert retry_files(archive.engine, ["a.png"], only_failed=False) == [done]
    assert archive.state(done) == "waiting"

    claim = archive.running("a.png")
    assert archive.rows(Image) == [old]
    complete(archive.worker_files, claim, "abc", archive.model_id, [image_result(5)])
    (new,) = archive.rows(Image)
    assert (new.file_id, new.n_nuclei, len(archive.rows(Nucleus))) == (done, 5, 5)
    assert new.id != old.id


def test_a_file_that_fails_this_time_keeps_its_results(archive: Archive):
    done = archive.done("a.png")
    retry_files(archive.engine, ["a.png"], only_failed=False)

    assert archive.failed("a.png") == done

    assert archive.state(done) == "failed"
    assert [image.file_id for image in archive.rows(Image)] == [done]


def test_a_file_that_changed_meanwhile_is_processed_whatever_it_holds(archive: Archive):
    file_id = archive.done("a.png")
    retry_files(archive.engine, ["a.png"], only_failed=False)

    archive.files.observe([SeenFile("a.png", 11, 2)])

    row = archive.row(file_id)
    assert (row.state, row.previous_state, row.suspected) == (FileState.WAITING, FileState.DONE, False)
    assert len(archive.rows(Image)) == 1


def test_a_file_that_succeeds_this_time_has_failed_no_more(archive: Archive):
    failed = archive.failed("a.png")
    retry_files(archive.engine)

    assert archive.done("a.png") == failed

    row = archive.row(failed)
    assert (row.error_kind, row.error, row.previous_state) == (None, None, None)


def test_new_results_that_can_t_be_written_replace_none(archive: Archive):
    archive.done("a.png")
    (old,) = archive.rows(Image)
    retry_files(archive.engine, ["a.png"], only_failed=False)
    claim = archive.running("a.png")

    with pytest.raises(Exception, match=r"(?i)unique"):
        complete(archive.worker_files, claim, "abc", archive.model_id, [image_result(), image_result()])

    assert archive.rows(Image) == [old]


def test_a_running_file_is_left_alone(archive: Archive):
    claim = archive.running("a.png")

    assert retry_files(archive.engine, ["a.png"], only_failed=False) == []
    assert archive.worker_files.renew([claim], LEASE) == []
