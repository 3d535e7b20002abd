"""Processes of our own: started, started again when they end, and ended together with us, however we end.

Each child leads a session of its own, so that Ctrl-C in a terminal reaches only us, and we decide what stops when.
"""

import json
import logging
import os
import subprocess
import sys
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from pathlib import Path

from cli.processes.orphan_reaper import kill_group
from nuqleus.errors import NuqleusError

log = logging.getLogger(__name__)

FIRST_WAIT = 0.5
"""Seconds until a process that ended is started again; doubled each time that it ends soon."""

LONGEST_WAIT = 30.0

HEALTHY_SECONDS = 60.0
"""A process that lived so long counts as healthy: when it ends, the waits begin anew."""

LOG_BYTES = 5_000_000
"""A log larger than this is set aside when its process starts; one older log is kept."""

TOLD_LINES = 10
"""Lines of its log that are repeated when a process ended by itself."""

_POLL = 0.05

Start = Callable[[int], "subprocess.Popen[bytes]"]
"""Starts a process that writes to this file descriptor, as the leader of a session."""


@dataclass(eq=False)
class Child:
    """A process that should live.

    Attributes:
        name: for people, and for the name of its log.
        start: starts it.
        log: where its output goes.
        process: None while it isn't there.
        early_ends: times in a row that it ended before it counted as healthy.
        started_at, due_at: by the supervisor's clock: when it was started, when to start it.
    """

    name: str
    start: Start
    log: Path
    process: "subprocess.Popen[bytes] | None" = None
    early_ends: int = 0
    started_at: float = 0.0
    due_at: float = field(default=float("-inf"))

    def is_alive(self) -> bool:
        """Say whether it is there now."""
        return self.process is not None and self.process.poll() is None

    def last_lines(self) -> str:
        """The end of its log."""
        with self.log.open("rb") as lines:
            lines.seek(max(0, self.log.stat().st_size - 10_000))
            text = lines.read().decode(errors="replace")
        return "\n".join(text.splitlines()[-TOLD_LINES:])


class Supervisor:
    """Keeps processes alive. Nothing happens by itself: call `check` a few times a second.

    Args:
        logs: folder for the children's output; created if need be.
        clock: seconds from any origin.
    """

    def __init__(self, logs: Path, clock: Callable[[], float] = time.monotonic) -> None:
        self.children: list[Child] = []
        self._logs = logs
        self._clock = clock
        self._guardian = Guardian()

    def add(self, name: str, start: Start) -> Child:
        """Start a process, and keep it alive from now on."""
        self._logs.mkdir(parents=True, exist_ok=True)
        child = Child(name, start, self._logs / f"{name}.log")
        self._start(child)
        self.children.append(child)
        self._tell_guardian()
        return child

    def check(self) -> None:
        """Notice what ended, and start what is due."""
        for child in self.children:
            if child.process is not None and child.process.poll() is not None:
                self._bury(child, child.process)
            if child.process is None and self._clock() >= child.due_at:
                self._start_again(child)
        self._tell_guardian()

    def stop(self, children: Sequence[Child], grace: float) -> None:
        """Ask these to end, wait, and kill what is left after `grace` seconds."""
        for child in children:
            if child.process is not None:
                child.process.terminate()
        deadline = time.monotonic() + grace
        while any(child.is_alive() for child in children) and time.monotonic() < deadline:
            time.sleep(_POLL)
        for child in children:
            _kill(child)
        self.children = [child for child in self.children if child not in children]

    def kill(self) -> None:
        """End everything at once."""
        self.stop(list(self.children), grace=0)

    def close(self) -> None:
        """End everything, and the guardian last."""
        self.kill()
        self._guardian.stop()

    def _start_again(self, child: Child) -> None:
        try:
            self._start(child)
        except (NuqleusError, OSError) as error:
            self._postpone(child)
            log.error("%s can't be started: %s", child.name, error)

    def _start(self, child: Child) -> None:
        _rotate(child.log)
        file = os.open(child.log, os.O_WRONLY | os.O_CREAT | os.O_APPEND | os.O_CLOEXEC, 0o644)
        try:
            child.process = child.start(file)
        finally:
            os.close(file)
        child.started_at = self._clock()
        log.debug("Started %s (process %d).", child.name, child.process.pid)

    def _bury(self, child: Child, process: "subprocess.Popen[bytes]") -> None:
        kill_group(process.pid)  # what it started must not outlive it
        child.process = None
        if self._clock() - child.started_at >= HEALTHY_SECONDS:
            child.early_ends = 0
        wait = self._postpone(child)
        log.warning(
            "%s ended (%s) and is started again in %g s. The end of its log, %s:\n%s",
            *(child.name, describe_end(process.returncode), wait, child.log, child.last_lines()),
        )

    def _postpone(self, child: Child) -> float:
        child.early_ends += 1
        wait = min(FIRST_WAIT * 2.0 ** (child.early_ends - 1), LONGEST_WAIT)
        child.due_at = self._clock() + wait
        return wait

    def _tell_guardian(self) -> None:
        self._guardian.watch([child.process.pid for child in self.children if child.process])


class Guardian:
    """A process that ends our children if we are killed: the end of its input tells it."""

    def __init__(self) -> None:
        self._process: subprocess.Popen[bytes] | None = None
        self._told: list[int] = []

    def watch(self, pids: list[int]) -> None:
        """Tell it which processes are ours; one that ended itself is replaced."""
        if self._process is not None and self._process.poll() is not None:
            self._process.communicate()
            self._process, self._told = None, []
        if self._process is None:
            self._process = self._start()
        if pids != self._told:
            self._tell(pids)

    def stop(self) -> None:
        """Let it go, with nothing to end."""
        if self._process is not None:
            self._tell([])
            self._process.communicate()

    def _start(self) -> "subprocess.Popen[bytes]":
        command = [sys.executable, "-P", "-m", "cli.processes.orphan_reaper"]
        return subprocess.Popen(command, stdin=subprocess.PIPE, bufsize=0, start_new_session=True)

    def _tell(self, pids: list[int]) -> None:
        assert self._process is not None
        assert self._process.stdin is not None
        try:
            self._process.stdin.write(json.dumps(pids).encode() + b"\n")
            self._told = pids
        except BrokenPipeError:
            log.debug("The guardian is gone; the next check starts another.")


def describe_end(status: int) -> str:
    """Say how a process ended, as `Popen.returncode` has it."""
    return f"killed by signal {-status}" if status < 0 else f"status {status}"


def _kill(child: Child) -> None:
    if child.process is not None:
        kill_group(child.process.pid)
        child.process.wait()


def _rotate(path: Path) -> None:
    if path.exists() and path.stat().st_size > LOG_BYTES:
        path.replace(path.with_name(f"{path.name}.1"))
