"""Inputs that are moved away after they were processed: results are kept, whatever is asked for."""

import shutil

import click
import pytest
from click.testing import CliRunner
from sqlalchemy import text

from cli.commands import db, export, status
from nuqleus.database.engine import writing
from nuqleus.database.files.retry import retry_files, retry_produced_by
from nuqleus.database.queries.status_details import get_details
from tests.integration.everyday.conftest import SETTLE, Lab, archive


def test_results_of_archived_inputs_are_kept_and_marked(lab: Lab):
    lab.drop("plate/a.png")
    lab.settle()
    archive(lab, "plate")

    lab.tick(1)

    row = lab.row("plate/a.png")
    assert (row.state, row.gone_at) == ("done", lab.clock())
    assert len(lab.images()) == 1


def test_what_is_to_be_processed_again_and_is_not_there_stays_what_it_was(lab: Lab, caplog):
    lab.drop("plate/a.png", 3)
    lab.drop("plate/bad.png").write_bytes(b"no image")
    lab.settle()
    lab.drop("plate/copy.png", 3)
    lab.settle()
    archive(lab, "plate")
    rows, images = lab.rows(), lab.image_ids()

    assert retry_produced_by(lab.engine, lab.model_id) == 1
    assert len(retry_files(lab.engine, ["plate"], only_failed=False)) == 2
    lab.settle()

    assert lab.states() == {"plate/a.png": "done", "plate/bad.png": "failed", "plate/copy.png": "duplicate"}
    for before, after in zip(rows, lab.rows(), strict=True):
        for column in ("sha256", "image_options", "duplicate_of", "error_kind", "error", "finished_at"):
            assert getattr(after, column) == getattr(before, column), (after.path, column)
    assert lab.image_ids() == images
    assert "3 files that were to be processed again are not there" in caplog.text


def test_so_does_one_that_goes_away_between_the_queue_and_the_worker(lab: Lab):
    lab.drop("plate/a.png", 3)
    lab.settle()
    retry_files(lab.engine, ["plate"], only_failed=False)
    lab.tick()
    lab.tick(SETTLE)
    assert lab.states() == {"plate/a.png": "queued"}
    archive(lab, "plate")

    lab.work()
    lab.settle()

    assert lab.states() == {"plate/a.png": "done"}
    assert len(lab.images()) == 1


def test_even_if_only_the_worker_misses_it(lab: Lab):
    lab.drop("plate/a.png", 3)
    lab.settle()
    retry_files(lab.engine, ["plate"], only_failed=False)
    lab.tick()
    lab.tick(SETTLE)
    claim = lab.worker_files.claim(lab.jobs.pop().file_ids[0], "elsewhere", 60.0)

    assert lab.worker_files.fail(claim, "vanished", "It is not there.")

    row = lab.row("plate/a.png")
    assert (row.state, row.previous_state, row.error_kind) == ("done", None, None)
    assert len(lab.images()) == 1


def test_when_they_come_back_they_are_what_they_were(lab: Lab):
    lab.drop("plate/a.png", 3)
    lab.settle()
    archive(lab, "plate")
    lab.settle()

    shutil.move(lab.inbox.parent / "archive" / "plate", lab.inbox / "plate")
    lab.settle()

    assert lab.there() == {"plate/a.png": "done"}
    assert lab.segmenter.segmented == 1


def test_one_that_vanished_before_its_turn_is_processed_when_its_folder_is_back_as_it_was(lab: Lab):
    lab.drop("plate/a.png", 3)
    stamp = (lab.inbox / "plate" / "a.png").stat()
    lab.tick()
    archive(lab, "plate")
    lab.tick(1)
    assert lab.row("plate/a.png").error_kind == "vanished"

    shutil.move(lab.inbox.parent / "archive" / "plate", lab.inbox / "plate")
    lab.settle()

    assert (lab.inbox / "plate" / "a.png").stat().st_ctime_ns == stamp.st_ctime_ns
    assert lab.there() == {"plate/a.png": "done"}


def test_an_export_says_that_it_holds_results_of_files_that_are_gone(lab: Lab, tmp_path):
    lab.drop("plate/a.png", 3)
    lab.drop("b.png", 4)
    lab.settle()
    before = run(lab, export.command, "--format", "csv", "--output", str(tmp_path / "out"))
    archive(lab, "plate")
    lab.tick(1)

    after = run(lab, export.command, "--format", "csv", "--output", str(tmp_path / "out"))

    assert "no longer in the watched folder" not in before
    assert "results of 1 file no longer in the watched folder" in after
    assert "plate/a.png" in (tmp_path / "out" / "nuclei.csv").read_text()


