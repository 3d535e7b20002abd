"""Whether a process has a file open for writing, asked of the real system."""

import os
import sys

import pytest

from scheduler.writers import is_being_written

pytestmark = pytest.mark.skipif(sys.platform != "linux", reason="only Linux can say")


@pytest.fixture
def path(tmp_path):
    path = tmp_path / "a.tif"
    path.write_bytes(b"pixels")
    return path


def test_a_closed_file_is_not(path):
    assert not is_being_written(path)


@pytest.mark.parametrize("mode", ["wb", "ab", "r+b"])
def test_a_file_that_is_open_for_writing_is_until_it_is_closed(path, mode):
    with path.open(mode):
        assert is_being_written(path)
    assert not is_being_written(path)


def test_readers_do_not_count(path):
    with path.open("rb"):
        assert not is_being_written(path)


def test_asking_neither_changes_the_file_nor_keeps_writers_out(path):
    before = path.stat()
    is_being_written(path)
    assert path.stat() == before
    with path.open("ab") as file:
        file.write(b"more")


def test_what_can_not_be_asked_does_not_count(path, tmp_path):
    os.mkfifo(tmp_path / "pipe")
    link = tmp_path / "link"
    link.symlink_to(path)
    for other in (tmp_path / "missing", tmp_path, tmp_path / "pipe", link):
        assert not is_being_written(other)
