"""Files that are complete or not there."""

import errno
from pathlib import Path

import pytest

from nuqleus.whole_files import whole_file, whole_folder


def test_a_file_appears_when_it_is_complete(tmp_path: Path):
    with whole_file(tmp_path / "a.csv") as unfinished:
        unfinished.write_text("1")
        assert not (tmp_path / "a.csv").exists()
    assert [path.name for path in tmp_path.iterdir()] == ["a.csv"]


def test_an_error_leaves_what_was_there_and_nothing_else(tmp_path: Path):
    (tmp_path / "a.csv").write_text("before")
    with pytest.raises(ZeroDivisionError), whole_file(tmp_path / "a.csv") as unfinished:
        unfinished.write_text(str(1 / 0))
    assert [path.name for path in tmp_path.iterdir()] == ["a.csv"]
    assert (tmp_path / "a.csv").read_text() == "before"


def test_what_a_killed_process_left_is_written_over(tmp_path: Path):
    (tmp_path / ".a.csv.part").write_text("half of it")
    with whole_file(tmp_path / "a.csv") as unfinished:
        unfinished.write_text("1")
    assert [path.name for path in tmp_path.iterdir()] == ["a.csv"]
    assert (tmp_path / "a.csv").read_text() == "1"


@pytest.mark.parametrize("whole", [whole_file, whole_folder])
def test_a_name_that_just_fits_is_no_longer_while_it_is_written(whole, tmp_path: Path):
    path = tmp_path / ("é" * 126 + "tif")  # 255 bytes
    for _ in range(2):
        with whole(path) as unfinished:
            (unfinished / "0" if whole is whole_folder else unfinished).write_text("1")
            assert unfinished.name.startswith(".")
            assert unfinished.name.endswith(".part")
        assert [path.name for path in tmp_path.iterdir()] == [path.name]


def test_a_name_that_is_too_long_is_the_one_that_is_told(tmp_path: Path):
    path = tmp_path / ("x" * 256)
    with pytest.raises(OSError, match=f"File name too long: '{path}'"), whole_file(path) as unfinished:
        unfinished.write_text("1")
    assert not list(tmp_path.iterdir())


def test_an_error_of_the_disk_says_which_file_it_was(tmp_path: Path):
    said = f"No space left on device: '{tmp_path}/a.csv'"
    with pytest.raises(OSError, match=said), whole_file(tmp_path / "a.csv"):
        raise OSError(errno.ENOSPC, "as libraries say it")


def test_an_error_never_names_the_file_that_is_unfinished(tmp_path: Path):
    path = tmp_path / "nowhere/a.csv"
    with pytest.raises(FileNotFoundError, match=f"'{path}'"), whole_file(path) as unfinished:
        unfinished.write_text("1")


def test_an_error_of_another_file_keeps_its_name(tmp_path: Path):
    with pytest.raises(FileNotFoundError, match="'/no/such/file'"), whole_file(tmp_path / "a.csv"):
        Path("/no/such/file").read_bytes()


def test_a_folder_replaces_the_one_before_when_it_is_complete(tmp_path: Path):
    for name in ("first", "second"):
        with whole_folder(tmp_path / "a.zarr") as unfinished:
            (unfinished / name).write_text(name)
    assert [path.name for path in tmp_path.iterdir()] == ["a.zarr"]
    assert [path.name for path in (tmp_path / "a.zarr").iterdir()] == ["second"]


def test_an_error_leaves_the_folder_that_was_there(tmp_path: Path):
    with whole_folder(tmp_path / "a.zarr") as unfinished:
        (unfinished / "before").touch()
    with pytest.raises(ZeroDivisionError), whole_folder(tmp_path / "a.zarr") as unfinished:
        (unfinished / "after").write_text(str(1 / 0))
    assert [path.name for path in tmp_path.rglob("*")] == ["a.zarr", "before"]


def test_what_a_killed_process_left_of_a_folder_is_removed(tmp_path: Path):
    for leftover in (".a.zarr.part", ".a.zarr.old"):
        (tmp_path / leftover / "0").mkdir(parents=True)
    with whole_folder(tmp_path / "a.zarr"):
        pass
    assert [path.name for path in tmp_path.iterdir()] == ["a.zarr"]
