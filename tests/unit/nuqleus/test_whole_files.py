"""Files that are complete or not there."""

from pathlib import Path

import pytest

from nuqleus.whole_files import whole_file


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
