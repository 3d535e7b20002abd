"""Disks that are full, and drives that go away: on small file systems in memory, which only root may mount."""

import os
import shutil
import subprocess
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from nuqleus.database.file_states import FileState
from tests.faults.cluster import Cluster
from tests.faults.fault_report import Fault

FILES = 10


@contextmanager
def memory_disk(folder: Path, megabytes: int) -> Iterator[Path]:
    folder.mkdir(exist_ok=True)
    options = ("-t", "tmpfs", "-o", f"size={megabytes}m", "nuqleus-test", str(folder))
    mounted = subprocess.run(["mount", *options], capture_output=True, text=True, check=False)
    if mounted.returncode:
        pytest.skip(f"no file system can be mounted here: {mounted.stderr.strip()}")
    try:
        yield folder
    finally:
        subprocess.run(["umount", "--lazy", str(folder)], check=False)


@pytest.fixture
def small_disk(tmp_path):
    if not shutil.which("mount"):
        pytest.skip("there is no mount here")
    with memory_disk(tmp_path / "small", megabytes=8) as folder:
        yield folder


def fill_queue(cluster: Cluster) -> None:
    """One file is done, the others are queued, and no worker lives."""
    cluster.start()
    cluster.drop("first.png")
    cluster.wait_for_end()
    cluster.worker.kill()
    cluster.drop(*(f"{number}.png" for number in range(FILES)))
    cluster.wait_until_counted(FileState.QUEUED, FILES)


def fill(disk: Path) -> Path:
    """Take all the space that is left."""
    filler = disk / "filler"
    with filler.open("wb", buffering=0) as file:
        for size in (2**16, 2**12, 1):
            try:
                while True:
                    file.write(bytes(size))
            except OSError:
                continue
    return filler


def test_a_full_disk_is_waited_for(build, small_disk, report):
    cluster = build("sqlite", database_folder=small_disk)
    cluster.start()
    cluster.drop("first.png")
    cluster.wait_for_end()

    filler = fill(small_disk)
    cluster.drop(*(f"{number}.png" for number in range(FILES)))
    cluster.wait_until_said(cluster.scheduler, "can't work, and keeps trying")
    assert "disk is full" in cluster.scheduler.said() or "disk I/O error" in cluster.scheduler.said()
    began = time.monotonic()
    filler.unlink()
    cluster.wait_for_end()
    seconds = time.monotonic() - began

    counts = cluster.count_files()
    assert counts.done == FILES + 1
    report.write(Fault("the database's disk is full, then has space again", "sqlite", 1, seconds), counts)


def test_a_drive_that_goes_away_and_comes_back(build, small_disk, report):
    """Unmounted, it leaves an empty folder: files that were queued must not count as deleted."""
    cluster = build("sqlite", input_dir=small_disk)
    fill_queue(cluster)

    kept = small_disk.with_name("kept")
    subprocess.run(["mkdir", str(kept)], check=True)
    subprocess.run(["mount", "--bind", str(small_disk), str(kept)], check=True)
    subprocess.run(["umount", "--lazy", str(small_disk)], check=True)
    cluster.worker.start()
    cluster.wait_until_said(cluster.scheduler, "is its drive mounted?")
    assert not any(os.scandir(small_disk))
    began = time.monotonic()
    subprocess.run(["mount", "--bind", str(kept), str(small_disk)], check=True)
    cluster.wait_for_end()
    seconds = time.monotonic() - began
    subprocess.run(["umount", "--lazy", str(kept)], check=True)

    counts = cluster.count_files()
    assert counts.done == FILES + 1
    report.write(Fault("the inbox is unmounted, then mounted again", "sqlite", 1, seconds), counts)


def test_a_watched_folder_that_is_pointed_elsewhere_and_back(build, tmp_path, report):
    """Files of the same names lie there: none may be taken for another."""
    monday, tuesday, link = (tmp_path / name for name in ("monday", "tuesday", "link"))
    for folder in (monday, tuesday):
        folder.mkdir()
    link.symlink_to(monday)
    cluster = build("sqlite", input_dir=link)
    fill_queue(cluster)

    point(link, tuesday)
    (tuesday / "0.png").write_bytes(b"of tuesday")
    cluster.wait_until_said(cluster.scheduler, "is another one")
    began = time.monotonic()
    point(link, monday)
    cluster.worker.start()
    cluster.wait_for_end()
    seconds = time.monotonic() - began

    counts = cluster.count_files()
    assert counts.done == FILES + 1
    report.write(Fault("the inbox, a link, is pointed elsewhere and back", "sqlite", 1, seconds), counts)


def point(link: Path, target: Path) -> None:
    link.unlink()
    link.symlink_to(target)
