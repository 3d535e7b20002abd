"""A real Redis-protocol server, started once; each test finds it empty."""

import subprocess
import tempfile
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from redis import Redis, RedisError
from redis.backoff import NoBackoff
from redis.retry import Retry

from cli.processes.embedded_broker import find_server

PATIENCE = 120.0


def wait_until(condition: Callable[[], object], what: str) -> None:
    deadline = time.monotonic() + PATIENCE
    while not condition():
        assert time.monotonic() < deadline, f"not after {PATIENCE:.0f} s: {what}"
        time.sleep(0.02)


def answers(socket: Path) -> bool:
    with Redis(unix_socket_path=str(socket), retry=Retry(NoBackoff(), 0)) as client:
        try:
            return bool(client.ping())
        except RedisError:
            return False


@pytest.fixture(scope="session")
def server() -> Iterator[Path]:
    """The server's socket."""
    with tempfile.TemporaryDirectory(prefix="nuqleus-") as folder:
        socket = Path(folder) / "socket"
        command = [find_server(), "--port", "0", "--unixsocket", str(socket), "--save", "", "--dir", folder]
        with subprocess.Popen(command, stdout=subprocess.DEVNULL) as process:
            wait_until(lambda: answers(socket), "the server answers")
            yield socket
            process.terminate()


@pytest.fixture
def broker_url(server: Path) -> str:
    """The URL of an empty broker."""
    with Redis(unix_socket_path=str(server)) as client:
        client.flushall()
    return f"redis+socket://{server}"
