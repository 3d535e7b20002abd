"""A broker that refuses what it is asked, as one does after a failover: a worker waits, and goes on as it is."""

import socket
import subprocess
import threading
from collections.abc import Iterator
from contextlib import suppress
from pathlib import Path

import pytest
from redis import Redis

from nuqleus.database.file_states import FileState
from nuqleus.errors import BrokerUnavailable
from nuqleus.queue import make_app, queue_depth
from tests.integration.worker.conftest import WorkerDeployment, wait_until

pytestmark = pytest.mark.integration


class BecameReplica:
    """READONLY: after a failover, the old primary is a replica."""

    def begin(self, broker: Redis, _folder: Path) -> None:
        broker.execute_command("REPLICAOF", "127.0.0.1", "1")

    def end(self, broker: Redis, _folder: Path) -> None:
        broker.execute_command("REPLICAOF", "NO", "ONE")


class WithoutReplicas:
    """NOREPLICAS: a primary that must not write alone lost its replicas."""

    def begin(self, broker: Redis, _folder: Path) -> None:
        broker.config_set("min-replicas-to-write", 1)

    def end(self, broker: Redis, _folder: Path) -> None:
        broker.config_set("min-replicas-to-write", 0)


class CanNotSave:
    """MISCONF: its disk takes no snapshot."""

    def begin(self, broker: Redis, folder: Path) -> None:
        (folder / "dump.rdb").mkdir()  # in the way of what it would write
        broker.config_set("save", "3600 1")
        broker.set("a key", "changes")
        broker.bgsave()
        wait_until(lambda: broker.info("persistence")["rdb_last_bgsave_status"] == "err", "it can't save")

    def end(self, broker: Redis, folder: Path) -> None:
        (folder / "dump.rdb").rmdir()
        broker.config_set("save", "")
        broker.bgsave()
        wait_until(lambda: broker.info("persistence")["rdb_last_bgsave_status"] == "ok", "it saves")


class Full:
    """OOM: it evicts nothing, and has no room."""

    def begin(self, broker: Redis, _folder: Path) -> None:
        broker.config_set("maxmemory", "1")

    def end(self, broker: Redis, _folder: Path) -> None:
        broker.config_set("maxmemory", "0")


REFUSALS = {
    "READONLY": BecameReplica(),
    "NOREPLICAS": WithoutReplicas(),
    "MISCONF": CanNotSave(),
    "OOM": Full(),
}


@pytest.fixture(scope="module")
def worker(deployment: WorkerDeployment) -> Iterator["subprocess.Popen[bytes]"]:
    with deployment.run_fake() as process:
        deployment.wait_until_said("Ready")
        yield process


@pytest.mark.parametrize("word", REFUSALS)
def test_a_worker_waits_for_a_broker_that_refuses_and_goes_on(
    deployment: WorkerDeployment, worker, word: str
):
    refusal, folder = REFUSALS[word], deployment.settings.state_dir
    nuclei = 2 + 2 * list(REFUSALS).index(word)
    refusals = deployment.said("The broker refuses")
    with Redis(unix_socket_path=str(folder / "broker")) as broker:
        with deployment.holding() as wait_until_held:
            deployment.drop(f"{word} held.png", nuclei)
            wait_until_held()
            queued = deployment.drop(f"{word} queued.png", nuclei + 1)
            refusal.begin(broker, folder)
        deployment.wait_for(f"{word} held.png", FileState.DONE)
        wait_until(
            lambda: deployment.said("The broker refuses") > refusals or worker.poll() is not None, "it waits"
        )
        refusal.end(broker, folder)
    deployment.ring(queued)  # as the scheduler does: one that is full may lose the message
    assert worker.poll() is None
    deployment.wait_for(f"{word} queued.png", FileState.DONE)
    assert deployment.said("Traceback") == 0


class LoadingProxy:
    """Stands before the broker, and answers in its place while `loading`, as one that was just started does."""

    def __init__(self, broker: Path) -> None:
        self.loading = False
        self.refused = 0
        self._broker = broker
        self._connections: list[socket.socket] = []
        self._listener = socket.create_server(("127.0.0.1", 0))
        self.port: int = self._listener.getsockname()[1]
        threading.Thread(target=self._accept, daemon=True).start()

    def begin_loading(self) -> None:
        self.loading = True
        for connection in self._connections:
            _shut_down(connection)

    def close(self) -> None:
        for one in (self._listener, *self._connections):
            _shut_down(one)
            one.close()

    def _accept(self) -> None:
        with suppress(OSError):
            while True:
                client, _ = self._listener.accept()
                serve = self._refuse if self.loading else self._connect
                threading.Thread(target=serve, args=(client,), daemon=True).start()

    def _refuse(self, client: socket.socket) -> None:
        with suppress(OSError), client:
            while commands := client.recv(2**16):
                self.refused += 1
                # every command of a pipeline begins with the number of its words
                client.sendall(b"-LOADING the dataset is loaded\r\n" * max(1, commands.count(b"*")))

    def _connect(self, client: socket.socket) -> None:
        server = socket.socket(socket.AF_UNIX)
        server.connect(str(self._broker))
        self._connections += [client, server]
        for source, target in ((client, server), (server, client)):
            threading.Thread(target=_forward, args=(source, target), daemon=True).start()


def _forward(source: socket.socket, target: socket.socket) -> None:
    with suppress(OSError):
        while received := source.recv(2**16):
            target.sendall(received)
    for one in (source, target):
        _shut_down(one)


def _shut_down(one: socket.socket) -> None:
    """Wake whoever waits for it, as closing it doesn't."""
    with suppress(OSError):
        one.shutdown(socket.SHUT_RDWR)


@pytest.fixture
def proxy(deployment: WorkerDeployment) -> Iterator[LoadingProxy]:
    proxy = LoadingProxy(deployment.settings.state_dir / "broker")
    yield proxy
    proxy.close()


def test_a_worker_waits_for_a_broker_that_still_loads_its_data(
    deployment: WorkerDeployment, proxy: LoadingProxy
):
    url = f"redis://127.0.0.1:{proxy.port}/0"
    with deployment.run_fake(broker_url=url) as worker:
        ready, troubles = deployment.said("Ready"), deployment.said("dataset is loaded")
        deployment.wait_until_said("Ready", ready + 1)
        proxy.begin_loading()
        deployment.drop("loading.png", 20)
        wait_until(lambda: proxy.refused > 3 or worker.poll() is not None, "it tries again and again")
        assert worker.poll() is None
        proxy.loading = False
        deployment.wait_for("loading.png", FileState.DONE)
        assert worker.poll() is None
    assert deployment.said("Traceback") == 0
    assert deployment.said("dataset is loaded") > troubles


def test_the_scheduler_says_that_the_broker_still_loads_its_data(
    deployment: WorkerDeployment, proxy: LoadingProxy
):
    proxy.begin_loading()
    settings = deployment.settings.model_copy(update={"broker_url": f"redis://127.0.0.1:{proxy.port}/0"})
    with make_app(settings) as app, pytest.raises(BrokerUnavailable, match="dataset is loaded"):
        queue_depth(app)
