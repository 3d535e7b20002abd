"""PostgreSQL's own ways: poolers in between, a primary that became a replica, locks that somebody else holds."""

import logging
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

from sqlalchemy import URL, Connection, Engine, create_engine, event, text
from sqlalchemy.exc import DBAPIError

from nuqleus.errors import DatabaseUnavailable, SchemaError

log = logging.getLogger(__name__)

OPTIONS = {
    "connect_timeout": "10",
    "keepalives_idle": "30",
    "keepalives_interval": "10",
    "keepalives_count": "3",
    "tcp_user_timeout": "60000",
    "application_name": "nuqleus",
    "client_encoding": "utf8",
}
"""A server that can't be reached is noticed in ten seconds, one that is lost in a minute; a URL may say otherwise."""

LOCK_SECONDS = 30.0
"""How long a migration waits for a lock. Whoever asks for the same table meanwhile waits behind it."""

LOOK_SECONDS = 1.0
"""Between two looks at whom it waits for."""

READ_ONLY, LOCK_NOT_AVAILABLE, NO_PRIVILEGE, NO_SCHEMA = "25006", "55P03", "42501", "3F000"
NO_TABLE, NO_COLUMN = "42P01", "42703"
"""SQLSTATEs, https://www.postgresql.org/docs/current/errcodes-appendix.html."""

_OTHER_TABLES = (
    "has other tables than this version of nuqleus works with: {error}. It was upgraded, or a dump is being restored "
    "into it; once that is done, start nuqleus again if this stays"
)

REFUSALS = {
    READ_ONLY: "can only be read at present, as after a failover: nuqleus goes on as soon as it can be written to",
    NO_PRIVILEGE: "denies something to the user {user}: {error}. Make that user its owner (ALTER DATABASE … OWNER "
    "TO …), or the owner of its schema and tables",
    NO_SCHEMA: "has no schema in which tables could be made: {error}. Make one (CREATE SCHEMA …), or name one that is "
    "there as the user's, or the URL's, search_path",
    NO_TABLE: _OTHER_TABLES,
    NO_COLUMN: _OTHER_TABLES,
}
"""What a server refuses until somebody changes it, and what to change."""

UTF8 = "UTF8"

_BLOCKERS = text("""
    SELECT pid, usename, application_name, to_char(xact_start, 'HH24:MI:SS') AS since
    FROM pg_stat_activity WHERE pid = ANY(pg_blocking_pids(:pid)) ORDER BY pid
""")


def make_postgresql_engine(url: URL) -> Engine:
    """An engine for a server, or for a pooler in front of one."""
    missing = {option: value for option, value in OPTIONS.items() if option not in url.query}
    engine = create_engine(url.update_query_dict(missing), pool_pre_ping=True)
    event.listen(engine, "connect", _refuse_bytes)
    event.listen(engine, "connect", _respect_poolers)
    return engine


def sqlstate(error: DBAPIError) -> str | None:
    """PostgreSQL's code of an error; None where the server told none."""
    return getattr(error.orig, "sqlstate", None)


def describe_refusal(engine: Engine, error: DBAPIError) -> str | None:
    """What a server refuses, and what to do; None for other errors."""
    refusal = REFUSALS.get(str(sqlstate(error)))
    first_line = str(error.orig).partition("\n")[0]
    return refusal and refusal.format(user=engine.url.username or "that connects", error=first_line)


def refuse_other_than_utf8(engine: Engine, connection: Connection) -> None:
    """Make sure that a database takes every character before tables are made in it.

    Raises:
        SchemaError: it doesn't.
    """
    if engine.dialect.name == "postgresql":
        encoding = str(connection.scalar(text("SHOW server_encoding")))
        if encoding != UTF8:
            raise _refused_encoding(encoding)


def _refuse_bytes(connection: Any, _record: Any) -> None:
    """SQL_ASCII is no encoding: a server then checks nothing, and gives back whatever somebody else wrote."""
    if connection.info.parameter_status("server_encoding") == "SQL_ASCII":
        raise _refused_encoding("SQL_ASCII")


def _refused_encoding(encoding: str) -> SchemaError:
    return SchemaError(
        f"the database keeps text as {encoding}, which has not all characters that names of files may have. Make one "
        "that has, with CREATE DATABASE … ENCODING 'UTF8' TEMPLATE template0, and name that with NUQLEUS_DATABASE_URL"
    )


@contextmanager
def limited_lock_waits(engine: Engine, connection: Connection) -> Iterator[None]:
    """Let no lock be waited for longer than LOCK_SECONDS until the transaction ends; the log says whom it waits for.

    Raises:
        DatabaseUnavailable: somebody held a lock for longer.
    """
    pid = connection.scalar(text("SELECT pg_backend_pid()"))
    connection.execute(text(f"SET LOCAL lock_timeout = {round(LOCK_SECONDS * 1000)}"))
    watch = _LockWatch(engine, pid)
    watch.start()
    try:
        yield
    except DBAPIError as error:
        if sqlstate(error) != LOCK_NOT_AVAILABLE:
            raise
        raise DatabaseUnavailable(
            f"nothing was changed: {watch.blockers or 'another session'} held a lock for {LOCK_SECONDS:g} s. Let it "
            "finish, or end it (SELECT pg_terminate_backend(PID)), and try again"
        ) from error
    finally:
        watch.stop()


class _LockWatch(threading.Thread):
    """Looks now and then whom a session waits for.

    Attributes:
        blockers: who that was the last time, for people; empty if it never waited.
    """

    def __init__(self, engine: Engine, pid: int) -> None:
        super().__init__(name="lock watch", daemon=True)
        self.blockers = ""
        self._engine = engine
        self._pid = pid
        self._stopped = threading.Event()

    def run(self) -> None:
        while not self._stopped.wait(LOOK_SECONDS):
            try:
                self._look()
            except DBAPIError as error:
                log.debug("Nobody can say who holds the lock: %s", error)

    def stop(self) -> None:
        self._stopped.set()
        self.join()

    def _look(self) -> None:
        with self._engine.connect() as connection:
            blockers = ", ".join(map(_describe, connection.execute(_BLOCKERS, {"pid": self._pid})))
        if blockers and blockers != self.blockers:
            log.warning("Waiting for a lock that is held by %s.", blockers)
        self.blockers = blockers or self.blockers


def _describe(blocker: Any) -> str:
    program = f" with {blocker.application_name}" if blocker.application_name else ""
    since = f", in a transaction since {blocker.since}" if blocker.since else ""
    return f"process {blocker.pid} (user {blocker.usename}{program}{since})"


def _respect_poolers(connection: Any, _record: Any) -> None:
    """Prepare no statements where a pooler may give each transaction another session, which doesn't know them.

    A pooler in between (pgbouncer, say) tells a process number of its own when we connect, not the server's.
    """
    (pid,) = connection.execute("SELECT pg_backend_pid()").fetchone()
    connection.rollback()
    if pid != connection.info.backend_pid:
        connection.prepare_threshold = None
