"""Backup of the embedded database: whole, checked, and taken while everything goes on; and the way back."""

import os
import shutil
import sqlite3
from contextlib import closing, suppress
from dataclasses import dataclass
from pathlib import Path
from urllib.parse import quote

from sqlalchemy import Engine

from nuqleus.database.engine import redact_url
from nuqleus.errors import DatabaseDamaged, DatabaseUnavailable, SettingsError
from nuqleus.whole_files import whole_file


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
    if target.exists() and target.samefile(source):
        raise SettingsError(f"{target} is the database itself: name another file for the backup.")
    try:
        target.parent.mkdir(parents=True, exist_ok=True)
        with whole_file(target) as partial:
            files, images = _copy(source, partial)
    except OSError as error:
        raise SettingsError(f"The backup {target} can't be written: {error.strerror}.") from error
    except sqlite3.OperationalError as error:
        raise DatabaseUnavailable(f"The backup {target} couldn't be finished: {error}.") from error
    return Backup(target, target.stat().st_size, files, images)


def restore(engine: Engine, source: Path) -> Backup:
    """Put a backup in the place of the embedded database, which is kept beside it, with `.before-restore` at its end.

    Whoever does so by hand may leave the write-ahead log of the old one there, after a crash, say: SQLite would write
    that into the backup, and what was to be undone would be back.

    Args:
        engine: of the database, which may be damaged, or missing.
        source: the backup.

    Raises:
        SettingsError: the database is on a server, or the backup is none, or the place can't be written to.
        DatabaseDamaged: the backup is damaged; nothing has changed.
        DatabaseUnavailable: somebody works with the database; nothing has changed.
    """
    target = _embedded_file(engine)
    if not source.is_file() or (target.exists() and target.samefile(source)):
        raise SettingsError(f"{source} is no backup: name the file that `nuqleus db backup` wrote.")
    try:
        target.parent.mkdir(parents=True, exist_ok=True)
        with whole_file(target) as partial:
            files, images = _copy(source, partial)
            if target.exists():
                _settle(target)
                _resemble(partial, target)
                _keep(target)
    except OSError as error:
        raise SettingsError(f"{target} can't be written: {error.strerror}.") from error
    except sqlite3.DatabaseError as error:
        raise SettingsError(f"{source} is no backup of a database of nuqleus: {error}.") from error
    return Backup(target, target.stat().st_size, files, images)


def _settle(database: Path) -> None:
    """Have all of a database in its one file, unless it is damaged.

    Raises:
        DatabaseUnavailable: somebody works with it.
    """
    try:
        with closing(sqlite3.connect(database, timeout=0)) as connection:
            connection.execute("PRAGMA journal_mode = DELETE").fetchone()
    except sqlite3.OperationalError as error:
        raise DatabaseUnavailable(
            f"Somebody works with {database}: {error}. Stop nuqleus, and whoever else has it open, first."
        ) from error
    except sqlite3.DatabaseError:
        pass


def _resemble(copy: Path, original: Path) -> None:
    """Let whoever could write to the original write to the copy."""
    shutil.copymode(original, copy)
    known = original.stat()
    with suppress(PermissionError):
        os.chown(copy, known.st_uid, known.st_gid)


def _keep(database: Path) -> None:
    """Keep a database under another name as well; what lies beside one that is damaged moves there."""
    kept = database.with_name(f"{database.name}.before-restore")
    kept.unlink(missing_ok=True)
    try:
        kept.hardlink_to(database)
    except OSError:  # a drive that has no such links
        database.rename(kept)
    for ending in ("-wal", "-shm"):
        with suppress(FileNotFoundError):
            database.with_name(database.name + ending).replace(kept.with_name(kept.name + ending))


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
            f"The database {source} is damaged, and was not copied: {'; '.join(problems)}. Keep the backups that you "
            "have."
        )
