"""A folder that can't be written is one line: which, why, and whose it is."""

import errno
import os
import sys
from pathlib import Path

import pytest
from click.testing import CliRunner

from cli.main import main
from nuqleus import file_errors
from nuqleus.file_errors import describe_file_error, is_about_a_place
from tests.unit.deployment.files import environment


def refused(path: Path, number: int = errno.EACCES) -> OSError:
    return OSError(number, os.strerror(number), str(path))


def test_a_permission_is_told_with_who_asks_and_whose_it_is(tmp_path: Path, monkeypatch):
    monkeypatch.setattr(sys, "prefix", "/usr")
    asker, owner = f"user {os.geteuid()}, group {os.getegid()}", f"user {tmp_path.stat().st_uid}"
    assert describe_file_error(refused(tmp_path / "new" / "a.csv")).startswith(
        f"{tmp_path / 'new' / 'a.csv'}: Permission denied. nuqleus runs as {asker}; {tmp_path} belongs to {owner}"
    )


def test_in_a_container_it_says_what_chooses_the_user(tmp_path: Path, monkeypatch):
    monkeypatch.setattr(sys, "prefix", file_errors.IMAGE_PREFIX)
    assert "(RUN_AS, in .env)" in describe_file_error(refused(tmp_path))


def test_the_image_has_its_python_where_it_is_looked_for():
    assert environment()["VIRTUAL_ENV"] == file_errors.IMAGE_PREFIX


def test_other_errors_of_places_are_short(tmp_path: Path):
    assert describe_file_error(refused(tmp_path, errno.EROFS)) == f"{tmp_path}: Read-only file system."


def test_what_is_no_matter_of_a_place_keeps_its_traceback(tmp_path: Path):
    assert not is_about_a_place(refused(tmp_path, errno.EIO))
    assert not is_about_a_place(OSError(errno.EACCES, "Permission denied"))


@pytest.mark.parametrize("arguments", [["export", "--output"], ["samples"]])
def test_a_command_that_can_not_write_says_so_in_a_line(
    arguments: list[str], sqlite_url: str, tmp_path: Path, monkeypatch
):
    def refuse(path: Path, *arguments, **options):
        if "results" in path.parts:
            raise refused(path)
        make(path, *arguments, **options)

    make = Path.mkdir

    monkeypatch.setenv("NUQLEUS_DATABASE_URL", sqlite_url)
    monkeypatch.setattr(Path, "mkdir", refuse)
    said = CliRunner().invoke(main, [*arguments, str(tmp_path / "results")])
    assert said.exit_code == 1
    assert said.output.startswith(f"Error: {tmp_path / 'results'}")
    assert ": Permission denied. nuqleus runs as user" in said.output
    assert said.output.count("\n") == 1
