"""Ends a dead run's processes: `python -m cli.processes.orphan_reaper`, which the supervisor starts with a pipe.

Each line is a JSON list of the processes to look after, and replaces the line before. When the pipe ends, whoever
held it is gone, however suddenly, and what is left on the list is ended.
"""

import json
import os
import signal
import sys
import time
from collections.abc import Iterable
from contextlib import suppress

GRACE_SECONDS = 5.0
"""From asking a process to end until it is killed."""


def guard(lines: Iterable[str], grace: float = GRACE_SECONDS) -> None:
    """Read lists until there are no more, then end what is on the last one."""
    pids: list[int] = []
    for line in lines:
        pids = json.loads(line)
    end(pids, grace)


def end(pids: list[int], grace: float) -> None:
    """Ask processes to end; after a while kill them, and all those that they started."""
    for pid in pids:
        with suppress(ProcessLookupError):
            os.kill(pid, signal.SIGTERM)
    deadline = time.monotonic() + grace
    while any(map(lives, pids)) and time.monotonic() < deadline:
        time.sleep(0.05)
    for pid in pids:
        kill_group(pid)


def lives(pid: int) -> bool:
    """Say whether a process, or one of the group that it leads, is there."""
    try:
        os.killpg(pid, 0)
    except ProcessLookupError:
        return False
    return True


def kill_group(pid: int) -> None:
    """Kill a process and all those of the group that it leads."""
    with suppress(ProcessLookupError):
        os.killpg(pid, signal.SIGKILL)


if __name__ == "__main__":
    guard(sys.stdin)
