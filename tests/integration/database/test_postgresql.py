"""PostgreSQL as operators run it: behind pgbouncer, through failovers, with somebody's transaction left open."""

import os
import shutil
import socket
import subprocess
import tempfile
import threading
import time
from collections.abc import Iterator
from pathlib import Path

import pytest
from sqlalchemy import Connection, Engine, create_engine, make_url, text

from nuqleus.database import postgresql
from nuqleus.database.engine import (
    alembic_config,
    make_engine,
    migrating,
    reading,
    schema_version,
    upgrade,
    writing,
)
from nuqleus.database.file_states import FileState
from nuqleus.database.files.records import SeenFile
from nuqleus.database.files.scheduler_files import SchedulerFiles
from nuqleus.database.files.worker_files import WorkerFiles
from nuqleus.database.migrations import HEAD
from nuqleus.database.model_registry import register_model
from nuqleus.database.queries.file_pages import get_listed
from nuqleus.errors import DatabaseUnavailable
from tests.examples import complete, observe
from tests.ports import free_port

pytestmark = pytest.mark.integration

PGBOUNCER = shutil.which("pgbouncer") or shutil.which("pgbouncer", path="/usr/sbin:/usr/local/sbin")
CLIENTS, FILES = 3, 12
CONFIGURATION = """
[databases]
{name} = host={host} user={user}
[pgbouncer]
listen_addr = 127.0.0.1
listen_port = {port}
unix_socket_dir =
auth_type = any
auth_file = {folder}/users
pool_mode = transaction
default_pool_size = 2
"""


@pytest.fixture
def engine(postgresql_url: str) -> Iterator[Engine]:
    """Of a server alone."""
    engine = make_engine(postgresql_url)
    yield engine
    engine.dispose()


@pytest.fixture
def pooled_url(postgresql_url: str) -> Iterator[str]:
    """The database behind a real pgbouncer, whose clients get another of two sessions for each transaction."""
    if PGBOUNCER is None:
        pytest.skip("there is no pgbouncer here")
    url = make_url(postgresql_url)
    host = str(url.query.get("host") or url.host)
    with tempfile.TemporaryDirectory(prefix="nuqleus-") as name:
        folder, port = Path(name), free_port()
        (folder / "users").write_text(f'"{url.username}" ""\n')
        text = CONFIGURATION.format(name=url.database, host=host, user=url.username, port=port, folder=folder)
        (folder / "pgbouncer.ini").write_text(text)
        for path in (folder, *folder.iterdir()):
            path.chmod(0o755)
        as_owner = ["-u", Path(host).owner()] if os.getuid() == 0 else []  # it refuses to be root
        with subprocess.Popen([PGBOUNCER, "-q", *as_owner, folder / "pgbouncer.ini"]) as pooler:
            _wait_for(port)
            yield f"postgresql+psycopg://{url.username}@127.0.0.1:{port}/{url.database}"
            pooler.terminate()


def _wait_for(port: int) -> None:
    end = time.monotonic() + 120
    while True:
        with socket.socket() as client:
            if client.connect_ex(("127.0.0.1", port)) == 0:
                return
        assert time.monotonic() < end, "pgbouncer doesn't listen"
        time.sleep(0.05)


def process_files(url: str, client: int, errors: list[Exception]) -> None:
    engine = make_engine(url)
    try:
        scheduler, worker = SchedulerFiles(engine), WorkerFiles(engine)
        model_id = register_model(engine, "a network", "f" * 64, {}, {}, "1.0")
        for number in range(FILES):
            path = f"{client}/{number}.png"
            file_id = observe(scheduler, SeenFile(path, 10, 1))[path]
            scheduler.enqueue([file_id])
            claim = worker.claim(file_id, f"client {client}", 60)
            assert claim
            complete(worker, claim, f"content of {path}", model_id, [])
    except Exception as error:
        errors.append(error)
    finally:
        engine.dispose()


