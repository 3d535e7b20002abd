"""Process identity that survives PID reuse: boot id, PID namespace, PID.

It is told to others through the database: whoever finds that a process is dead need not wait for its lease to run out.
Of a process elsewhere nobody here can say that it is dead.
"""

import os
import socket
import uuid
from functools import cache
from pathlib import Path

import psutil


def current_identity() -> str:
    """This process's identity."""
    return f"{_here()}/{os.getpid()}"


def is_here(identity: str | None) -> bool:
    """Say whether a process was started where this one was: in this container, or on this machine outside of any."""
    return (identity or "").rpartition("/")[0] == _here()


def is_dead(identity: str | None) -> bool:
    """Say whether a process ended for certain; False for one that may live elsewhere, and for no identity.

    A number that was given to another process since counts as living.
    """
    pid = (identity or "").rpartition("/")[2]
    if not is_here(identity) or not pid.isdecimal():
        return False
    try:
        return psutil.Process(int(pid)).status() == psutil.STATUS_ZOMBIE
    except psutil.NoSuchProcess:
        return True


@cache
def _here() -> str:
    """What all processes with one numbering have in common, and no others: a boot, and a container."""
    try:
        boot = Path("/proc/sys/kernel/random/boot_id").read_text().strip()
        return f"{boot}/{Path('/proc/self/ns/pid').stat().st_ino}"
    except OSError:  # not Linux: no containers either
        return f"{socket.gethostname()}/{uuid.getnode():x}"
