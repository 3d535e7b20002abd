"""Connections: SQLite (embedded) and PostgreSQL from the same code, and the schema brought up to date."""

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from sqlalchemy import URL, Connection, Engine, event, inspect, make_url, text
from sqlalchemy.exc import ArgumentError, DatabaseError, DBAPIError, OperationalError
from sqlalchemy.exc import TimeoutError as NoConnectionLeft

from nuqleus.database import postgresql, sqlite
from nuqleus.database.migrations import HEAD
from nuqleus.database.sqlite import make_sqlite_engine
from nuqleus.errors import DatabaseDamaged, DatabaseUnavailable, NuqleusError, SchemaError, SettingsError

BUSY_SECONDS = 60.0
"""How long a writer that holds no lease waits for its turn in SQLite, where there is one at a time."""

UPGRADE_LOCK = 0x6E75716C
"""PostgreSQL's advisory lock that makes processes that start together migrate one after the other."""


def make_engine(url: str, *, busy_seconds: float = BUSY_SECONDS) -> Engine:
    """An engine for a database URL; connects when first used.

    SQLite: the file's folder is created; a write-ahead log, so that readers never wait; foreign keys enforced.
    The file must lie on a local disk: SQLite's locks don't work over a network.

    Args:
        url: the database.
        busy_seconds: how long a writer waits for its turn in SQLite, where there is one at a time.

    Raises:
        SettingsError: if the URL can't be understood, or is of another kind of database.
        DatabaseUnavailable: if the folder can't be created.
    """
    parsed = _parse(url)
    if parsed.get_backend_name() == "postgresql":
        return postgresql.make_postgresql_engine(parsed)
    return make_sqlite_engine(parsed, busy_seconds)


def _parse(url: str) -> URL:
    try:
        parsed = make_url(url)
        parsed.get_dialect().import_dbapi()
        kind = parsed.get_backend_name()
    except (ArgumentError, ImportError):
        kind = None
    if kind == "postgresql" or (kind == "sqlite" and parsed.database not in (None, "", ":memory:")):
        return parsed
    raise SettingsError(
        "this is not the URL of a database that nuqleus works with; it looks like sqlite:///folder/file.db or "
        f"postgresql://user:password@host/name. Received: {redact_url(url)}"
    )


def open_database(url: str, *, create: bool = True, busy_seconds: float = BUSY_SECONDS) -> Engine:
    """An engine whose tables are ready: the embedded kind is brought up to date, others must already be.

    Args:
        url: the database.
        create: whether an embedded database that isn't there yet is made.
        busy_seconds: see `make_engine`; for those who hold a lease, `Settings.busy_seconds`.

    Raises:
        SchemaError: if a database server's schema is not this version's, or there is no database.
        DatabaseUnavailable: if it can't be reached.
    """
    if not create and _is_missing(_parse(url)):
        raise _missing(url)
    engine = make_engine(url, busy_seconds=busy_seconds)
    try:
        _make_ready(engine)
    except NuqleusError:
        engine.dispose()
        raise
    return engine


@contextmanager
def existing_database(url: str) -> Iterator[Engine]:
    """A database that must be there already, as `open_database` gives it; disconnected at the end."""
    engine = open_database(url, create=False)
    try:
        yield engine
    finally:
        engine.dispose()


def open_for_reading(url: str) -> Engine:
    """An engine that can write nothing, not even bring the tables up to date.

    Raises:
        SchemaError: if the database's schema is not this version's, or there is no database.
        DatabaseUnavailable: if it can't be reached.
    """
    if _is_missing(_parse(url)):
        raise _missing(url)
    engine = make_engine(url).execution_options(postgresql_readonly=True)
    if engine.dialect.name == "sqlite":
        event.listen(engine, "connect", lambda driver, _: driver.execute("PRAGMA query_only = ON"))
    try:
        _require_head(schema_version(engine))
    except NuqleusError:
        engine.dispose()
        raise
    return engine


def _make_ready(engine: Engine) -> None:
    found = schema_version(engine)
    if engine.dialect.name != "sqlite":
        _require_head(found)
    elif found != HEAD:
        upgrade(engine)


def _require_head(found: str | None) -> None:
    if found is not None and found > HEAD:
        raise SchemaError(
            f"a newer version of nuqleus made the database's schema, {found}; this one works with {HEAD}: use that one"
        )
    if found != HEAD:
        raise SchemaError(
            f"the database's schema is {found or 'missing'}, this version of nuqleus needs {HEAD}: "
            "run `nuqleus db upgrade`"
        )


def _missing(url: str) -> SchemaError:
    return SchemaError(f"there is no database at {redact_url(url)} yet: `nuqleus run` makes one")


def redact_url(url: str | URL) -> str:
    """A database URL without its password and options, fit for logs and terminals."""
    try:
        return make_url(url).set(query={}).render_as_string(hide_password=True)
    except ArgumentError:
        return "(not a URL)"


@contextmanager
def reading(engine: Engine) -> Iterator[Connection]:
    """A connection that sees one state of the database.

    Raises:
        DatabaseUnavailable: if the database can't be reached, or ends the connection.
        DatabaseDamaged: if it will never answer.
    """
    with _translating_errors(engine), engine.begin() as connection:
        yield connection