class TestBehindAPooler:
    def test_files_are_processed_by_clients_that_share_sessions(self, pooled_url: str, engine: Engine):
        errors: list[Exception] = []
        clients = [
            threading.Thread(target=process_files, args=(pooled_url, client, errors))
            for client in range(CLIENTS)
        ]
        for client in clients:
            client.start()
        for client in clients:
            client.join()

        assert errors == []
        assert SchedulerFiles(engine).counts()[FileState.DONE] == CLIENTS * FILES

    def test_statements_are_prepared_where_nobody_is_in_between(self, engine: Engine, postgresql_url: str):
        with reading(engine) as connection:
            assert connection.connection.driver_connection.prepare_threshold is not None

    def test_and_not_behind_a_pooler(self, pooled_url: str):
        pooled = make_engine(pooled_url)
        with reading(pooled) as connection:
            assert connection.connection.driver_connection.prepare_threshold is None
        pooled.dispose()


def touch_a_row(engine: Engine, before: str = "SELECT 1") -> int:
    """Write in a transaction; returns which session that was."""
    with writing(engine) as connection:
        connection.execute(text(before))
        connection.execute(text("UPDATE files SET attempts = 0"))
        return _session(connection)


class TestFailover:
    def test_a_server_that_can_only_be_read_is_unavailable_in_a_sentence(self, engine: Engine):
        with pytest.raises(DatabaseUnavailable, match="can only be read at present, as after a failover"):
            touch_a_row(engine, "SET TRANSACTION READ ONLY")

    def test_connections_to_it_are_left_so_that_the_next_may_lead_to_the_new_primary(self, engine: Engine):
        stale = touch_a_row(engine)
        with writing(engine) as connection:
            connection.execute(text("SET SESSION CHARACTERISTICS AS TRANSACTION READ ONLY"))
            assert _session(connection) == stale
        with pytest.raises(DatabaseUnavailable):
            touch_a_row(engine)
        assert touch_a_row(engine) != stale


def _session(connection: Connection) -> int:
    return int(connection.scalar(text("SELECT pg_backend_pid()")) or 0)


def test_tables_of_another_version_are_said_to_be_while_a_dump_is_restored(engine: Engine):
    for change, undone in [
        ("ALTER TABLE files RENAME TO away", "ALTER TABLE away RENAME TO files"),
        ("ALTER TABLE files RENAME COLUMN size TO bytes", "ALTER TABLE files RENAME COLUMN bytes TO size"),
    ]:
        with writing(engine) as connection:
            connection.execute(text(change))
        try:
            with pytest.raises(DatabaseUnavailable, match="has other tables than this version of nuqleus"):
                get_listed(engine, 1)
        finally:
            with writing(engine) as connection:
                connection.execute(text(undone))
        assert get_listed(engine, 1) is None


class TestUpgradeBehindALock:
    @pytest.fixture
    def outdated(self, empty_postgresql_url: str, monkeypatch: pytest.MonkeyPatch) -> Iterator[Engine]:
        """A database with the first schema; nobody has much patience."""
        from alembic import command

        monkeypatch.setattr(postgresql, "LOCK_SECONDS", 5.0)
        monkeypatch.setattr(postgresql, "LOOK_SECONDS", 0.1)
        engine = make_engine(empty_postgresql_url)
        with migrating(engine) as connection:
            command.upgrade(alembic_config(connection), "0001")
        yield engine
        engine.dispose()

    def test_it_says_whom_it_waits_for_and_gives_up(self, outdated: Engine, caplog):
        before = schema_version(outdated)
        somebody = create_engine(outdated.url.update_query_dict({"application_name": "a notebook"}))
        with somebody.begin() as connection:
            connection.execute(text("SELECT count(*) FROM files"))
            who = rf"process {_session(connection)} \(user {outdated.url.username} with a notebook, in a transaction"
            with pytest.raises(DatabaseUnavailable, match=f"nothing was changed: {who}"):
                upgrade(outdated)
        somebody.dispose()

        assert "Waiting for a lock that is held by process" in caplog.text
        assert schema_version(outdated) == before
        upgrade(outdated)
        assert schema_version(outdated) == HEAD
