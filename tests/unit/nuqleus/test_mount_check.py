"""Unmounted and mounted again, exchanged, forbidden: devices are told apart by number, which the test gives out."""

import errno
import os
from pathlib import Path
from types import SimpleNamespace

import pytest

from nuqleus.errors import InboxAway
from nuqleus.mount_check import MountCheck


@pytest.fixture
def folder(tmp_path, monkeypatch):
    """A folder; `mount` puts it on another device."""
    stat = Path.stat

    def mount(device):
        def stat_there(path, **options):
            found = stat(path, **options)
            return SimpleNamespace(st_dev=device, st_mode=found.st_mode) if path == tmp_path else found

        monkeypatch.setattr(Path, "stat", stat_there)

    mount(1)
    (tmp_path / "a.png").touch()
    return SimpleNamespace(path=tmp_path, mount=mount)


def is_away(check):
    try:
        check.ensure_mounted()
    except InboxAway as error:
        return "is its drive mounted?" in str(error)
    return False


def test_a_folder_whose_files_were_all_deleted_is_there(folder):
    check = MountCheck(folder.path)
    (folder.path / "a.png").unlink()
    assert not is_away(check)


def test_an_empty_folder_on_another_device_is_what_an_unmounted_drive_leaves_behind(folder):
    check = MountCheck(folder.path)
    folder.mount(2)
    assert not is_away(check), "files on another device: another drive"
    (folder.path / "a.png").unlink()
    folder.mount(3)
    assert is_away(check)
    folder.mount(2)
    assert not is_away(check)


def test_one_that_is_not_mounted_when_the_program_starts_is_known_by_the_device_of_before(folder):
    (folder.path / "a.png").unlink()
    check = MountCheck(folder.path, device=7)
    assert is_away(check)
    folder.mount(7)
    assert not is_away(check)


def test_a_drive_that_comes_back_may_have_another_number(folder):
    check = MountCheck(folder.path)
    folder.mount(7)
    assert not is_away(check)
    (folder.path / "a.png").unlink()
    assert not is_away(check)


def test_a_missing_folder_is_away_until_it_comes(tmp_path):
    check = MountCheck(tmp_path / "inbox")
    assert is_away(check)
    (tmp_path / "inbox").mkdir()
    assert not is_away(check)


@pytest.fixture
def link(tmp_path):
    """A link to one of two folders, with a file of the same name in each."""
    for name in ("monday", "tuesday"):
        (tmp_path / name).mkdir()
        (tmp_path / name / "a.png").touch()
    (tmp_path / "inbox").symlink_to("monday")
    return tmp_path / "inbox"


def point(link, target):
    link.unlink()
    link.symlink_to(target)


def test_a_link_that_is_pointed_elsewhere_is_another_folder_until_it_points_back(link):
    check = MountCheck(link)
    point(link, "tuesday")
    with pytest.raises(InboxAway, match=r"is another one: it led to .*monday, and leads to .*tuesday now"):
        check.ensure_mounted()
    point(link, "monday")
    assert not is_away(check)


def test_so_is_a_folder_above_that_is(link):
    (link.parent / "monday" / "inbox").mkdir()
    (link.parent / "tuesday" / "inbox").mkdir()
    check = MountCheck(link / "inbox")
    point(link, "tuesday")
    with pytest.raises(InboxAway, match="is another one"):
        check.ensure_mounted()


def test_a_link_to_a_folder_that_is_missing_is_away(link):
    check = MountCheck(link)
    link.resolve().rename(link.parent / "unplugged")
    assert is_away(check)
    (link.parent / "unplugged").rename(link.parent / "monday")
    assert not is_away(check)


def test_a_folder_that_may_not_be_entered_any_more_is_told_as_that(tmp_path, monkeypatch):
    check = MountCheck(tmp_path)
    monkeypatch.setattr(os, "access", lambda path, right: False)
    with pytest.raises(InboxAway, match=r"can't be looked into: .*Permission denied. nuqleus runs as user"):
        check.ensure_mounted()


@pytest.mark.parametrize("number", [errno.ESTALE, errno.EIO, errno.ENOTCONN, errno.ENODEV])
def test_a_drive_that_does_not_answer_is_told_with_its_reason(folder, monkeypatch, number):
    check = MountCheck(folder.path)

    def stat(path, **options):
        raise OSError(number, os.strerror(number), str(path))

    monkeypatch.setattr(Path, "stat", stat)
    with pytest.raises(InboxAway, match=f"doesn't answer: {os.strerror(number)}"):
        check.ensure_mounted()
