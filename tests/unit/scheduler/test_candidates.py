"""Which names are images to process."""

import pytest

from scheduler.candidates import is_candidate, is_searched


@pytest.mark.parametrize(
    "name",
    [
        "a.png",
        "A.TIF",
        "no ending",
        "Zellkern µm.tiff",
        "a.ome.tif",
        "part.png",
        "tmp",
        "notes.txt",
        "a~b.png",
    ],
)
def test_a_file_is_a_candidate_whatever_its_ending(name):
    assert is_candidate(name)


@pytest.mark.parametrize("name", [".a.png", "._a.png", ".DS_Store", ".a.tif.Xy12Qz"])
def test_hidden_files_are_not(name):
    assert not is_candidate(name)


@pytest.mark.parametrize(
    "name",
    [
        "a.tif.part",
        "a.CRDOWNLOAD",
        "a.tmp",
        "a.filepart",
        "a.png~",
        "~$a.xlsx",
        "~syncthing~a.png.tmp",
        "a.lock",
    ],
)
def test_unfinished_files_are_not(name):
    assert not is_candidate(name)


@pytest.mark.parametrize("name", ["Thumbs.db", "desktop.ini", "Icon\r"])
def test_what_file_browsers_leave_behind_is_not(name):
    assert not is_candidate(name)


@pytest.mark.parametrize(
    "name",
    [
        ".snapshot",
        "@eaDir",
        "#recycle",
        "$RECYCLE.BIN",
        "System Volume Information",
        "lost+found",
        "@Recycle",
    ],
)
def test_folders_of_storage_devices_are_not_searched(name):
    assert not is_searched(name)


@pytest.mark.parametrize("name", ["plate 1", "2026-11-23", "snapshot", "recycled", "a.tif"])
def test_other_folders_are(name):
    assert is_searched(name)
