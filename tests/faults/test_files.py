"""What people and programs do to files while a facility runs, all in one inbox."""

import os
import shutil
import time

import pytest

from nuqleus.database.file_states import FileState
from tests.faults import stages
from tests.faults.fault_report import Fault

pytestmark = pytest.mark.parametrize("database", ["sqlite"], indirect=True)


def test_odd_files_of_all_kinds(cluster, report, tmp_path):
    began = time.monotonic()
    odd_names(cluster)
    the_same_content_twice(cluster)
    a_folder_is_moved_in(cluster, tmp_path)
    what_is_no_file(cluster, tmp_path)
    cluster.wait_for_end()
    counts = cluster.count_files()
    assert (counts.done, counts.duplicate, counts.failed) == (7, 1, 0)
    assert [cluster.row(name) for name in ("link.png", "pipe.png", "x.png")] == [None, None, None]
    what = "odd names, a copy, a folder moved in, links out, a pipe, a folder called x.png"
    report.write(Fault(what, "sqlite", 1, time.monotonic() - began), counts)


def odd_names(cluster):
    cluster.drop("with spaces .png", "new\nline.png", "Zellkörner 核.png", "n" * 251 + ".png")
    cluster.drop(os.fsdecode(b"latin-\xe4.png"))


def the_same_content_twice(cluster):
    cluster.drop("original.png")
    shutil.copy(cluster.inbox / "original.png", cluster.inbox / "copy.png")
    cluster.nuclei["copy.png"] = cluster.nuclei["original.png"]


def a_folder_is_moved_in(cluster, tmp_path):
    cluster.drop("plate/A01.png")
    (cluster.inbox / "plate").rename(tmp_path / "plate")
    (tmp_path / "plate").rename(cluster.inbox / "plate moved in")
    cluster.nuclei["plate moved in/A01.png"] = cluster.nuclei.pop("plate/A01.png")


def what_is_no_file(cluster, tmp_path):
    cluster.draw()[1].save(tmp_path / "secret.png")
    (cluster.inbox / "link.png").symlink_to(tmp_path / "secret.png")
    os.mkfifo(cluster.inbox / "pipe.png")
    (cluster.inbox / "x.png").mkdir()


def test_files_that_come_while_nobody_watches(cluster, report):
    cluster.scheduler.kill()
    cluster.drop(*(f"early {number}.png" for number in range(5)))
    cluster.scheduler.start()
    began = time.monotonic()
    cluster.wait_for_end()
    what = "files dropped while the scheduler is down"
    report.write(Fault(what, "sqlite", 1, time.monotonic() - began), cluster.count_files())


def test_a_file_that_is_replaced_while_it_is_processed(cluster, report):
    """The new content wins, whenever the old one's results come."""
    for stage in (stages.READING, stages.NETWORK, stages.BEFORE_COMMIT):
        name = f"replaced {stage}.png"
        cluster.stages.hold(stage)
        cluster.drop(name)
        cluster.wait_at(stage)
        before = cluster.nuclei[name]
        cluster.drop(name)
        assert cluster.nuclei[name] != before
        cluster.wait_for(name, FileState.WAITING, FileState.QUEUED)
        cluster.stages.release(stage)
        began = time.monotonic()
        cluster.wait_for(name, FileState.DONE)
        seconds = time.monotonic() - began
        report.write(Fault(f"a file is replaced, {stage}", "sqlite", 1, seconds), cluster.count_files())


def test_a_file_that_is_deleted_before_its_turn(cluster, report):
    cluster.stages.hold(stages.NETWORK)
    cluster.drop("first.png")
    cluster.wait_at(stages.NETWORK)
    cluster.drop("deleted.png")
    cluster.wait_for("deleted.png", FileState.QUEUED)
    (cluster.inbox / "deleted.png").unlink()
    cluster.stages.release(stages.NETWORK)
    began = time.monotonic()
    cluster.wait_for_end()
    assert cluster.row("deleted.png").error_kind == "vanished"
    what = "a file is deleted before its turn"
    report.write(Fault(what, "sqlite", 1, time.monotonic() - began), cluster.count_files())


def test_told_to_stop_each_part_ends_in_order(cluster):
    cluster.drop("a.png")
    cluster.wait_for_end()
    assert cluster.scheduler.stop() == 0
    assert cluster.worker.stop() == 0


def test_a_worker_that_is_told_twice_leaves_its_file_to_the_next(cluster, report):
    cluster.stages.hold(stages.NETWORK)
    cluster.drop("a.png")
    cluster.wait_at(stages.NETWORK)
    began = time.monotonic()
    cluster.scheduler.freeze()  # it would give the file to the next worker before we look
    cluster.worker.stop_at_once()
    assert cluster.state("a.png") == FileState.RUNNING
    cluster.scheduler.thaw()
    cluster.stages.release(stages.NETWORK)
    cluster.worker.start()
    cluster.wait_for_end()
    what = "SIGTERM twice to a worker, then a new one"
    report.write(Fault(what, "sqlite", 1, time.monotonic() - began), cluster.count_files())
