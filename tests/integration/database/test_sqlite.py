"""The embedded database's file: deleted, replaced, copied while it rests, made by somebody else."""

import os
import shutil
import sqlite3
from pathlib import Path

import pytest
from sqlalchemy import Engine, text

from nuqleus.database import sqlite
from nuqleus.database.engine import BUSY_SECONDS, reading, writing
from nuqleus.errors import DatabaseUnavailable

pytestmark = pytest.mark.integration


@pytest.fixture
def engine(sqlite_engine: Engine) -> Engine:
    """Of the embedded kind alone."""
    return sqlite_engine


@pytest.fixture
def path(engine: Engine) -> Path:
    """The file of a database that is in use."""
    count_files(engine)
    return Path(str(engine.url.database))


def count_files(engine: Engine) -> int:
    with reading(engine) as connection:
        return int(connection.scalar(text("SELECT count(*) FROM files")) or 0)


def write(engine: Engine) -> None:
    with writing(engine) as connection:
        connection.execute(text("UPDATE files SET attempts = 0"))


class TestFile:
    def test_one_that_is_deleted_takes_no_more_writes_and_no_empty_one_takes_its_place(
        self, engine, path: Path
    ):
        path.unlink()
        for _ in range(2):
            with pytest.raises(
                DatabaseUnavailable, match="is gone: it was deleted or moved while nuqleus runs"
            ):
                write(engine)
        assert not path.exists()

    def test_one_that_was_moved_away_and_comes_back_is_used_again(self, archive, engine, path: Path):
        archive.waiting()
        path.rename(path.with_name("moved"))
        with pytest.raises(DatabaseUnavailable, match="is gone"):
            count_files(engine)
        path.with_name("moved").rename(path)
        assert count_files(engine) == 1

    def test_one_that_is_replaced_is_not_written_to(self, engine, path: Path):
        shutil.copy(path, path.with_name("backup"))
        path.with_name("backup").replace(path)
        with pytest.raises(DatabaseUnavailable, match="it was replaced while nuqleus runs"):
            write(engine)

    def test_one_that_can_only_be_read_is_told_with_whose_it_is(self, engine, path: Path):
        with pytest.raises(
            DatabaseUnavailable, match=r"readonly database\. nuqleus runs as user \d+.+ belongs to user"
        ):
            write_to_one_that_is_read_only(engine)


def write_to_one_that_is_read_only(engine: Engine) -> None:
    with writing(engine) as connection:
        connection.execute(text("PRAGMA query_only = ON"))
        try:
            connection.execute(text("UPDATE files SET attempts = 0"))
        finally:
            connection.execute(text("PRAGMA query_only = OFF"))


class TestCheckpoint:
    def test_of_a_database_that_rests_a_copy_of_the_file_has_everything(
        self, archive, engine, path: Path, tmp_path
    ):
        archive.done()
        make_quiet(path)
        assert rows_in_a_copy(path, tmp_path) == 0

        archive.files.checkpoint()

        assert rows_in_a_copy(path, tmp_path) == 1
        assert path.with_name(f"{path.name}-wal").stat().st_size == 0

    def test_one_that_is_being_written_to_is_left_alone(self, archive, path: Path, tmp_path, monkeypatch):
        monkeypatch.setattr(sqlite, "QUIET_SECONDS", 3600.0)
        archive.done()
        archive.files.checkpoint()
        assert rows_in_a_copy(path, tmp_path) == 0

    def test_a_reader_is_not_waited_for(self, archive, engine, path: Path, tmp_path):
        with reading(engine) as connection:
            connection.execute(text("SELECT count(*) FROM files"))
            archive.done()
            make_quiet(path)
            archive.files.checkpoint()
        with reading(engine) as connection:
            assert connection.scalar(text("PRAGMA busy_timeout")) == BUSY_SECONDS * 1000


def make_quiet(path: Path) -> None:
    log = path.with_name(f"{path.name}-wal")
    then = log.stat().st_mtime - 2 * sqlite.QUIET_SECONDS
    os.utime(log, (then, then))


def rows_in_a_copy(path: Path, folder: Path) -> int:
    """As `cp` makes it."""
    copy = Path(shutil.copy(path, folder / "copy.db"))
    with sqlite3.connect(copy) as connection:
        return int(connection.execute("SELECT count(*) FROM images").fetchone()[0])