@contextmanager
def writing(engine: Engine) -> Iterator[Connection]:
    """A transaction that is committed at the end, or rolled back on any error.

    In SQLite it takes the write lock at once: one that begins by reading can't get it if another was faster.

    Raises:
        DatabaseUnavailable: if the database can't be reached, or ends the connection.
        DatabaseDamaged: if it will never answer.
    """
    with (
        _translating_errors(engine),
        engine.execution_options(sqlite_begin="IMMEDIATE").begin() as connection,
    ):
        yield connection


def upgrade(engine: Engine) -> None:
    """Create the schema, or migrate it to this version; processes that start together take turns.

    Raises:
        SchemaError: it is one that this version doesn't know.
        DatabaseUnavailable: somebody else held a lock for too long; nothing has changed.
    """
    from alembic import command
    from alembic.util import CommandError

    with migrating(engine) as connection, _taking_turns(engine, connection):
        if not inspect(connection).has_table("alembic_version"):
            postgresql.refuse_other_than_utf8(engine, connection)
        try:
            command.upgrade(alembic_config(connection), "head")
        except CommandError as error:
            raise SchemaError(
                f"the schema of the database {redact_url(engine.url)} is unknown to this version of nuqleus, which "
                f"works with {HEAD}. A newer version made it: use that one. Alembic says: {error}"
            ) from error


@contextmanager
def _taking_turns(engine: Engine, connection: Connection) -> Iterator[None]:
    """Let one migrate at a time; in SQLite there is one writer anyway."""
    if engine.dialect.name != "postgresql":
        yield
        return
    with postgresql.limited_lock_waits(engine, connection):
        connection.execute(text("SELECT pg_advisory_xact_lock(:key)"), {"key": UPGRADE_LOCK})
        yield


@contextmanager
def migrating(engine: Engine) -> Iterator[Connection]:
    """A transaction like `writing`, in which tables may be recreated.

    SQLite can't alter most of a table: it is copied, and the old one dropped. With foreign keys enforced, that would
    delete every row that refers to it. They are off meanwhile, and checked before the commit.

    Raises:
        DatabaseUnavailable: if the database can't be reached, or ends the connection.
        DatabaseDamaged: if rows refer to others that aren't there; nothing has changed.
    """
    if engine.dialect.name != "sqlite":
        with writing(engine) as connection:
            yield connection
        return
    immediate = engine.execution_options(sqlite_begin="IMMEDIATE")
    with _translating_errors(engine), immediate.connect() as connection:
        driver: Any = connection.connection.driver_connection
        driver.execute("PRAGMA foreign_keys = OFF")  # does nothing within a transaction
        try:
            with connection.begin():
                yield connection
                _check_foreign_keys(connection)
        finally:
            driver.execute("PRAGMA foreign_keys = ON")


def _check_foreign_keys(connection: Connection) -> None:
    astray = connection.exec_driver_sql("PRAGMA foreign_key_check").fetchmany(1)
    if astray:
        table, row, parent, _ = astray[0]
        raise DatabaseDamaged(
            f"the database {redact_url(connection.engine.url)} can't be brought up to date: row {row} of {table} "
            f"refers to one of {parent} that isn't there. Nothing has changed; put a backup in its place."
        )


def schema_version(engine: Engine) -> str | None:
    """The version of the schema that the database has; None if it has none yet."""
    with reading(engine) as connection:
        if not inspect(connection).has_table("alembic_version"):
            return None
        return connection.scalar(text("SELECT version_num FROM alembic_version"))


def _is_missing(url: URL) -> bool:
    return url.get_backend_name() == "sqlite" and not Path(url.database or "").is_file()


def alembic_config(connection: Connection | None) -> Any:
    """What Alembic's commands need: where the migrations lie, and the connection to run them on."""
    from alembic.config import Config

    config = Config(attributes={"connection": connection})
    config.set_main_option("script_location", str(Path(__file__).parent / "migrations").replace("%", "%%"))
    return config


@contextmanager
def _translating_errors(engine: Engine) -> Iterator[None]:
    try:
        yield
    except NoConnectionLeft as error:
        raise DatabaseUnavailable(
            f"the database {redact_url(engine.url)} answers too slowly: too many others wait for it"
        ) from error
    except DBAPIError as error:
        if type(error) is DatabaseError:  # SQLite's word for a file that is none of its own, or damaged
            raise DatabaseDamaged(
                f"the database {redact_url(engine.url)} can't be used: {error.orig}. Put a backup in its place, or "
                "name another one with NUQLEUS_DATABASE_URL."
            ) from error
        if refusal := postgresql.describe_refusal(engine, error):
            engine.dispose()  # after a failover, the next connections may lead to the new primary
            raise DatabaseUnavailable(f"the database {redact_url(engine.url)} {refusal}") from error
        if not (isinstance(error, OperationalError) or error.connection_invalidated):
            raise
        raise DatabaseUnavailable(
            f"the database {redact_url(engine.url)} doesn't answer as it should: {_explained(engine, error)}"
        ) from error


def _explained(engine: Engine, error: DBAPIError) -> object:
    if engine.dialect.name != "sqlite":
        return error.orig
    return sqlite.explain(error.orig, Path(str(engine.url.database))) or error.orig
