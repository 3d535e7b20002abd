"""`nuqleus run` as a process among processes: started twice, stopped, killed. Its workers have a stand-in network."""

import os
import signal
import time
from pathlib import Path

import psutil
import pytest
from PIL import Image

from cli.processes.local_stack import WORKER_GRACE
from tests.acceptance.house import PATIENCE, House, interrupt, kill_all
from tests.stand_in import draw_squares

pytestmark = pytest.mark.acceptance

PROGRAM = str(Path(__file__).with_name("stand_in_cli.py"))
SECONDS_TO_STOP = 20


@pytest.fixture
def house(tmp_path):
    house = House(tmp_path, (PROGRAM,))
    yield house
    house.close()


def put(house, name):
    """An image unlike all others."""
    path = house.inbox / name
    path.parent.mkdir(parents=True, exist_ok=True)
    others = sum(other.is_file() for other in house.inbox.rglob("*"))
    Image.fromarray(draw_squares(1 + others)).save(path)


def hold(house):
    """From now on a worker doesn't finish its image, until the file that is returned is removed."""
    path = house.inbox.with_name("hold")
    path.touch()
    return path


def below(process):
    return psutil.Process(process.pid).children(recursive=True)


def lives(process):
    return process.is_running() and process.status() != psutil.STATUS_ZOMBIE


def child(process, word):
    """The child whose command line has this word in it."""
    return next(
        child for child in psutil.Process(process.pid).children() if word in " ".join(child.cmdline())
    )


def wait_until_done(house, count):
    house.wait_until(lambda: list(house.states().values()) == ["done"] * count, what=f"{count} files done")
    query = "SELECT path, count(*) FROM files JOIN images ON file_id = files.id GROUP BY path"
    assert set(dict(house.rows(query)).values()) == {1}


def wait_until_running(house):
    house.wait_until(lambda: "running" in house.states().values(), what="a file being processed")


def test_once_ends_when_everything_has_ended_and_leaves_no_process_behind(house):
    for name in ("a.png", "sub/b.png", "sub/deep/c.png"):
        put(house, name)
    process = house.start("run", "--once", "--workers", "2")
    house.wait_until(lambda: len(below(process)) >= 4, what="broker, guardian and two workers")
    family = below(process)
    assert process.wait(timeout=PATIENCE) == 0
    assert [member for member in family if lives(member)] == []
    assert set(house.states().values()) == {"done"}
    printed = house.log.read_text()
    assert "sub/deep/c.png │ done" in printed
    assert "sqlite3 -header -column state/nuqleus.db" in printed


def test_once_lists_what_failed_and_ends_with_status_1(house):
    put(house, "good.png")
    (house.inbox / "bad.tif").write_text("not an image")
    (house.inbox / "empty.png").touch()
    ended = house.call("run", "--once")
    assert ended.returncode == 1
    assert house.states() == {"good.png": "done", "bad.tif": "failed", "empty.png": "failed"}
    reasons = [line for line in ended.stderr.splitlines() if line.startswith(("bad", "empty"))]
    assert len(reasons) == 2
    assert reasons[1].startswith("empty.png: empty-file: ")


def test_once_on_an_empty_folder_ends_at_once_and_says_so(house):
    ended = house.call("run", "--once")
    assert (ended.returncode, ended.stdout) == (0, "There are no files to process in inbox.\n")


def test_a_second_run_on_the_same_state_folder_is_refused(house):
    first = house.start("run")
    house.wait_until(lambda: house.inbox.with_name("state").exists(), what="state folder")
    house.wait_until(lambda: len(below(first)) >= 3, what="started")
    second = house.call("run")
    assert second.returncode == 1
    assert f"Another `nuqleus run` (process {first.pid})" in second.stderr
    assert first.poll() is None


def test_a_missing_folder_is_an_error_that_says_what_to_do(house):
    ended = house.call("run", "--input", "elsewhere")
    assert ended.returncode == 1
    assert "elsewhere does not exist. Create it" in ended.stderr
    assert not house.inbox.with_name("state").exists()


def test_ctrl_c_stops_everything_in_seconds_and_the_image_at_hand_is_finished(house):
    put(house, "a.png")
    held = hold(house)
    process = house.start("run")
    wait_until_running(house)
    family = below(process)
    began = time.monotonic()
    os.killpg(process.pid, signal.SIGINT)
    held.unlink()
    assert process.wait(timeout=SECONDS_TO_STOP) == 0, house.log.read_text()
    assert time.monotonic() - began < SECONDS_TO_STOP
    assert [member for member in family if lives(member)] == []
    assert house.states() == {"a.png": "done"}


def test_an_image_that_takes_too_long_is_left_and_processed_by_the_next_run(house):
    put(house, "a.png")
    held = hold(house)
    process = house.start("run")
    wait_until_running(house)
    assert interrupt(process) == 0
    held.unlink()
    house.start("run")
    wait_until_done(house, 1)


def test_a_second_ctrl_c_ends_it_at_once(house):
    put(house, "a.png")
    hold(house)
    process = house.start("run")
    wait_until_running(house)
    family = below(process)
    os.killpg(process.pid, signal.SIGINT)
    house.wait_until(lambda: "Ctrl-C again" in house.log.read_text(), what="first signal noticed")
    os.killpg(process.pid, signal.SIGINT)
    assert process.wait(timeout=WORKER_GRACE) == 130
    house.wait_until(lambda: not any(map(lives, family)), what="everything ended")


def test_stopping_works_while_workers_are_still_starting(house):
    process = house.start("run")
    house.wait_until(lambda: len(below(process)) >= 3, what="processes started")
    family = below(process)
    assert interrupt(process) in (0, 130)
    assert [member for member in family if lives(member)] == []


def test_what_a_killed_run_started_ends_and_the_next_run_does_everything(house):
    for number in range(6):
        put(house, f"{number}.png")
    held = hold(house)
    process = house.start("run")
    wait_until_running(house)
    family = below(process)
    process.kill()
    process.wait()
    house.start("run")  # while the processes of the dead run still end
    house.wait_until(lambda: not any(map(lives, family)), what="processes of the dead run ended")
    held.unlink()
    wait_until_done(house, 6)


def test_everything_may_be_killed_at_once(house):
    for number in range(6):
        put(house, f"{number}.png")
    held = hold(house)
    process = house.start("run")
    wait_until_running(house)
    kill_all(process)
    held.unlink()
    again = house.call("run", "--once")
    assert again.returncode == 0, again.stderr
    wait_until_done(house, 6)


@pytest.mark.parametrize("victim", ["server", "stand_in_app", "cli.processes.orphan_reaper"])
def test_a_process_that_is_killed_is_replaced_and_nothing_is_lost(house, victim):
    for number in range(4):
        put(house, f"{number}.png")
    held = hold(house)
    process = house.start("run")
    wait_until_running(house)
    child(process, victim).kill()
    held.unlink()
    put(house, "late.png")
    wait_until_done(house, 5)
    assert interrupt(process) == 0


def test_workers_that_never_start_are_no_reason_to_wait_for_ever(house, monkeypatch):
    put(house, "a.png")
    monkeypatch.setenv("STAND_IN_WORKER", "false")
    ended = house.call("run", "--once")
    assert ended.returncode == 1
    assert "The workers end as soon as they are started" in ended.stderr


def test_a_scheduler_alone_needs_a_broker(house):
    ended = house.call("schedule")
    assert ended.returncode == 1
    assert "NUQLEUS_BROKER_URL" in ended.stderr
