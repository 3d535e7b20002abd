"""One look at a folder: real files in a temporary one."""

import errno
import logging
import os
import sys

import pytest

from nuqleus.file_stat import FileStat
from scheduler.scanner import Scanner


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
    assert found.saw_everything
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
    with pytest.raises(OSError, match="is its drive mounted"):
        scanner.scan()


@pytest.mark.parametrize(
    ("error", "complete"),
    [(errno.EACCES, True), (errno.ENOENT, True), (errno.EIO, False), (errno.ESTALE, False)],
    ids=["not allowed", "gone meanwhile", "broken", "drive away"],
)
def test_of_a_subfolder_that_does_not_answer_missing_files_prove_nothing(
    inbox, monkeypatch, caplog, error, complete
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
    assert found.saw_everything is complete


def test_looking_changes_nothing(inbox):
    put(inbox / "sub" / "a.tif")
    before = [path.stat() for path in sorted(inbox.rglob("*"))]
    Scanner(inbox).scan()
    assert [path.stat() for path in sorted(inbox.rglob("*"))] == before
