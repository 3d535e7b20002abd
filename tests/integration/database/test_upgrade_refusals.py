"""`nuqleus db upgrade` that is refused, or killed in the middle: what it says, and that nothing is half made."""

import subprocess
import sys
from collections.abc import Iterator
from uuid import uuid4

import pytest
from click.testing import CliRunner
from sqlalchemy import URL, make_url

from cli.main import main
from nuqleus.database.engine import make_engine, open_database, open_for_reading, schema_version, upgrade
from nuqleus.database.files.scheduler_files import SchedulerFiles
from nuqleus.database.migrations import HEAD
from nuqleus.errors import DatabaseUnavailable, SchemaError
from tests.conftest import run_sql


def upgraded(url: URL) -> str:
    """What `nuqleus db upgrade` says in the end."""
    text_of_url = url.render_as_string(hide_password=False)
    result = CliRunner().invoke(main, ["db", "upgrade", "--database", text_of_url])
    assert isinstance(result.exception, SystemExit | None), result.exc_info
    return result.output


@pytest.mark.integration
class TestOnAServer:
    @pytest.fixture
    def url(self, empty_postgresql_url: str) -> URL:
        return make_url(empty_postgresql_url)

    @pytest.fixture
    def of_weak_user(self, url: URL) -> Iterator[URL]:
        """The same for a user who may nothing."""
        name = f"weak_{uuid4().hex}"  # a server has one of a name, whoever else uses it
        run_sql(url, f"CREATE ROLE {name} LOGIN")
        yield url.set(username=name)
        run_sql(url, f"DROP OWNED BY {name}", f"DROP ROLE {name}")

    @pytest.mark.parametrize("encoding", ["SQL_ASCII", "LATIN1"])
    def test_a_database_that_takes_not_every_character(self, url: URL, encoding: str):
        name = f"in_{encoding.lower()}_{uuid4().hex}"
        run_sql(
            url,
            f"CREATE DATABASE {name} ENCODING '{encoding}' LC_COLLATE 'C' LC_CTYPE 'C' TEMPLATE template0",
        )
        try:
            said = upgraded(url.set(database=name))
        finally:
            run_sql(url, f"DROP DATABASE {name} WITH (FORCE)")

        assert f"keeps text as {encoding}" in said
        assert "CREATE DATABASE … ENCODING 'UTF8' TEMPLATE template0" in said

    def test_a_user_who_may_make_no_tables(self, of_weak_user: URL):
        said = upgraded(of_weak_user)

        denied = f"denies something to the user {of_weak_user.username}: permission denied for schema public"
        assert f"{denied}. Make that user its owner" in said

    def test_a_user_who_may_not_read_the_tables(self, url: URL, of_weak_user: URL):
        upgraded(url)

        assert f"denies something to the user {of_weak_user.username}" in upgraded(of_weak_user)
        engine = make_engine(of_weak_user.render_as_string(hide_password=False))
        with pytest.raises(DatabaseUnavailable, match="permission denied for table files"):
            SchedulerFiles(engine).counts()
        engine.dispose()

    def test_a_search_path_that_leads_nowhere(self, url: URL):
        said = upgraded(url.update_query_dict({"options": "-csearch_path=nowhere"}))

        assert "has no schema in which tables could be made" in said

    def test_a_search_path_of_our_own(self, url: URL):
        run_sql(url, "CREATE SCHEMA ours")
        ours = url.update_query_dict({"options": "-csearch_path=ours"})

        assert f"no schema → {HEAD}" in upgraded(ours)
        open_database(ours.render_as_string(hide_password=False)).dispose()

    def test_a_replica(self, url: URL):
        said = upgraded(url.update_query_dict({"options": "-cdefault_transaction_read_only=on"}))

        assert "can only be read at present" in said


@pytest.mark.parametrize("open_it", [open_database, open_for_reading, None])
def test_a_database_of_a_newer_version_asks_for_that_version(empty_url: str, open_it):
    engine = make_engine(empty_url)
    upgrade(engine)
    run_sql(engine.url, "UPDATE alembic_version SET version_num = '9999'")

    with pytest.raises(SchemaError, match="newer version"):
        open_it(empty_url) if open_it else upgrade(engine)
    engine.dispose()


KILLED = """
import os, signal, sys
from sqlalchemy import Engine, event
from nuqleus.database.engine import make_engine, upgrade

statements = 0

@event.listens_for(Engine, "after_cursor_execute")
def die(*_):
    global statements
    statements += 1
    if statements == int(sys.argv[2]):
        os.kill(os.getpid(), signal.SIGKILL)

upgrade(make_engine(sys.argv[1]))
"""


@pytest.mark.parametrize("statements", [15, 60, 150])
def test_an_upgrade_that_is_killed_has_changed_nothing_and_can_be_started_again(
    empty_url: str, statements: int
):
    killed = subprocess.run([sys.executable, "-c", KILLED, empty_url, str(statements)], check=False)
    assert killed.returncode == -9

    engine = make_engine(empty_url)
    assert schema_version(engine) is None
    upgrade(engine)
    assert schema_version(engine) == HEAD
    engine.dispose()
