"""Results of a file that is deleted go to its first duplicate that is left, whichever program deletes."""

import sqlite3
from contextlib import closing

import pytest
from click.testing import CliRunner
from sqlalchemy import delete, text

from cli.commands import forget
from nuqleus.database.engine import writing
from nuqleus.database.tables import File
from tests.integration.everyday.conftest import Lab, archive


@pytest.fixture
def copies(lab: Lab) -> Lab:
    """A file with two copies, the first of which lies in its folder, and another file."""
    for name, nuclei in (
        ("old/a.png", 3),
        ("old/b.png", 3),
        ("new/c.png", 3),
        ("new/d.png", 3),
        ("e.png", 5),
    ):
        lab.drop(name, nuclei)
        lab.settle()
    return lab


def sql(lab: Lab, statement: str) -> None:
    with writing(lab.engine) as connection:
        connection.execute(text(statement))


def test_those_of_a_folder_go_to_the_first_copy_outside(copies: Lab):
    sql(copies, "DELETE FROM files WHERE path LIKE 'old/%'")

    assert copies.states() == {"new/c.png": "done", "new/d.png": "duplicate", "e.png": "done"}
    assert copies.exported() == {"new/c.png": 3, "new/d.png": 3, "e.png": 5}
    assert copies.row("new/d.png").duplicate_of == copies.row("new/c.png").id


def test_a_copy_that_is_there_comes_before_one_that_is_gone(copies: Lab):
    archive(copies, "old/b.png")
    copies.tick(1)

    sql(copies, "DELETE FROM files WHERE path = 'old/a.png'")

    assert copies.there() == {"new/c.png": "done", "new/d.png": "duplicate", "e.png": "done"}


def test_a_copy_that_is_to_be_processed_again_inherits_all_the_same(copies: Lab):
    sql(copies, "UPDATE files SET state = 'waiting', previous_state = 'duplicate' WHERE path = 'new/c.png'")

    sql(copies, "DELETE FROM files WHERE path LIKE 'old/%'")

    row = copies.row("new/c.png")
    assert (row.state, row.previous_state, row.duplicate_of) == ("waiting", "done", None)
    assert copies.exported()["new/c.png"] == 3


def test_those_of_all_copies_are_deleted_with_the_last(copies: Lab):
    with writing(copies.engine) as connection:
        connection.execute(delete(File).where(File.path != "e.png"))

    assert copies.exported() == {"e.png": 5}
    assert len(copies.images()) == 1


def test_a_program_that_knows_nothing_of_foreign_keys_leaves_them_too(copies: Lab):
    if copies.engine.dialect.name != "sqlite":
        pytest.skip("PostgreSQL has no such programs")
    copies.engine.dispose()
    with closing(sqlite3.connect(str(copies.engine.url.database))) as program:
        program.execute("DELETE FROM files WHERE path LIKE 'old/%'")
        program.commit()
        assert program.execute("PRAGMA foreign_key_check").fetchall() == []

    assert copies.exported() == {"new/c.png": 3, "new/d.png": 3, "e.png": 5}


def run_forget(lab: Lab, *arguments: str):
    database = lab.engine.url.render_as_string(hide_password=False)
    options = ["--input", str(lab.inbox), "--database", database]
    return CliRunner().invoke(forget.command, [*arguments, *options])


class TestForget:
    def test_a_dry_run_counts_and_deletes_nothing(self, copies: Lab):
        result = run_forget(copies, "--dry-run", "old", "e.png")

        assert result.exit_code == 0, result.output
        assert result.output.splitlines() == [
            "3 files to delete, with 1 images and 5 nuclei.",
            "1 leave their results to a copy at another path.",
            "3 were still in the watched folder when the scheduler last looked: what is there is found, and processed, "
            "again.",
            "Nothing was deleted.",
        ]
        assert len(copies.rows()) == 5

    def test_it_says_what_it_deletes_and_copies_elsewhere_inherit(self, copies: Lab):
        archive(copies, "old")
        copies.tick(1)
        result = run_forget(copies, str(copies.inbox / "old"))

        assert result.exit_code == 0, result.output
        assert result.output.splitlines() == [
            "2 files to delete, with 0 images and 0 nuclei.",
            "Deleted 2 files.",
        ]
        assert copies.exported() == {"new/c.png": 3, "new/d.png": 3, "e.png": 5}

    def test_a_path_that_is_unknown_deletes_nothing_at_all(self, copies: Lab):
        result = run_forget(copies, "old", "odl")

        assert result.exit_code == 1
        assert "the database has no files at 'odl'; nothing was deleted" in result.output
        assert len(copies.rows()) == 5

    def test_the_whole_folder_is_never_meant(self, copies: Lab):
        assert run_forget(copies, str(copies.inbox)).exit_code == 2
        assert len(copies.rows()) == 5

    def test_what_is_still_there_is_processed_again(self, copies: Lab):
        run_forget(copies, "e.png")
        copies.restart()
        copies.settle()

        assert copies.exported()["e.png"] == 5
        assert copies.segmenter.segmented == 3
