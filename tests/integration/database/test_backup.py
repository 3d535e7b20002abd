"""Backups of the embedded database, taken while it is written to."""

import sqlite3
import subprocess
from pathlib import Path

import pytest
from click.testing import CliRunner
from sqlalchemy import Engine, make_url

from cli.main import main
from nuqleus.database import backup
from nuqleus.database.backup import back_up
from nuqleus.database.engine import open_database
from nuqleus.errors import DatabaseDamaged, SettingsError

pytestmark = pytest.mark.integration


@pytest.fixture
def engine(sqlite_engine: Engine) -> Engine:
    """Of the embedded kind alone."""
    return sqlite_engine


def test_it_holds_what_a_copy_of_the_file_would_miss(archive, tmp_path: Path):
    for number in range(5):
        archive.done(f"{number}.png", sha256=str(number))
    copied = tmp_path / "copied.db"
    subprocess.run(["cp", str(archive.engine.url.database), str(copied)], check=True)
    assert files_in(copied) < 5, "some are in the write-ahead log alone"

    made = back_up(archive.engine, tmp_path / "new folder" / "backup.db")

    assert (made.files, made.images) == (5, 5) == (files_in(made.path), 5)
    assert [path.name for path in made.path.parent.iterdir()] == ["backup.db"]
    assert made.path.stat().st_mode & 0o077 == 0


def files_in(path: Path) -> int:
    with sqlite3.connect(path) as connection:
        return connection.execute("SELECT count(*) FROM files").fetchone()[0]


def test_it_can_be_put_in_the_database_s_place(archive, tmp_path: Path):
    archive.done()
    made = back_up(archive.engine, tmp_path / "backup.db")
    restored = open_database(f"sqlite:///{made.path}", create=False)
    assert archive.files.counts() == type(archive.files)(restored).counts()
    restored.dispose()


def test_an_older_one_is_replaced_but_not_by_one_that_failed(archive, tmp_path: Path, monkeypatch):
    target = tmp_path / "backup.db"
    back_up(archive.engine, target)
    archive.done()
    assert back_up(archive.engine, target).files == 1

    def damaged(*_):
        raise DatabaseDamaged("damaged")

    monkeypatch.setattr(backup, "_ensure_sound", damaged)
    with pytest.raises(DatabaseDamaged):
        back_up(archive.engine, target)
    assert files_in(target) == 1
    assert [path.name for path in tmp_path.glob("backup.db*")] == ["backup.db"]


def test_a_damaged_database_gives_no_backup(archive, tmp_path: Path):
    for number in range(40):
        archive.done(f"{number}.png", sha256=str(number))
    path = Path(str(archive.engine.url.database))
    back_up(archive.engine, tmp_path / "sound.db")
    archive.engine.dispose()
    with path.open("r+b") as file:
        file.seek(8 * 4096)
        file.write(b"\xff" * 4096 * 4)
    with pytest.raises(DatabaseDamaged, match="was not copied"):
        back_up(archive.engine, tmp_path / "damaged.db")
    assert not (tmp_path / "damaged.db").exists()


def test_the_database_itself_is_no_place_for_it(archive):
    with pytest.raises(SettingsError, match="is the database itself"):
        back_up(archive.engine, Path(str(archive.engine.url.database)))


def test_where_it_can_not_be_written_one_line_says_so(archive, tmp_path: Path):
    (tmp_path / "file").touch()
    with pytest.raises(SettingsError, match=r"backup\.db can't be written: File exists"):
        back_up(archive.engine, tmp_path / "file" / "backup.db")


def test_the_command_tells_what_was_backed_up(sqlite_url: str, tmp_path: Path):
    said = CliRunner().invoke(main, ["db", "backup", str(tmp_path / "b.db"), "--database", sqlite_url])
    assert said.exit_code == 0
    assert said.output.startswith(f"{tmp_path / 'b.db'}: 0 files, 0 images, ")


def test_of_a_server_it_says_what_makes_a_backup(postgresql_url: str, tmp_path: Path):
    said = CliRunner().invoke(main, ["db", "backup", str(tmp_path / "b.db"), "--database", postgresql_url])
    assert said.exit_code == 1
    assert "pg_dump --format custom --file nuqleus.dump postgresql://" in said.output
    assert make_url(postgresql_url).database in said.output
