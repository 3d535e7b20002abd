"""The scheduler put together from settings: which folders are whose."""

import pytest

from nuqleus.errors import SettingsError
from nuqleus.settings import get_settings
from scheduler.factory import make_scanner
from scheduler.inbox import create_default_inbox


@pytest.fixture
def inbox(tmp_path):
    inbox = tmp_path / "inbox"
    inbox.mkdir()
    (inbox / "a.tif").touch()
    return inbox


@pytest.fixture
def scan(inbox, tmp_path):
    def scan(**given):
        given = {"input_dir": inbox, "state_dir": tmp_path / "state", **given}
        return set(make_scanner(get_settings(**given)).scan().files)

    return scan


def put(path):
    path.parent.mkdir(parents=True, exist_ok=True)
    path.touch()


def test_folders_beside_the_watched_one_change_nothing(scan):
    assert scan() == {"a.tif"}


@pytest.mark.parametrize("name", ["state_dir", "overlay_dir"])
def test_our_own_folders_inside_the_watched_one_are_not_scanned(scan, inbox, name):
    put(inbox / "ours" / "b.tif")
    assert scan(**{name: inbox / "ours"}) == {"a.tif"}


def test_nor_is_the_folder_of_the_database(scan, inbox):
    put(inbox / "results" / "b.tif")
    assert scan(database_url=f"sqlite:///{inbox}/results/nuqleus.db") == {"a.tif"}


def test_a_database_in_the_watched_folder_itself_hides_nothing_but_its_own_files(scan, inbox):
    for name in ("n.db", "n.db-wal", "n.db-shm", "n.db-journal"):
        put(inbox / name)
    assert scan(database_url=f"sqlite:///{inbox}/n.db") == {"a.tif"}


def test_a_watched_folder_inside_the_state_folder_is_watched(tmp_path, scan):
    put(tmp_path / "state" / "inbox" / "b.tif")
    assert scan(input_dir=tmp_path / "state" / "inbox") == {"b.tif"}


@pytest.mark.parametrize("name", ["state_dir", "overlay_dir"])
def test_nothing_is_to_be_written_into_the_watched_folder_itself(scan, inbox, name):
    with pytest.raises(SettingsError, match=f"NUQLEUS_{name.upper()}"):
        scan(**{name: inbox})


def test_a_missing_folder_is_an_error_that_says_what_to_do(scan, tmp_path):
    with pytest.raises(
        SettingsError, match=r"missing does not exist\. Create it, or name another one with --input"
    ):
        scan(input_dir=tmp_path / "missing")


def test_a_file_is_no_folder(scan, inbox):
    with pytest.raises(SettingsError, match="is not a folder"):
        scan(input_dir=inbox / "a.tif")


def test_only_the_folder_that_nobody_named_is_created(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    create_default_inbox(get_settings(input_dir="other"))
    create_default_inbox(get_settings())
    assert [path.name for path in tmp_path.iterdir()] == ["inbox"]
