"""Processes to be killed, frozen and started again."""

import os
import signal
import subprocess
import time
from collections.abc import Callable, Mapping, Sequence
from contextlib import suppress
from pathlib import Path

import psutil

REPOSITORY = Path(__file__).parents[2]

PATIENCE = float(os.environ.get("FAULTS_PATIENCE", "600"))
"""Seconds after which something counts as not happening, on a very busy machine too."""


def wait_until(holds: Callable[[], object], what: str, say: Callable[[], str] = str) -> None:
    """Wait for something to happen; `say` tells what happened instead."""
    end = time.monotonic() + PATIENCE
    while not holds():
        if time.monotonic() > end:
            raise AssertionError(f"not within {PATIENCE:.0f} s: {what}\n{say()}")
        time.sleep(0.05)


class Service:
    """One process with everything that it starts.

    Args:
        command: what to start.
        environment: what it finds in its environment.
        log: gets what it prints.
    """

    def __init__(self, command: Sequence[str], environment: Mapping[str, str], log: Path) -> None:
        self._command = command
        self._environment = environment
        self._log = log
        self._process: subprocess.Popen[bytes] | None = None

    def start(self) -> None:
        with self._log.open("ab") as log:
            self._process = subprocess.Popen(
                self._command, cwd=REPOSITORY, env=self._environment, stdout=log, stderr=log
            )

    def lives(self) -> bool:
        return self._process is not None and self._process.poll() is None

    def pids(self) -> list[int]:
        """Its own, and those of all that it started."""
        return [process.pid for process in self._family()]

    def kill(self) -> None:
        """kill -9, all of it at once."""
        self._signal(signal.SIGKILL)
        if self._process is not None:
            self._process.wait()

    def stop(self) -> int:
        """SIGTERM; returns the exit status."""
        assert self._process is not None
        self._process.terminate()
        return self._process.wait(PATIENCE)

    def stop_at_once(self) -> None:
        """SIGTERM, again and again."""
        wait_until(self._is_gone_when_told, "ended by the second SIGTERM", self.said)

    def _is_gone_when_told(self) -> bool:
        assert self._process is not None
        self._process.terminate()
        return self._process.poll() is not None

    def freeze(self) -> None:
        self._signal(signal.SIGSTOP)

    def thaw(self) -> None:
        self._signal(signal.SIGCONT)

    def said(self) -> str:
        """Everything that it printed so far."""
        return self._log.read_text(errors="replace") if self._log.exists() else ""

    def _signal(self, number: signal.Signals) -> None:
        for process in self._family():
            with suppress(psutil.NoSuchProcess):
                process.send_signal(number)

    def _family(self) -> list[psutil.Process]:
        with suppress(psutil.NoSuchProcess):
            if self._process is not None and self._process.returncode is None:
                parent = psutil.Process(self._process.pid)
                return [parent, *parent.children(recursive=True)]
        return []
