"""Database URLs: understood, or refused with what to do; what goes wrong below is told in a sentence."""

from contextlib import ExitStack
from pathlib import Path

import pytest
from sqlalchemy import text

from nuqleus.database.engine import make_engine, open_database, reading, redact_url, writing
from nuqleus.errors import DatabaseDamaged, DatabaseUnavailable, SettingsError
from nuqleus.settings import Settings


@pytest.mark.parametrize(
    "url",
    [
        "nonsense",
        "nosuch://host/db",
        "sqlite:",
        "sqlite://",
        "sqlite:///:memory:",
        "mysql://u:s3cret@host/db",
    ],
)
def test_a_url_that_can_t_be_used_is_refused(url: str):
    for use in (make_engine, lambda url: open_database(url, create=False)):
        with pytest.raises(SettingsError, match=r"sqlite:///folder/file\.db") as error:
            use(url)
        assert "s3cret" not in str(error.value)


def test_a_server_is_waited_for_ten_seconds_unless_the_url_says_otherwise():
    usual, patient = make_engine("postgresql://h/d"), make_engine("postgresql://h/d?connect_timeout=60")

    assert usual.url.query["connect_timeout"] == "10"
    assert patient.url.query["connect_timeout"] == "60"
    assert usual.driver == "psycopg"


def test_a_server_that_can_t_be_reached_is_named_without_its_password():
    engine = make_engine("postgresql://me:s3cret@127.0.0.1:1/d")

    with (
        pytest.raises(DatabaseUnavailable, match=r"me:\*\*\*@127.0.0.1:1/d doesn't") as error,
        reading(engine),
    ):
        pass
    assert "s3cret" not in str(error.value)


def test_a_database_whose_connections_are_all_in_use_is_said_to_be_slow(tmp_path: Path):
    engine = make_engine(f"sqlite:///{tmp_path / 'busy.db'}")
    engine.pool._timeout = 0.01
    with ExitStack() as held:
        for _ in range(engine.pool.size() + engine.pool._max_overflow):
            held.enter_context(engine.connect())
        with pytest.raises(DatabaseUnavailable, match=r"busy\.db answers too slowly"), reading(engine):
            pass


def test_a_database_that_somebody_else_writes_to_for_too_long_is_said_to_be_locked(tmp_path: Path):
    url = f"sqlite:///{tmp_path / 'locked.db'}"
    with writing(make_engine(url)) as connection:
        connection.execute(text("CREATE TABLE t (a)"))
        with (
            pytest.raises(DatabaseUnavailable, match="Another program has been writing to it for too long"),
            writing(make_engine(url, busy_seconds=0.01)),
        ):
            pass


def test_a_file_that_is_no_database_is_named(tmp_path: Path):
    (tmp_path / "photo.db").write_bytes(b"\x89PNG" * 100)

    with pytest.raises(DatabaseDamaged, match=r"photo\.db.*not a database"):
        open_database(f"sqlite:///{tmp_path / 'photo.db'}")


def test_a_folder_that_can_t_be_made_is_named(tmp_path: Path):
    (tmp_path / "file").touch()

    with pytest.raises(DatabaseUnavailable, match="can't be made"):
        make_engine(f"sqlite:///{tmp_path / 'file' / 'nuqleus.db'}")


@pytest.mark.parametrize("heartbeat", [1.0, 10.0, 30.0])
def test_a_heartbeat_that_waits_in_vain_for_a_stuck_writer_ends_before_the_lease(heartbeat: float):
    settings = Settings(lease_seconds=60, heartbeat_seconds=heartbeat)
    assert heartbeat + settings.busy_seconds < settings.lease_seconds


def test_by_default_there_is_time_for_a_second_heartbeat_then():
    settings = Settings()
    assert 2 * settings.heartbeat_seconds + settings.busy_seconds < settings.lease_seconds


def test_a_writer_gives_up_after_the_time_that_it_was_told(sqlite_url: str):
    stuck, other = make_engine(sqlite_url), make_engine(sqlite_url, busy_seconds=0.05)
    with writing(stuck), pytest.raises(DatabaseUnavailable, match="locked"), writing(other):
        pass
    stuck.dispose()
    other.dispose()


def test_an_embedded_database_survives_its_readers_and_keeps_its_references(sqlite_url: str):
    engine = make_engine(sqlite_url)

    with reading(engine) as connection:
        pragmas = {
            name: connection.scalar(text(f"PRAGMA {name}")) for name in ("journal_mode", "foreign_keys")
        }
        assert connection.scalar(text("PRAGMA busy_timeout")) == 60_000
    assert pragmas == {"journal_mode": "wal", "foreign_keys": 1}
    engine.dispose()


@pytest.mark.parametrize(
    ("url", "text"),
    [
        ("postgresql://me:s3cret@host/db", "postgresql://me:***@host/db"),
        ("postgresql:///db?host=h&password=s3cret", "postgresql:///db"),
        ("sqlite:///a.db", "sqlite:///a.db"),
        ("s3cret", "(not a URL)"),
    ],
)
def test_a_shown_url_has_no_password(url: str, text: str):
    assert redact_url(url) == text
