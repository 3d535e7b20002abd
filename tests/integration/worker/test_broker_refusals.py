"""A broker that refuses what it is asked, as one does after a failover: a worker waits, and goes on as it is."""

import subprocess
from collections.abc import Iterator
from pathlib import Path

import pytest
from redis import Redis

from nuqleus.database.file_states import FileState
from tests.integration.worker.conftest import Deployment, wait_until

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
def worker(deployment: Deployment) -> Iterator["subprocess.Popen[bytes]"]:
    with deployment.run_fake() as process:
        deployment.wait_until_said("Ready")
        yield process


@pytest.mark.parametrize("word", REFUSALS)
def test_a_worker_waits_for_a_broker_that_refuses_and_goes_on(deployment: Deployment, worker, word: str):
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