class TestStatus:
    def test_it_says_how_many_that_were_to_be_processed_again_are_not_there(self, lab: Lab):
        lab.drop("plate/a.png", 3)
        lab.settle()
        archive(lab, "plate")
        retry_files(lab.engine, ["plate"], only_failed=False)
        lab.settle()

        assert get_details(lab.engine, lab.clock()).missed == 1
        assert "not there when it was to be processed again: 1 file" in run(lab, status.command)

    def test_until_they_are_there_again(self, lab: Lab):
        lab.drop("plate/a.png", 3)
        lab.settle()
        archive(lab, "plate")
        retry_files(lab.engine, ["plate"], only_failed=False)
        lab.settle()

        shutil.move(lab.inbox.parent / "archive" / "plate", lab.inbox / "plate")
        lab.settle()

        assert get_details(lab.engine, lab.clock()).missed == 0

    def test_one_that_was_only_to_be_looked_at_is_missed_by_nobody(self, lab: Lab):
        path = lab.drop("plate/a.png", 3)
        lab.settle()
        path.touch()
        lab.tick()
        archive(lab, "plate")
        lab.settle()

        assert lab.states() == {"plate/a.png": "done"}
        assert get_details(lab.engine, lab.clock()).missed == 0

    def test_also_where_only_the_worker_missed_them(self, lab: Lab):
        lab.drop("a.png")
        lab.settle()
        retry_files(lab.engine, ["a.png"], only_failed=False)
        lab.tick()
        lab.tick(SETTLE)
        claim = lab.worker_files.claim(lab.jobs.pop().file_ids[0], "elsewhere", 60.0)
        lab.worker_files.fail(claim, "vanished", "It is not there.")

        assert get_details(lab.engine, lab.clock()).missed == 1


class TestRestoring:
    """An earlier version said of archived inputs that were queued again that they had vanished."""

    @pytest.fixture
    def broken(self, lab: Lab) -> Lab:
        lab.drop("plate/a.png", 3)
        lab.drop("plate/b.png", 4)
        lab.settle()
        archive(lab, "plate")
        lab.drop("soon gone.png")
        lab.tick()
        (lab.inbox / "soon gone.png").unlink()
        lab.tick()
        vanished = (
            "UPDATE files SET state = 'failed', error_kind = 'vanished', error = 'It was removed.', sha256 = NULL, "
            "image_options = NULL WHERE path LIKE 'plate/%'"
        )
        with writing(lab.engine) as connection:
            connection.execute(text(vanished))
        return lab

    def test_status_says_how_many_and_what_to_do(self, broken: Lab):
        assert get_details(broken.engine, broken.clock()).restorable == 2
        told = run(broken, status.command)
        assert "called vanished by an earlier version, though there are results: 2 files." in told
        assert "`nuqleus db restore-vanished`" in told

    def test_a_dry_run_counts_and_changes_nothing(self, broken: Lab):
        rows = broken.rows()

        assert run(broken, db.command, "restore-vanished", "--dry-run") == (
            "2 files to restore. Nothing was changed.\n"
        )
        assert broken.rows() == rows

    def test_those_with_results_are_done_again_and_nothing_else_changes(self, broken: Lab):
        images = broken.image_ids()

        assert run(broken, db.command, "restore-vanished") == "2 files are done again, with their results.\n"

        assert broken.states() == {"plate/a.png": "done", "plate/b.png": "done", "soon gone.png": "failed"}
        assert {broken.row(name).error_kind for name in ("plate/a.png", "plate/b.png")} == {None}
        assert (broken.image_ids(), broken.exported()) == (images, {"plate/a.png": 3, "plate/b.png": 4})
        assert run(broken, db.command, "restore-vanished") == "0 files are done again, with their results.\n"

    def test_after_that_they_are_like_any_archived_input(self, broken: Lab):
        run(broken, db.command, "restore-vanished")
        broken.restart()
        broken.settle()
        retry_produced_by(broken.engine, broken.model_id)
        broken.settle()
        assert broken.states()["plate/a.png"] == "done"

        shutil.move(broken.inbox.parent / "archive" / "plate", broken.inbox / "plate")
        broken.settle()

        assert broken.there() == {"plate/a.png": "done", "plate/b.png": "done"}
        assert broken.exported() == {"plate/a.png": 3, "plate/b.png": 4}


def run(lab: Lab, command: click.Command, *arguments: str) -> str:
    database = lab.engine.url.render_as_string(hide_password=False)
    result = CliRunner().invoke(command, [*arguments, "--database", database], terminal_width=200)
    assert result.exit_code == 0, result.output
    return result.output
