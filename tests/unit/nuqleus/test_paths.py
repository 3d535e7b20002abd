"""Names of files survive the database, whatever bytes they are made of."""

import os
from pathlib import Path, PurePosixPath

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from nuqleus.errors import UnsafePath
from nuqleus.paths import escape_path, printable, safe_join, unescape_path

NAMES = st.binary(min_size=1).map(os.fsdecode)


@pytest.mark.parametrize(
    ("path", "row"),
    [
        ("well 1/Kerne ä.png", "well 1/Kerne ä.png"),
        ("a\\b", r"a\\b"),
        ("line\nend", r"line\x0aend"),
        ("nul\x00", r"nul\x00"),
        ("latin \udce4", r"latin \xe4"),
        ("half a pair \ud800", r"half a pair \ud800"),
        ("\x1b[31mred", r"\x1b[31mred"),
        ("gnp.\u202etxt", r"gnp.\u202etxt"),
        ("c1 \x85", r"c1 \u0085"),
        (PurePosixPath("a") / "b", "a/b"),
    ],
)
def test_a_row_holds_a_path_that_can_be_stored_and_read(path, row: str):
    assert escape_path(path) == row
    assert unescape_path(row) == str(path)


@settings(deadline=None)
@given(NAMES)
def test_every_name_comes_back(name: str):
    assert unescape_path(escape_path(name)) == name


@settings(deadline=None)
@given(st.one_of(NAMES, st.text()))
def test_rows_are_valid_text_without_control_characters(name: str):
    row = escape_path(name)

    row.encode("utf-8")
    assert not any(ord(character) < 32 for character in row)


@settings(deadline=None)
@given(NAMES, NAMES)
def test_no_two_names_share_a_row(one: str, other: str):
    assert (escape_path(one) == escape_path(other)) == (one == other)


def test_text_for_people_keeps_its_lines_and_backslashes():
    assert printable("C:\\x\n\x1b[2J") == "C:\\x\n\\x1b[2J"


@pytest.mark.parametrize("path", ["../a", "a/../../b", "/etc/passwd", "", ".", "a\x00"])
def test_a_path_can_t_leave_its_folder(path: str):
    with pytest.raises(UnsafePath):
        safe_join(Path("out"), path)


def test_two_dots_in_a_name_are_no_way_out():
    assert safe_join(Path("out"), "a/b..png") == Path("out/a/b..png")
