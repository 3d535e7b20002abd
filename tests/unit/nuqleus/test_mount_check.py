"""Unmounted and mounted again: devices are told apart by number, which the test gives out."""

import errno
from pathlib import Path
from types import SimpleNamespace

import pytest

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
    except OSError as error:
        return error.errno == errno.ENODEV
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
