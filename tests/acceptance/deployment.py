"""A deployment of its own for a test: a folder, a database, and the real commands as processes."""

import os
import signal
import sqlite3
import subprocess
import sys
import time
from collections.abc import Callable
from contextlib import closing, suppress
from pathlib import Path
from typing import Any

import psutil

PATIENCE = 240.0
"""Seconds after which something that should have happened counts as not happening, on a slow machine too."""

HASTE = {
    "NUQLEUS_SETTLE_SECONDS": "1",
    "NUQLEUS_SCAN_SECONDS": "1",
    "NUQLEUS_LEASE_SECONDS": "5",
    "NUQLEUS_HEARTBEAT_SECONDS": "1",
}
"""Waits that a person doesn't notice, but that add up in tests."""


class Deployment:
    """Everything below one temporary folder.

    Args:
        root: the folder.
        program: what is started instead of `nuqleus`: arguments of Python.

    Attributes:
        inbox: the watched folder.
        overlays: where pictures go.
        environment: settings of its own, as environment variables.
    """

    def __init__(self, root: Path, program: tuple[str, ...] = ("-m", "cli.main")) -> None:
        self._root = root
        self._program = program
        self._started: list[subprocess.Popen[bytes]] = []
        self.inbox = root / "inbox"
        self.inbox.mkdir()
        self.overlays = root / "overlays"
        self.environment: dict[str, str] = {}

    def call(self, *arguments: str | Path) -> subprocess.CompletedProcess[str]:
        """Run a command to its end."""
        return subprocess.run(
            self._command(arguments),
            env=self._environment(),
            cwd=self._root,
            capture_output=True,
            text=True,
            timeout=2 * PATIENCE,
            check=False,
        )

    def start(self, *arguments: str | Path) -> subprocess.Popen[bytes]:
        """Start a command that goes on; what it prints goes to `log.txt`. `close` ends it with all it started."""
        with self.log.open("ab") as log:
            process = subprocess.Popen(
                self._command(arguments),
                env=self._environment(),
                cwd=self._root,
                stdout=log,
                stderr=log,
                start_new_session=True,
            )
        self._started.append(process)
        return process

    @property
    def log(self) -> Path:
        """What started commands printed."""
        return self._root / "log.txt"

    def rows(self, query: str, *values: object) -> list[tuple[Any, ...]]:
        """Ask the database; nothing while there is none yet."""
        path = self._root / "state/nuqleus.db"
        if not path.exists():
            return []
        with closing(sqlite3.connect(path, timeout=30)) as connection:
            try:
                return connection.execute(query, values).fetchall()
            except sqlite3.OperationalError as error:
                if "no such table" in str(error):
                    return []
                raise

    def states(self) -> dict[str, str]:
        """State of each file by its path."""
        return dict(self.rows("SELECT path, state FROM files"))

    def wait_until(self, condition: Callable[[], object], *, what: str) -> None:
        """Wait for something to happen; say what didn't, and what was printed meanwhile."""
        deadline = time.monotonic() + PATIENCE
        while not condition():
            if time.monotonic() > deadline:
                raise AssertionError(
                    f"not {what} after {PATIENCE:.0f} s: {self.states()}\n{self.log.read_text()}"
                )
            time.sleep(0.1)

    def close(self) -> None:
        """Kill what is still running."""
        for process in self._started:
            kill_all(process)

    def _command(self, arguments: tuple[str | Path, ...]) -> list[str]:
        return [sys.executable, *self._program, *map(str, arguments)]

    def _environment(self) -> dict[str, str]:
        inherited = {name: value for name, value in os.environ.items() if not name.startswith("NUQLEUS_")}
        return inherited | HASTE | self.environment


def kill_all(process: subprocess.Popen[bytes]) -> None:
    """kill -9 a process and everything that it started, as a power cut does."""
    try:
        family = [psutil.Process(process.pid), *psutil.Process(process.pid).children(recursive=True)]
    except psutil.NoSuchProcess:
        family = []
    for member in family:  # who replaces others first
        _kill(member)
    process.wait(timeout=PATIENCE)


def networks_of(process: subprocess.Popen[bytes]) -> list[psutil.Process]:
    """The processes that hold a network: children of the workers of `nuqleus run`."""
    workers = [child for child in psutil.Process(process.pid).children() if child.cmdline()[-1] == "work"]
    return [child for worker in workers for child in worker.children()]


def interrupt(process: subprocess.Popen[bytes]) -> int:
    """Press Ctrl-C: a terminal tells the whole process group. Returns the exit status."""
    os.killpg(process.pid, signal.SIGINT)
    return process.wait(timeout=PATIENCE)


def _kill(process: psutil.Process) -> None:
    with suppress(psutil.NoSuchProcess):
        process.kill()
