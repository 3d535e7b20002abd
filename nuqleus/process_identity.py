"""Which process somebody is, told to others through the database: whoever finds that it is gone need not wait.

A number is good for that only where it was given. Containers and reboots give the same ones again, so a name is that
of the place too; of a process elsewhere nobody here can say that it is gone.
"""

import os
import socket
import uuid
from functools import cache
from pathlib import Path

import psutil


def own_name() -> str:
    """This process's name, for `is_gone`."""
    return f"{_here()}/{os.getpid()}"


def is_here(name: str | None) -> bool:
    """Say whether a process was started where this one was: in this container, or on this machine outside of any."""
    return (name or "").rpartition("/")[0] == _here()


def is_gone(name: str | None) -> bool:
    """Say whether a process ended for certain; False for one that may live elsewhere, and for no name.

    A number that was given to another process since counts as living.
    """
    pid = (name or "").rpartition("/")[2]
    if not is_here(name) or not pid.isdecimal():
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
