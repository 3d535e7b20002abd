"""Health checks: is a process at work? Asked from beside it, in its container, of what it last told the database.

A process that hangs still has its number, and may still answer on a port. It neither renews a lease nor beats.
"""

import time

import psutil
from sqlalchemy import Engine

from nuqleus.database.leadership import current_leader, current_trouble
from nuqleus.database.workers import LiveWorker, Workers
from nuqleus.errors import NotHealthy

TROUBLE_SECONDS = 60.0
"""For so long a scheduler may fail, and count as healthy: a database or a drive restarts."""

WAKING_SECONDS = 5.0
"""A worker's parent waits for messages, and wakes once a second at least."""


def require_scheduler(engine: Engine, now: float) -> str:
    """Make sure that a scheduler looks after the folder: this container's, or one that this one stands by for.

    Args:
        engine: the database.
        now: seconds since 1970.

    Returns:
        A sentence for people.

    Raises:
        NotHealthy: none does, it hangs, or whatever it tries has failed for a minute.
    """
    leader = current_leader(engine, now)
    if leader is None:
        raise NotHealthy(
            "No scheduler renews its lease: none runs, it hangs, or the watched drive doesn't answer."
        )
    trouble, since = current_trouble(engine)
    if since is not None and now - since > TROUBLE_SECONDS:
        raise NotHealthy(
            f"The scheduler {leader} hasn't been able to work for {now - since:.0f} s: {trouble}"
        )
    return f"The scheduler {leader} is at work."


def require_worker(engine: Engine, now: float, within_seconds: float) -> str:
    """Make sure that the last worker that was started in this container, or on this machine, is at work.

    Its two processes are both looked at: the child's heartbeat, and whether the parent still wakes.

    Args:
        engine: the database.
        now: seconds since 1970.
        within_seconds: how long a worker may be silent.

    Returns:
        A sentence for people.

    Raises:
        NotHealthy: there is none, or it hangs.
    """
    worker = Workers(engine).last_here()
    if worker is None:
        raise NotHealthy("No worker has been started here, or it still loads its network.")
    if (silent := now - worker.seen_at) > within_seconds:
        raise NotHealthy(f"The worker {worker.owner} has been silent for {silent:.0f} s.")
    if not _parent_wakes(worker):
        raise NotHealthy(f"The parent of the worker {worker.owner} hangs, or the worker is being replaced.")
    return f"The worker {worker.owner} is at work."


def _parent_wakes(worker: LiveWorker) -> bool:
    try:
        parent = psutil.Process(worker.pid).parent()
        return parent is not None and _wakes(parent)
    except psutil.Error:
        return False


def _wakes(process: psutil.Process) -> bool:
    """Say whether a process stops waiting, and waits again, while we look."""
    end, before = time.monotonic() + WAKING_SECONDS, process.num_ctx_switches().voluntary
    while process.num_ctx_switches().voluntary == before:
        if time.monotonic() > end:
            return False
        time.sleep(0.05)
    return True
