"""What people and programs do to files while a facility runs, all in one inbox."""

import os
import shutil
import time

import pytest

from nuqleus.database.states import FileState
from tests.faults import stages
from tests.faults.ledger import Fault

pytestmark = pytest.mark.parametrize("database", ["sqlite"], indirect=True)


def test_odd_files_of_all_kinds(plant, ledger, tmp_path):
    began = time.monotonic()
    odd_names(plant)
    the_same_content_twice(plant)
    a_folder_is_moved_in(plant, tmp_path)
    what_is_no_file(plant, tmp_path)
    plant.wait_for_end()
    tally = plant.tally()
    assert (tally.done, tally.duplicate, tally.failed) == (7, 1, 0)
    assert [plant.row(name) for name in ("link.png", "pipe.png", "x.png")] == [None, None, None]
    what = "odd names, a copy, a folder moved in, links out, a pipe, a folder called x.png"
    ledger.write(Fault(what, "sqlite", 1, time.monotonic() - began), tally)


def odd_names(plant):
    plant.drop("with spaces .png", "new\nline.png", "Zellkörner 核.png", "n" * 251 + ".png")
    plant.drop(os.fsdecode(b"latin-\xe4.png"))


def the_same_content_twice(plant):
    plant.drop("original.png")
    shutil.copy(plant.inbox / "original.png", plant.inbox / "copy.png")
    plant.nuclei["copy.png"] = plant.nuclei["original.png"]


def a_folder_is_moved_in(plant, tmp_path):
    plant.drop("plate/A01.png")
    (plant.inbox / "plate").rename(tmp_path / "plate")
    (tmp_path / "plate").rename(plant.inbox / "plate moved in")
    plant.nuclei["plate moved in/A01.png"] = plant.nuclei.pop("plate/A01.png")


def what_is_no_file(plant, tmp_path):
    plant.draw()[1].save(tmp_path / "secret.png")
    (plant.inbox / "link.png").symlink_to(tmp_path / "secret.png")
    os.mkfifo(plant.inbox / "pipe.png")
    (plant.inbox / "x.png").mkdir()


def test_files_that_come_while_nobody_watches(plant, ledger):
    plant.scheduler.kill()
    plant.drop(*(f"early {number}.png" for number in range(5)))
    plant.scheduler.start()
    began = time.monotonic()
    plant.wait_for_end()
    what = "files dropped while the scheduler is down"
    ledger.write(Fault(what, "sqlite", 1, time.monotonic() - began), plant.tally())


def test_a_file_that_is_replaced_while_it_is_processed(plant, ledger):
    """The new content wins, whenever the old one's results come."""
    for stage in (stages.READING, stages.NETWORK, stages.BEFORE_COMMIT):
        name = f"replaced {stage}.png"
        plant.stages.hold(stage)
        plant.drop(name)
        plant.wait_at(stage)
        before = plant.nuclei[name]
        plant.drop(name)
        assert plant.nuclei[name] != before
        plant.wait_for(name, FileState.WAITING, FileState.QUEUED)
        plant.stages.release(stage)
        began = time.monotonic()
        plant.wait_for(name, FileState.DONE)
        seconds = time.monotonic() - began
        ledger.write(Fault(f"a file is replaced, {stage}", "sqlite", 1, seconds), plant.tally())


def test_a_file_that_is_deleted_before_its_turn(plant, ledger):
    plant.stages.hold(stages.NETWORK)
    plant.drop("first.png")
    plant.wait_at(stages.NETWORK)
    plant.drop("deleted.png")
    plant.wait_for("deleted.png", FileState.QUEUED)
    (plant.inbox / "deleted.png").unlink()
    plant.stages.release(stages.NETWORK)
    began = time.monotonic()
    plant.wait_for_end()
    assert plant.row("deleted.png").error_kind == "vanished"
    what = "a file is deleted before its turn"
    ledger.write(Fault(what, "sqlite", 1, time.monotonic() - began), plant.tally())


def test_told_to_stop_each_part_ends_in_order(plant):
    plant.drop("a.png")
    plant.wait_for_end()
    assert plant.scheduler.stop() == 0
    assert plant.worker.stop() == 0


def test_a_worker_that_is_told_twice_leaves_its_file_to_the_next(plant, ledger):
    plant.stages.hold(stages.NETWORK)
    plant.drop("a.png")
    plant.wait_at(stages.NETWORK)
    began = time.monotonic()
    plant.worker.stop_at_once()
    assert plant.state("a.png") == FileState.RUNNING
    plant.stages.release(stages.NETWORK)
    plant.worker.start()
    plant.wait_for_end()
    what = "SIGTERM twice to a worker, then a new one"
    ledger.write(Fault(what, "sqlite", 1, time.monotonic() - began), plant.tally())
