"""Container limits: how many cores, and how much memory, control groups leave to this process.

The operating system tells the host's; a container that is given two of 64 cores, and acts as if it had all, is
throttled, and takes the memory of 64. Control groups of both versions are read, those around one as well:
https://docs.kernel.org/admin-guide/cgroup-v2.html, https://docs.kernel.org/admin-guide/cgroup-v1/index.html.
"""

import math
import os
from collections.abc import Iterator
from contextlib import suppress
from pathlib import Path

MEMBERSHIP = Path("/proc/self/cgroup")
MOUNT = Path("/sys/fs/cgroup")

_NO_MEMORY_LIMIT = 2**60
"""Bytes; the first version tells a number as large where there is none."""


def count_cores() -> int:
    """Return how many cores this process may use: those it may run on, or what its quota amounts to, rounded up."""
    cores = len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1
    return max(1, math.ceil(min([cores, *_cpu_quotas()])))


def find_memory_limit() -> int | None:
    """Return the bytes that this process and those of its control group may take; None without a limit."""
    limits = [limit for limit in _memory_limits() if limit < _NO_MEMORY_LIMIT]
    return min(limits, default=None)


def _cpu_quotas() -> Iterator[float]:
    """In cores."""
    for group in _groups("cpu"):
        quota, _, period = _read(group / "cpu.max").partition(" ")
        if not quota:
            quota, period = _read(group / "cpu.cfs_quota_us"), _read(group / "cpu.cfs_period_us")
        with suppress(ValueError):  # `max`, or no such file
            if int(quota) > 0:  # -1 stands for none in the first version
                yield int(quota) / int(period)


def _memory_limits() -> Iterator[int]:
    for group in _groups("memory"):
        with suppress(ValueError):
            yield int(_read(group / "memory.max") or _read(group / "memory.limit_in_bytes"))


def _groups(controller: str) -> Iterator[Path]:
    """Folders of the control groups that this process is in, the innermost first; in a container some are hidden."""
    for line in _read(MEMBERSHIP).splitlines():
        _, controllers, path = line.split(":", 2)
        if controllers and controller not in controllers.split(","):
            continue
        mount = MOUNT / controllers
        group = mount.joinpath(*Path(path).parts[1:])
        yield from (folder for folder in (group, *group.parents) if folder.is_relative_to(mount))


def _read(path: Path) -> str:
    try:
        return path.read_text().strip()
    except OSError:
        return ""
