"""Orphan reaper: a process that ends the supervisor's children if the supervisor is killed.

It runs `python -m cli.processes.orphan_reaper` and reads a pipe. Each line is a JSON list of the processes to look
after, and replaces the line before. When the pipe ends, whoever held it is gone, however suddenly, and what is left on
the list is ended.
"""

import json
import logging
import os
import signal
import subprocess
import sys
import time
from collections.abc import Iterable
from contextlib import suppress

GRACE_SECONDS = 5.0
"""From asking a process to end until it is killed."""

log = logging.getLogger(__name__)


class OrphanReaper:
    """The orphan reaper, as the supervisor handles it: starts it, and keeps its list up to date."""

    def __init__(self) -> None:
        self._process: subprocess.Popen[bytes] | None = None
        self._sent: list[int] = []

    def watch(self, pids: list[int]) -> None:
        """Replace the list of processes; a reaper that has ended itself is replaced."""
        if self._process is not None and self._process.poll() is not None:
            self._process.communicate()
            self._process, self._sent = None, []
        if self._process is None:
            self._process = _start()
        if pids != self._sent:
            self._send(pids)

    def stop(self) -> None:
        """Let it go, with nothing to end."""
        if self._process is not None:
            self._send([])
            self._process.communicate()

    def _send(self, pids: list[int]) -> None:
        assert self._process is not None
        assert self._process.stdin is not None
        try:
            self._process.stdin.write(json.dumps(pids).encode() + b"\n")
            self._sent = pids
        except BrokenPipeError:
            log.debug("The orphan reaper is gone; the next check starts another.")


def reap_at_end(lines: Iterable[str], grace: float = GRACE_SECONDS) -> None:
    """Read lists until there are no more, then end what is on the last one."""
    pids: list[int] = []
    for line in lines:
        pids = json.loads(line)
    _terminate(pids, grace)


def kill_group(pid: int) -> None:
    """Kill a process and all those of the group that it leads."""
    with suppress(ProcessLookupError):
        os.killpg(pid, signal.SIGKILL)


def _start() -> "subprocess.Popen[bytes]":
    command = [sys.executable, "-P", "-m", "cli.processes.orphan_reaper"]
    return subprocess.Popen(command, stdin=subprocess.PIPE, bufsize=0, start_new_session=True)


def _terminate(pids: list[int], grace: float) -> None:
    """Ask processes to end; after a while kill them, and all those that they started."""
    for pid in pids:
        with suppress(ProcessLookupError):
            os.kill(pid, signal.SIGTERM)
    deadline = time.monotonic() + grace
    while any(map(_is_group_alive, pids)) and time.monotonic() < deadline:
        time.sleep(0.05)
    for pid in pids:
        kill_group(pid)


def _is_group_alive(pid: int) -> bool:
    """Say whether a process, or one of the group that it leads, is there."""
    try:
        os.killpg(pid, 0)
    except ProcessLookupError:
        return False
    return True


if __name__ == "__main__":
    reap_at_end(sys.stdin)
