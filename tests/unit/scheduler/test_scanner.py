"""One look at a folder: real files in a temporary one."""

import errno
import logging
import os
import sys
from unittest.mock import Mock

import pytest

from nuqleus.errors import InboxAway
from nuqleus.file_stat import FileStat
from scheduler.scanner import EMPTY_SECONDS, Scanner
from tests.conftest import Clock


@pytest.fixture
def inbox(tmp_path):
    inbox = tmp_path / "inbox"
    inbox.mkdir()
    return inbox


def put(path, content=b"pixels"):
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_bytes(content)
    return path


def paths(inbox, **options):
    return set(Scanner(inbox, **options).scan().files)


def test_files_are_found_in_all_subfolders_with_their_stamps(inbox):
    put(inbox / "a.tif")
    put(inbox / "plate 1" / "B02" / "b.tif", b"more pixels")
    os.utime(inbox / "a.tif", ns=(1, 2))
    found = Scanner(inbox).scan()
    assert not found.unseen
    seen = (inbox / "a.tif").stat()
    assert found.files["a.tif"] == FileStat(6, 2, seen.st_ino, seen.st_ctime_ns)
    assert found.files["plate 1/B02/b.tif"].size == 11
    assert len(found.files) == 2


def test_an_empty_folder_is_no_error(inbox):
    assert paths(inbox) == set()


def test_hidden_unfinished_and_other_peoples_files_are_passed_over(inbox):
    for name in (".a.tif", "a.tif.part", "Thumbs.db", ".hidden/a.tif", "@eaDir/a.tif", "x/#recycle/a.tif"):
        put(inbox / name)
    assert paths(inbox) == set()


def test_the_watched_folder_itself_may_have_any_name(tmp_path):
    put(tmp_path / ".incoming" / "a.tif")
    assert paths(tmp_path / ".incoming") == {"a.tif"}


def test_our_own_files_and_folders_are_passed_over(inbox):
    put(inbox / "state" / "broker" / "a.tif")
    put(inbox / "results.db")
    put(inbox / "a.tif")
    assert paths(inbox, excluded=[inbox / "state", inbox / "results.db"]) == {"a.tif"}


def test_the_watched_folder_may_be_a_link(inbox, tmp_path):
    put(inbox / "a.tif")
    (tmp_path / "link").symlink_to(inbox)
    assert paths(tmp_path / "link") == {"a.tif"}


@pytest.mark.parametrize("outside", ["secret.tif", "secrets"])
def test_a_link_that_leads_out_is_refused_and_said_once(inbox, tmp_path, caplog, outside):
    put(tmp_path / "secret.tif")
    put(tmp_path / "secrets" / "b.tif")
    (inbox / "link").symlink_to(tmp_path / outside)
    scanner = Scanner(inbox)
    assert scanner.scan().files == scanner.scan().files == {}
    assert [record.getMessage() for record in caplog.records] == [
        f"Passing over {inbox / 'link'}: it is a link that leads out of the watched folder."
    ]


def test_unless_somebody_allowed_it(inbox, tmp_path):
    put(tmp_path / "elsewhere.tif")
    (inbox / "link.tif").symlink_to(tmp_path / "elsewhere.tif")
    assert paths(inbox, links_may_leave=True) == {"link.tif"}


def test_a_folder_whose_name_begins_like_the_watched_one_is_outside(inbox, tmp_path):
    put(tmp_path / "inbox2" / "a.tif")
    (inbox / "link.tif").symlink_to(tmp_path / "inbox2" / "a.tif")
    assert paths(inbox) == set()


def test_a_link_to_a_file_inside_is_a_file(inbox):
    put(inbox / "a.tif")
    (inbox / "sub").mkdir()
    (inbox / "sub" / "link.tif").symlink_to("../a.tif")
    assert paths(inbox) == {"a.tif", "sub/link.tif"}


def test_links_to_folders_make_no_endless_loop(inbox):
    put(inbox / "sub" / "a.tif")
    (inbox / "sub" / "loop").symlink_to(inbox)
    assert paths(inbox) == {"sub/a.tif"}


def test_a_link_to_nowhere_is_nothing(inbox):
    (inbox / "link.tif").symlink_to(inbox / "gone.tif")
    assert paths(inbox) == set()


def test_only_regular_files_count(inbox):
    os.mkfifo(inbox / "pipe.tif")
    assert paths(inbox) == set()


@pytest.mark.skipif(sys.platform != "linux", reason="other systems refuse such names")
def test_a_name_that_is_not_utf8_is_found_under_its_name(inbox):
    name = os.fsdecode(b"w\xe4ld\n.tif")
    put(inbox / name)
    assert paths(inbox) == {name}


def test_a_watched_folder_that_is_away_is_an_error_not_an_empty_folder(inbox):
    scanner = Scanner(inbox)
    inbox.rmdir()
    with pytest.raises(InboxAway, match="is its drive mounted"):
        scanner.scan()


@pytest.mark.parametrize(
    ("error", "is_gone"),
    [(errno.EACCES, False), (errno.ENOENT, True), (errno.EIO, False), (errno.ESTALE, False)],
    ids=["not allowed", "gone meanwhile", "broken", "drive away"],
)
def test_of_a_subfolder_that_does_not_answer_missing_files_prove_nothing(
    inbox, monkeypatch, caplog, error, is_gone
):
    put(inbox / "a.tif")
    put(inbox / "sub" / "b.tif")
    whole = os.scandir

    def scandir(path):
        if str(path).endswith("sub"):
            raise OSError(error, os.strerror(error))
        return whole(path)

    monkeypatch.setattr(os, "scandir", scandir)
    with caplog.at_level(logging.CRITICAL):
        found = Scanner(inbox).scan()
    assert set(found.files) == {"a.tif"}
    assert found.is_gone("sub/b.tif") is is_gone
    assert found.is_gone("elsewhere/b.tif")


@pytest.mark.parametrize("error", [errno.EACCES, errno.EIO, errno.ESTALE, errno.ENOTCONN])
def test_a_watched_folder_that_does_not_answer_is_an_error_too(inbox, monkeypatch, error):
    scanner = Scanner(inbox)
    monkeypatch.setattr(os, "scandir", Mock(side_effect=OSError(error, os.strerror(error), str(inbox))))
    with pytest.raises(InboxAway, match=os.strerror(error)):
        scanner.scan()


def test_a_folder_in_which_nothing_lies_any_more_is_believed_after_a_minute(inbox):
    clock = Clock()
    put(inbox / "a.tif")
    scanner = Scanner(inbox, clock=clock)
    scanner.scan()
    (inbox / "a.tif").unlink()
    for gone in (False, True):
        assert scanner.scan().is_gone("a.tif") is gone
        clock.advance(EMPTY_SECONDS)
    put(inbox / "b.tif")
    assert scanner.scan().is_gone("a.tif"), "another file lies there: the folder answers"


def test_it_is_known_on_which_device_files_lie(inbox):
    assert Scanner(inbox).scan().device is None
    put(inbox / "a.tif")
    assert Scanner(inbox).scan().device == inbox.stat().st_dev


def test_looking_changes_nothing(inbox):
    put(inbox / "sub" / "a.tif")
    before = [path.stat() for path in sorted(inbox.rglob("*"))]
    Scanner(inbox).scan()
    assert [path.stat() for path in sorted(inbox.rglob("*"))] == before
