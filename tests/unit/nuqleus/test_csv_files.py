"""Tables that spreadsheets open without running anything in them."""

import csv
from pathlib import Path

import pytest

from nuqleus.csv_files import write_csv


def read(path: Path) -> list[list[str]]:
    with path.open(newline="", encoding="utf-8") as file:
        return list(csv.reader(file))


def test_rows_follow_the_columns_and_gaps_are_empty(tmp_path: Path):
    rows = [{"b": 1.5, "a": "x"}, {"a": None, "c": "not a column"}]

    assert write_csv(tmp_path / "t.csv", ["a", "b"], rows) == 2

    assert read(tmp_path / "t.csv") == [["a", "b"], ["x", "1.5"], ["", ""]]


@pytest.mark.parametrize("name", ["=1+1.png", "+a", "-a", "@a"])
def test_a_name_that_looks_like_a_formula_is_text(tmp_path: Path, name: str):
    write_csv(tmp_path / "t.csv", ["path"], [{"path": name}])

    assert read(tmp_path / "t.csv")[1] == [f"'{name}"]


def test_a_negative_number_stays_a_number(tmp_path: Path):
    write_csv(tmp_path / "t.csv", ["orientation"], [{"orientation": -1.5}])

    assert read(tmp_path / "t.csv")[1] == ["-1.5"]


def test_a_name_that_is_no_text_is_escaped(tmp_path: Path):
    write_csv(tmp_path / "t.csv", ["path"], [{"path": 'a\udcff,"b"\n.png'}])

    assert read(tmp_path / "t.csv")[1] == [r'a\xff,"b"\x0a.png']


def test_what_was_there_stays_until_the_new_table_is_whole(tmp_path: Path):
    def breaks_off():
        yield {"a": 1}
        raise RuntimeError("power cut")

    write_csv(tmp_path / "t.csv", ["a"], [{"a": "old"}])
    with pytest.raises(RuntimeError):
        write_csv(tmp_path / "t.csv", ["a"], breaks_off())

    assert read(tmp_path / "t.csv") == [["a"], ["old"]]
