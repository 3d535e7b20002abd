"""SQLite's own ways: one file, one writer at a time, and a write-ahead log beside the file."""

import sqlite3
import time
from contextlib import closing, suppress
from functools import partial
from pathlib import Path
from typing import Any

from sqlalchemy import URL, Connection, Engine, create_engine, event

from nuqleus.errors import DatabaseUnavailable
from nuqleus.file_errors import describe_owner, describe_user

QUIET_SECONDS = 2.0
"""A write-ahead log that has not changed for this long is moved into the database's file."""


def make_sqlite_engine(url: URL, busy_seconds: float) -> Engine:
    """An engine for a file, whose folder is created.

    Raises:
        DatabaseUnavailable: if the folder can't be created.
    """
    path = Path(str(url.database))
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise DatabaseUnavailable(
            f"the database's folder {path.parent} can't be made: {error.strerror}"
        ) from error
    engine = create_engine(url)
    event.listen(engine, "connect", partial(_configure, busy_seconds))
    event.listen(engine, "begin", _begin)
    _FileGuard(path).attach(engine)
    return engine


def checkpoint(engine: Engine) -> None:
    """Move the write-ahead log into the file, if nobody writes: whoever copies the file alone then loses little.

    Does nothing on other databases, and while somebody reads.
    """
    if engine.dialect.name != "sqlite" or not _has_quiet_log(Path(f"{engine.url.database}-wal")):
        return
    with closing(engine.raw_connection()) as connection:
        driver: Any = connection.driver_connection
        (patience,) = driver.execute("PRAGMA busy_timeout").fetchone()
        driver.execute("PRAGMA busy_timeout = 0")
        with suppress(sqlite3.OperationalError):  # a disk that is full: whoever writes next says so
            driver.execute("PRAGMA wal_checkpoint(TRUNCATE)").fetchone()
        driver.execute(f"PRAGMA busy_timeout = {patience}")


def explain(error: BaseException | None, path: Path) -> str | None:
    """What to do about an error of SQLite's that is about who may write, or does; None for other errors."""
    if "database is locked" in str(error):
        return (
            f"{error}. Another program has been writing to it for too long; once that has ended, all goes on"
        )
    if not any(words in str(error) for words in ("readonly database", "unable to open database file")):
        return None
    return f"{error}. nuqleus runs as {describe_user()}; {describe_owner(path)} It, or its drive, can only be read"


def _has_quiet_log(path: Path) -> bool:
    try:
        log = path.stat()
    except OSError:
        return False
    return log.st_size > 0 and time.time() - log.st_mtime > QUIET_SECONDS


class _FileGuard:
    """Keeps an engine to the file that it was opened for.

    SQLite goes on writing into a file that was deleted, where nobody will find it, and makes an empty one for the next
    connection.
    """

    def __init__(self, path: Path) -> None:
        self._path = path
        self._identity: tuple[int, int] | None = None

    def attach(self, engine: Engine) -> None:
        """Look before each connection is made, and before each transaction."""
        event.listen(engine, "do_connect", lambda *_: self._ensure_same())
        event.listen(engine, "connect", lambda *_: self._remember())
        event.listen(engine, "checkout", lambda *_: self._ensure_same())

    def _remember(self) -> None:
        self._identity = self._identity or _identity(self._path)

    def _ensure_same(self) -> None:
        if self._identity is None or (now := _identity(self._path)) == self._identity:
            return
        if now is None:
            raise DatabaseUnavailable(
                f"the database's file {self._path} is gone: it was deleted or moved while nuqleus runs. Put it back; "
                "or stop nuqleus, put a backup in its place, and start it again"
            )
        raise DatabaseUnavailable(
            f"the database's file {self._path} is another one than before: it was replaced while nuqleus runs. Stop "
            "nuqleus, and start it again"
        )


def _identity(path: Path) -> tuple[int, int] | None:
    try:
        found = path.stat()
    except FileNotFoundError:
        return None
    return found.st_dev, found.st_ino


def _configure(busy_seconds: float, connection: Any, _record: Any) -> None:
    connection.isolation_level = None  # Python's own BEGIN comes too late for the locks we need
    connection.execute(f"PRAGMA busy_timeout = {round(busy_seconds * 1000)}")
    _write_ahead(connection, busy_seconds)
    connection.execute("PRAGMA synchronous = NORMAL")
    connection.execute("PRAGMA foreign_keys = ON")


def _write_ahead(connection: Any, busy_seconds: float) -> None:
    """Switch a database to the write-ahead log, which it then keeps.

    For this one step SQLite ignores the busy time-out: of two processes that make a database together, one is told at
    once that it is locked.
    """
    deadline = time.monotonic() + busy_seconds
    while True:
        try:
            connection.execute("PRAGMA journal_mode = WAL")
            return
        except sqlite3.OperationalError as error:
            if "locked" not in str(error) or time.monotonic() > deadline:
                raise
            time.sleep(0.01)


def _begin(connection: Connection) -> None:
    mode = connection.get_execution_options().get("sqlite_begin", "DEFERRED")
    connection.exec_driver_sql(f"BEGIN {mode}")
