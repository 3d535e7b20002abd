"""Backup of the embedded database: whole, checked, and taken while everything goes on."""

import sqlite3
from contextlib import closing, suppress
from dataclasses import dataclass
from pathlib import Path
from urllib.parse import quote

from sqlalchemy import Engine

from nuqleus.database.engine import redact_url
from nuqleus.errors import DatabaseDamaged, DatabaseUnavailable, SettingsError


@dataclass(frozen=True)
class Backup:
    """A backup that was made: a database of its own, in one file.

    Attributes:
        path: where it is.
        size: in bytes.
        files: rows in `files`; `images` those in `images`.
    """

    path: Path
    size: int
    files: int
    images: int


def back_up(engine: Engine, target: Path) -> Backup:
    """Copy the embedded database by SQLite's online backup, check the copy, and only then give it its name.

    `cp` would miss what is in the write-ahead log. The copy is of one moment; writers don't wait for it.
    https://www.sqlite.org/backup.html

    Args:
        engine: of the database.
        target: the backup's file; one that is there is replaced when the new one is whole.

    Raises:
        SettingsError: the database is on a server, or the target can't be written.
        DatabaseDamaged: the copy is not a sound database, so the original isn't either.
        DatabaseUnavailable: the copy couldn't be finished.
    """
    source = _embedded_file(engine)
    partial = target.with_name(f"{target.name}.part")
    if target.exists() and target.samefile(source):
        raise SettingsError(f"{target} is the database itself: name another file for the backup.")
    try:
        target.parent.mkdir(parents=True, exist_ok=True)
        files, images = _copy(source, partial)
        partial.replace(target)
    except OSError as error:
        raise SettingsError(f"The backup {target} can't be written: {error.strerror}.") from error
    except sqlite3.OperationalError as error:
        raise DatabaseUnavailable(f"The backup {target} couldn't be finished: {error}.") from error
    finally:
        with suppress(OSError):
            partial.unlink()
    return Backup(target, target.stat().st_size, files, images)


def _embedded_file(engine: Engine) -> Path:
    if engine.dialect.name != "sqlite":
        url = redact_url(engine.url.set(drivername="postgresql"))
        raise SettingsError(
            f"This backs up the embedded database. For a server use its own tool, which works while nuqleus does: "
            f"pg_dump --format custom --file nuqleus.dump {url}"
        )
    return Path(str(engine.url.database))


def _copy(source: Path, target: Path) -> tuple[int, int]:
    """Copy a database into one file, and count its files and images.

    Raises:
        DatabaseDamaged: the copy is not sound.
    """
    target.unlink(missing_ok=True)
    target.touch(mode=0o600)
    original = sqlite3.connect(f"file:{quote(str(source.resolve()))}?mode=ro", uri=True)
    with closing(original), closing(sqlite3.connect(target)) as copy:
        original.backup(copy)
        copy.execute("PRAGMA journal_mode = DELETE")  # all of it in the one file
        _ensure_sound(copy, source)
        files, images = copy.execute(_COUNTS).fetchone()
    return files, images


_COUNTS = "SELECT (SELECT count(*) FROM files), (SELECT count(*) FROM images)"


def _ensure_sound(copy: sqlite3.Connection, source: Path) -> None:
    try:
        problems = [row[0] for row in copy.execute("PRAGMA integrity_check(3)")]
    except sqlite3.DatabaseError as error:
        problems = [str(error)]
    if problems != ["ok"]:
        raise DatabaseDamaged(
            f"The database {source} is damaged, and no backup was made of it: {'; '.join(problems)}. Keep the backups "
            "that you have."
        )
