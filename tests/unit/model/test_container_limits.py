"""Cores and memory are those of the container, in both versions of control groups."""

import os
from pathlib import Path

import pytest

from model import container_limits
from model.container_limits import count_cores, find_memory_limit

GIGABYTE = 2**30


@pytest.fixture
def groups(tmp_path: Path, monkeypatch: pytest.MonkeyPatch):
    """Makes the control groups that a process finds: where it is, and the files of each group."""
    monkeypatch.setattr(os, "sched_getaffinity", lambda _: set(range(64)), raising=False)
    monkeypatch.setattr(container_limits, "MOUNT", tmp_path)
    monkeypatch.setattr(container_limits, "MEMBERSHIP", tmp_path / "membership")

    def groups(membership: str, **files: str) -> None:
        (tmp_path / "membership").write_text(membership)
        for name, text in files.items():
            path = tmp_path / name
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_text(text)

    return groups


def test_without_control_groups_everything_of_the_machine_may_be_used(groups):
    (container_limits.MEMBERSHIP).unlink(missing_ok=True)
    assert (count_cores(), find_memory_limit()) == (64, None)


@pytest.mark.parametrize(
    ("quota", "cores"), [("max 100000", 64), ("200000 100000", 2), ("150000 100000", 2), ("10000 100000", 1)]
)
def test_a_quota_of_the_second_version(groups, quota: str, cores: int):
    groups("0::/\n", **{"cpu.max": f"{quota}\n", "memory.max": "max\n"})
    assert (count_cores(), find_memory_limit()) == (cores, None)


def test_a_group_around_the_own_one_limits_too(groups):
    files = {
        "pod/cpu.max": "400000 100000",
        "pod/container/cpu.max": "max 100000",
        "pod/memory.max": str(8 * GIGABYTE),
        "pod/container/memory.max": str(2 * GIGABYTE),
    }
    groups("0::/pod/container\n", **files)
    assert (count_cores(), find_memory_limit()) == (4, 2 * GIGABYTE)


FIRST_VERSION = "4:memory:/docker/1\n2:cpu,cpuacct:/docker/1\n1:name=systemd:/docker/1\n0::/docker/1\n"


@pytest.mark.parametrize("folder", ["", "docker/1/"], ids=["in a container", "seen from the host"])
def test_a_quota_of_the_first_version(groups, folder: str):
    files = {
        f"cpu,cpuacct/{folder}cpu.cfs_quota_us": "300000\n",
        f"cpu,cpuacct/{folder}cpu.cfs_period_us": "100000\n",
        f"memory/{folder}memory.limit_in_bytes": f"{6 * GIGABYTE}\n",
    }
    groups(FIRST_VERSION, **files)
    assert (count_cores(), find_memory_limit()) == (3, 6 * GIGABYTE)


def test_no_quota_of_the_first_version(groups):
    files = {
        "cpu,cpuacct/cpu.cfs_quota_us": "-1",
        "cpu,cpuacct/cpu.cfs_period_us": "100000",
        "memory/memory.limit_in_bytes": "9223372036854771712",
    }
    groups(FIRST_VERSION, **files)
    assert (count_cores(), find_memory_limit()) == (64, None)


def test_a_process_outside_of_what_it_sees_is_told_no_nonsense(groups):
    groups("0::/../../elsewhere\n", **{"cpu.max": "200000 100000"})
    assert count_cores() == 2
