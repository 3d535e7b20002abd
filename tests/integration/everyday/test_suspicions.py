"""A stamp that changed is a suspicion: only another content costs a file its results."""

import os
import shutil

import numpy as np
import pytest
from PIL import Image as Picture
from sqlalchemy import update

from nuqleus.database.engine import writing
from nuqleus.database.files.retry import retry_files
from nuqleus.database.tables import File
from tests.fake_segmenter import draw_squares
from tests.integration.everyday.conftest import SETTLE, Lab, replace_with_copy


def touch(path):
    os.utime(path, ns=(1, path.stat().st_mtime_ns + 10**9))


def chmod(path):
    path.chmod(0o600)


def restore_backup(path):
    backup = path.parent.parent / path.name
    shutil.copy(path, backup)
    path.unlink()
    shutil.copy(backup, path)


CHANGES = {
    "touch": touch,
    "chmod": chmod,
    "a restored backup": restore_backup,
    "other inode numbers": replace_with_copy,
}


@pytest.fixture(params=CHANGES.values(), ids=CHANGES.keys())
def change(request):
    return request.param


@pytest.fixture
def processed(lab: Lab) -> Lab:
    """A file, its copy and another one, all processed."""
    for name, nuclei in (("a.png", 3), ("copy.png", 3), ("b.png", 5)):
        lab.drop(name, nuclei)
        lab.settle()
    assert lab.states() == {"a.png": "done", "copy.png": "duplicate", "b.png": "done"}
    return lab


def test_where_the_content_is_the_same_nothing_is_processed_and_nothing_lost(processed: Lab, change):
    lab, before = processed, processed.image_ids()
    rows = {row.path: (row.sha256, row.finished_at, row.duplicate_of) for row in lab.rows()}
    lab.segmenter.segmented = 0

    for name in lab.states():
        change(lab.inbox / name)
    lab.tick()
    assert lab.exported() == {"a.png": 3, "copy.png": 3, "b.png": 5}  # they count at every moment
    lab.settle()

    assert lab.segmenter.segmented == 0
    assert lab.image_ids() == before
    assert lab.states() == {"a.png": "done", "copy.png": "duplicate", "b.png": "done"}
    assert {row.path: (row.sha256, row.finished_at, row.duplicate_of) for row in lab.rows()} == rows
    assert {(row.previous_state, row.suspected, row.lease_owner) for row in lab.rows()} == {
        (None, False, None)
    }


def test_the_new_stamp_is_written_so_that_it_is_suspected_once(processed: Lab, change):
    lab = processed
    change(lab.inbox / "a.png")
    lab.settle()
    started = lab.row("a.png").started_at

    lab.restart()
    lab.settle()

    seen = (lab.inbox / "a.png").stat()
    row = lab.row("a.png")
    assert (row.mtime_ns, row.inode, row.ctime_ns) == (seen.st_mtime_ns, seen.st_ino, seen.st_ctime_ns)
    assert row.started_at == started


def test_another_content_takes_the_results_with_it(processed: Lab):
    lab = processed
    lab.drop("a.png", 4)

    lab.settle()

    assert lab.states() == {"a.png": "done", "copy.png": "done", "b.png": "done"}
    assert lab.exported() == {"a.png": 4, "copy.png": 3, "b.png": 5}


def test_another_content_that_can_t_be_read_leaves_no_results_behind(processed: Lab):
    lab = processed
    (lab.inbox / "b.png").write_bytes(b"no image")

    lab.settle()

    assert lab.states()["b.png"] == "failed"
    assert lab.exported() == {"a.png": 3, "copy.png": 3}


def test_a_file_that_changes_in_the_worker_s_hands_keeps_its_results_until_its_content_is_known(
    processed: Lab,
):
    lab = processed
    touch(lab.inbox / "b.png")
    lab.tick()
    lab.tick(SETTLE)
    claim = lab.worker_files.claim(lab.jobs.pop().file_ids[0], "slow", 60.0)
    chmod(lab.inbox / "b.png")
    lab.tick(1)

    assert not lab.worker_files.confirm(claim)
    lab.settle()
    assert lab.states()["b.png"] == "done"
    assert lab.exported()["b.png"] == 5


def test_a_suspicion_while_a_file_is_to_be_processed_again_does_not_cancel_that(processed: Lab):
    lab = processed
    lab.segmenter.segmented = 0
    retry_files(lab.engine, ["b.png"], only_failed=False)
    touch(lab.inbox / "b.png")

    lab.settle()

    assert lab.segmenter.segmented == 1
    assert lab.exported()["b.png"] == 5


def test_rows_from_before_inodes_were_noted_are_not_even_read(processed: Lab, monkeypatch):
    lab = processed
    with writing(lab.engine) as connection:
        connection.execute(update(File).values(inode=None, ctime_ns=None))
    lab.restart()
    monkeypatch.setattr(lab.inbox_reader, "locate", lambda claim: pytest.fail("a file was read"))

    lab.settle()

    assert {row.inode for row in lab.rows()} == {path.stat().st_ino for path in lab.inbox.iterdir()}
    assert lab.states() == {"a.png": "done", "copy.png": "duplicate", "b.png": "done"}


def test_two_files_of_one_size_and_time_that_exchange_names_are_noticed(lab: Lab):
    a, b = lab.inbox / "a.bmp", lab.inbox / "b.bmp"
    for path, nuclei in ((a, 3), (b, 5)):
        frame = np.zeros((16, 80), np.uint8)
        frame[:, : 16 * nuclei] = draw_squares(nuclei)
        Picture.fromarray(frame).save(path)
        os.utime(path, ns=(10**18, 10**18))
    assert a.stat().st_size == b.stat().st_size
    lab.settle()
    assert lab.exported() == {"a.bmp": 3, "b.bmp": 5}

    a.rename(lab.inbox / ".tmp")
    b.rename(a)
    (lab.inbox / ".tmp").rename(b)
    lab.settle()

    assert lab.exported() == {"a.bmp": 5, "b.bmp": 3}


def test_a_failed_file_is_tried_again_when_its_permissions_change(lab: Lab):
    path = lab.inbox / "a.png"
    path.write_bytes(b"no image")
    lab.settle()
    assert lab.states() == {"a.png": "failed"}
    started = lab.row("a.png").started_at

    chmod(path)
    lab.settle()

    assert lab.states() == {"a.png": "failed"}
    assert lab.row("a.png").started_at > started
