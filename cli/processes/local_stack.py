"""Local stack: the processes of `nuqleus run`, a broker unless one is configured, and workers."""

import os
import socket
import subprocess
import sys
from collections.abc import Sequence
from functools import partial
from typing import Self

from cli.processes.embedded_broker import EmbeddedBroker
from cli.processes.supervisor import SupervisedProcess, Supervisor
from nuqleus.errors import PermanentError
from nuqleus.settings import ENVIRONMENT_PREFIX, Settings, as_environment

WORKER = (sys.executable, "-P", "-m", "cli.main", "work")
"""The command of a worker; everything it needs to know is in its environment."""

PAGE = (sys.executable, "-P", "-m", "cli.main", "serve", "--socket")
"""The command of the page; the number of its socket follows."""

WORKER_GRACE = 10.0
"""Seconds for a worker to finish the file at hand; one that needs longer is killed, and the file comes back."""

BROKER_GRACE = 5.0
"""Seconds for the broker to write down what it holds."""

CRASH_LOOP_EXITS = 5
"""A worker that ended this many times in a row, each time soon, won't ever work."""


class LocalStack:
    """The stack of one machine: starts the processes, keeps them alive, stops them in order, leaves none behind.

    Args:
        settings: of the run.

    Attributes:
        workers: their processes.
    """

    def __init__(self, settings: Settings) -> None:
        self.workers: list[SupervisedProcess] = []
        self._settings = settings
        self._supervisor = Supervisor(settings.state_dir / "logs")

    def __enter__(self) -> Self:
        """Nothing is started yet."""
        return self

    def __exit__(self, *_: object) -> None:
        """End whatever still lives."""
        self._supervisor.close()

    def start(self) -> Settings:
        """Start everything; nothing is waited for.

        Returns:
            The settings, with the URL of the broker.

        Raises:
            SettingsError: there is no server that could be started.
            BrokerUnavailable: the server of an earlier run is in the way.
        """
        settings = self._settings
        if settings.broker_url is None:
            broker = EmbeddedBroker(settings.state_dir / "broker")
            self._supervisor.add("broker", broker.start)
            settings = settings.model_copy(update={"broker_url": broker.url})
        start_worker = partial(_start_worker, environment(settings.model_copy(update={"web_token": None})))
        for number in range(1, settings.workers + 1):
            self.workers.append(self._supervisor.add(f"worker-{number}", start_worker))
        return settings

    def serve_page(self, listening: socket.socket) -> None:
        """Start the page, once there is a database; it answers on a socket that outlives it."""
        variables = environment(self._settings)
        self._supervisor.add("page", partial(_start_page, variables, listening.fileno()))

    def check(self) -> None:
        """Start again what ended. Call this a few times a second."""
        self._supervisor.check()

    def raise_if_crash_looping(self) -> None:
        """Refuse to wait any longer for workers that won't ever work.

        Raises:
            PermanentError: all of them ended again and again.
        """
        if min(worker.early_exits for worker in self.workers) < CRASH_LOOP_EXITS:
            return
        worker = self.workers[0]
        raise PermanentError(
            f"The workers end as soon as they are started, {CRASH_LOOP_EXITS} times in a row. The end of {worker.log} "
            f"says why:\n{worker.last_lines()}"
        )

    def stop(self) -> None:
        """Let the workers finish the files at hand, then end the broker, in seconds."""
        self._supervisor.stop(self.workers, WORKER_GRACE)
        self._supervisor.stop(self._supervisor.children, BROKER_GRACE)


def environment(settings: Settings) -> dict[str, str]:
    """The environment in which a process of ours finds the same settings, and no others."""
    others = {
        name: value for name, value in os.environ.items() if not name.upper().startswith(ENVIRONMENT_PREFIX)
    }
    return others | as_environment(settings.model_dump())


def _start_worker(variables: dict[str, str], log_file: int) -> "subprocess.Popen[bytes]":
    return _start(WORKER, variables, log_file)


def _start_page(variables: dict[str, str], listening: int, log_file: int) -> "subprocess.Popen[bytes]":
    return _start((*PAGE, str(listening)), variables, log_file, pass_fds=[listening])


def _start(
    command: Sequence[str], variables: dict[str, str], log_file: int, pass_fds: Sequence[int] = ()
) -> "subprocess.Popen[bytes]":
    return subprocess.Popen(
        command,
        env=variables,
        stdin=subprocess.DEVNULL,
        stdout=log_file,
        stderr=log_file,
        start_new_session=True,
        pass_fds=pass_fds,
    )
