"""`nuqleus db upgrade` and `nuqleus retry`."""

from pathlib import Path

import pytest
from click.testing import CliRunner

from cli.main import main
from nuqleus.database.engine import make_engine, schema_version
from nuqleus.database.migrations import HEAD
from nuqleus.errors import DatabaseUnavailable
from tests.integration.database.conftest import Archive


def nuqleus(*arguments: str):
    return CliRunner().invoke(main, list(arguments))


def test_db_upgrade_makes_the_schema_and_does_no_harm_twice(empty_url: str):
    first, second = (nuqleus("db", "upgrade", "--database", empty_url) for _ in range(2))

    assert (first.exit_code, second.exit_code) == (0, 0)
    assert f"no schema → {HEAD}" in first.output
    assert f"already at {HEAD}" in second.output
    engine = make_engine(empty_url)
    assert schema_version(engine) == HEAD
    engine.dispose()


def test_db_adopt_says_where_the_folder_is_now(database_url: str, tmp_path: Path):
    first, second = (
        nuqleus("db", "adopt", "--input", str(tmp_path / name), "--database", database_url)
        for name in ("before", "after")
    )

    assert first.output == f"no folder → {tmp_path / 'before'}\n"
    assert second.output == f"{tmp_path / 'before'} → {tmp_path / 'after'}\n"


def test_db_upgrade_waits_for_a_server_that_does_not_answer_yet(
    sqlite_url: str, monkeypatch: pytest.MonkeyPatch
):
    starting = iter([DatabaseUnavailable("starting up")])

    def answer(engine):
        for error in starting:
            raise error
        return HEAD

    monkeypatch.setattr("nuqleus.database.engine.schema_version", answer)
    monkeypatch.setattr("worker.retry_policy.BACKOFF_SECONDS", (0.0,))

    assert nuqleus("db", "upgrade", "--database", sqlite_url, "--wait").exit_code == 0
    starting = iter([DatabaseUnavailable("starting up")])
    assert nuqleus("db", "upgrade", "--database", sqlite_url).exit_code == 1


def test_db_upgrade_shows_no_password():
    result = nuqleus("db", "upgrade", "--database", "postgresql://me:s3cret@127.0.0.1:1/none")

    assert result.exit_code == 1
    assert "me:***@127.0.0.1" in result.output
    assert "s3cret" not in result.output


@pytest.mark.parametrize("url", ["nonsense", "nosuchdatabase://host/db"])
def test_a_url_that_can_t_be_understood_is_explained(url: str):
    result = nuqleus("status", "--database", url)

    assert result.exit_code == 1
    assert "sqlite:///folder/file.db" in result.output


def test_status_retry_and_export_don_t_make_a_database(tmp_path: Path):
    url = f"sqlite:///{tmp_path / 'none.db'}"

    for command in (["status"], ["retry", "--failed"], ["export", "--output", str(tmp_path)]):
        result = nuqleus(*command, "--database", url)
        assert result.exit_code == 1
        assert "no database" in result.output
    assert not (tmp_path / "none.db").exists()


class TestRetry:
    def run(self, url: str, *arguments: str):
        return nuqleus("retry", "--database", url, *arguments)

    def test_all_that_failed(self, archive: Archive, database_url: str):
        archive.failed("a.png"), archive.failed("b.png"), archive.done("c.png")

        assert self.run(database_url, "--failed").output == "2 files will be processed again.\n"

    def test_it_asks_for_files_or_failed(self, archive: Archive, database_url: str):
        result = self.run(database_url)

        assert result.exit_code == 2
        assert "--failed" in result.output

    def test_a_path_of_the_file_system(self, archive: Archive, database_url: str, tmp_path: Path):
        done = archive.done("plate/a.png")

        result = self.run(database_url, "--input", str(tmp_path), str(tmp_path / "plate" / "a.png"))

        assert result.output == "1 file will be processed again.\n"
        assert archive.state(done) == "waiting"

    def test_a_path_as_status_shows_it(self, archive: Archive, database_url: str):
        failed = archive.failed("a\udcff.png")

        assert self.run(database_url, r"a\xff.png").exit_code == 0
        assert archive.state(failed) == "waiting"

    def test_the_watched_folder_stands_for_all_of_it(
        self, archive: Archive, database_url: str, tmp_path: Path
    ):
        done, failed = archive.done("a.png"), archive.failed("b.png")

        self.run(database_url, "--input", str(tmp_path), "--failed", str(tmp_path))
        assert (archive.state(done), archive.state(failed)) == ("done", "waiting")

        self.run(database_url, "--input", str(tmp_path), str(tmp_path))
        assert archive.state(done) == "waiting"

    def test_what_can_t_be_found_is_named(self, archive: Archive, database_url: str):
        archive.failed("a.png"), archive.running("b.png")

        result = self.run(database_url, "a.png", "b.png", "c.png")

        assert result.exit_code == 1
        assert "1 file will" in result.output
        assert "'b.png', 'c.png'" in result.output
