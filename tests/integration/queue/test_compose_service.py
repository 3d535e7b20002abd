"""The service `redis` of docker-compose.yml: its own entrypoint and command, run by whatever server there is."""

import socket
import subprocess
from collections.abc import Iterator
from pathlib import Path

import pytest

from cli.processes.embedded_broker import find_server
from nuqleus.errors import BrokerUnavailable
from nuqleus.queue import make_app, queue_depth
from nuqleus.settings import get_settings
from tests.integration.queue.conftest import wait_until
from tests.ports import free_port
from tests.unit.deployment.files import environment_with, ours, program, services

pytestmark = pytest.mark.integration


@pytest.fixture
def port(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[int]:
    """Where the service listens; its secret is `s3cret`."""
    monkeypatch.setattr("nuqleus.settings.SECRETS", tmp_path)
    (tmp_path / "nuqleus_broker_password").write_text("s3cret\n")
    (tmp_path / "redis-server").symlink_to(find_server())
    port, service = free_port(), services()["redis"]
    command = program([*service["entrypoint"], *service["command"], "--port", str(port)], tmp_path)
    command[command.index("/data")] = str(tmp_path)
    with subprocess.Popen(command, env=environment_with(tmp_path), stdout=subprocess.DEVNULL) as server:
        wait_until(lambda: listens(port), "the server listens")
        yield port
        server.terminate()


def listens(port: int) -> bool:
    with socket.socket() as client:
        return client.connect_ex(("127.0.0.1", port)) == 0


def test_it_answers_who_knows_the_password_and_nobody_else(port: int):
    """Whatever runs on the host can reach the address of a container."""
    url = ours()["worker"]["environment"]["NUQLEUS_BROKER_URL"].replace("redis:6379", f"127.0.0.1:{port}")
    assert queue_depth(make_app(get_settings(broker_url=url))) == 0
    for wrong in (url.replace("default@", ""), url.replace("default@", "default:guessed@")):
        with pytest.raises(BrokerUnavailable, match=r"refuses the password \(NUQLEUS_BROKER_URL"):
            queue_depth(make_app(get_settings(broker_url=wrong)))
