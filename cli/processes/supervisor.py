"""Process supervisor: starts processes, restarts those that end, and ends all together with itself, however it ends.

Each child leads a session of its own, so that Ctrl-C in a terminal reaches only the supervisor, which
decides what stops when.
"""

import logging
import os
import shutil
import subprocess
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from pathlib import Path

from cli.processes.orphan_reaper import OrphanReaper, kill_group
from nuqleus.errors import NuqleusError

log = logging.getLogger(__name__)

FIRST_BACKOFF = 0.5
"""Seconds until a process that ended is started again; doubled each time that it ends soon."""

LONGEST_BACKOFF = 30.0

HEALTHY_SECONDS = 60.0
"""A process that lived this long counts as healthy: when it ends, the waits begin anew."""

LOG_BYTES = 5_000_000
"""A log larger than this is copied aside and begins anew; one older log is kept."""

QUOTED_LINES = 10
"""Lines of its log that are repeated when a process ended by itself."""

_POLL = 0.05

StartProcess = Callable[[int], "subprocess.Popen[bytes]"]
"""Starts a process that writes to this file descriptor, as the leader of a session."""


@dataclass(eq=False)
class SupervisedProcess:
    """A process that is kept alive.

    Attributes:
        name: for people, and for the name of its log.
        start: starts it.
        log: where its output goes.
        process: None while it isn't there.
        early_exits: times in a row that it ended before it counted as healthy.
        started_at, due_at: by the supervisor's clock: when it was started, when to start it.
    """

    name: str
    start: StartProcess
    log: Path
    process: "subprocess.Popen[bytes] | None" = None
    early_exits: int = 0
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
        return "\n".join(text.splitlines()[-QUOTED_LINES:])


class Supervisor:
    """Supervisor of processes, which it keeps alive. Nothing happens by itself: call `check` a few times a second.

    Args:
        logs: folder for the children's output; created if need be.
        clock: seconds from any origin.
    """

    def __init__(self, logs: Path, clock: Callable[[], float] = time.monotonic) -> None:
        self.children: list[SupervisedProcess] = []
        self._logs = logs
        self._clock = clock
        self._orphan_reaper = OrphanReaper()

    def add(self, name: str, start: StartProcess) -> SupervisedProcess:
        """Start a process, and keep it alive from now on."""
        self._logs.mkdir(parents=True, exist_ok=True)
        child = SupervisedProcess(name, start, self._logs / f"{name}.log")
        self._start(child)
        self.children.append(child)
        self._update_orphan_reaper()
        return child

    def check(self) -> None:
        """Notice what ended, and start what is due."""
        for child in self.children:
            _rotate(child.log)
            if child.process is not None and child.process.poll() is not None:
                self._reap(child, child.process)
            if child.process is None and self._clock() >= child.due_at:
                self._restart(child)
        self._update_orphan_reaper()

    def stop(self, children: Sequence[SupervisedProcess], grace: float) -> None:
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
        """End everything, and the orphan reaper last."""
        self.kill()
        self._orphan_reaper.stop()

    def _restart(self, child: SupervisedProcess) -> None:
        try:
            self._start(child)
        except (NuqleusError, OSError) as error:
            self._back_off(child)
            log.error("%s can't be started: %s", child.name, error)

    def _start(self, child: SupervisedProcess) -> None:
        file = os.open(child.log, os.O_WRONLY | os.O_CREAT | os.O_APPEND | os.O_CLOEXEC, 0o644)
        try:
            child.process = child.start(file)
        finally:
            os.close(file)
        child.started_at = self._clock()
        log.debug("Started %s (process %d).", child.name, child.process.pid)

    def _reap(self, child: SupervisedProcess, process: "subprocess.Popen[bytes]") -> None:
        kill_group(process.pid)  # what it started must not outlive it
        child.process = None
        if self._clock() - child.started_at >= HEALTHY_SECONDS:
            child.early_exits = 0
        wait = self._back_off(child)
        log.warning(
            "%s ended (%s) and is started again in %g s. The end of its log, %s:\n%s",
            *(child.name, describe_exit(process.returncode), wait, child.log, child.last_lines()),
        )

    def _back_off(self, child: SupervisedProcess) -> float:
        child.early_exits += 1
        wait = min(FIRST_BACKOFF * 2.0 ** (child.early_exits - 1), LONGEST_BACKOFF)
        child.due_at = self._clock() + wait
        return wait

    def _update_orphan_reaper(self) -> None:
        self._orphan_reaper.watch([child.process.pid for child in self.children if child.process])


def describe_exit(status: int) -> str:
    """Say how a process ended, as `Popen.returncode` has it."""
    return f"killed by signal {-status}" if status < 0 else f"status {status}"


def _kill(child: SupervisedProcess) -> None:
    if child.process is not None:
        kill_group(child.process.pid)
        child.process.wait()


def _rotate(path: Path) -> None:
    """Set aside a log that grew too large; its process goes on writing to the end of the same file."""
    try:
        if path.stat().st_size > LOG_BYTES:
            shutil.copyfile(path, path.with_name(f"{path.name}.1"))
            os.truncate(path, 0)
    except OSError as error:  # deleted, or the disk is full: it is no reason to end
        log.debug("%s can't be set aside: %s", path, error)
