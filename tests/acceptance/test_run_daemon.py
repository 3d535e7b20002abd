"""`nuqleus run` as a process among processes: started twice, stopped, killed. Its workers have a fake segmenter."""

import os
import signal
from pathlib import Path

import psutil
import pytest
from PIL import Image

from tests.acceptance.deployment import PATIENCE, Deployment, interrupt, kill_all
from tests.fake_segmenter import draw_squares

pytestmark = pytest.mark.acceptance

PROGRAM = str(Path(__file__).with_name("fake_worker_cli.py"))


@pytest.fixture
def deployment(tmp_path):
    deployment = Deployment(tmp_path, (PROGRAM,))
    yield deployment
    deployment.close()


def put(deployment, name):
    """An image unlike all others."""
    path = deployment.inbox / name
    path.parent.mkdir(parents=True, exist_ok=True)
    others = sum(other.is_file() for other in deployment.inbox.rglob("*"))
    Image.fromarray(draw_squares(1 + others)).save(path)


def hold(deployment):
    """From now on a worker doesn't finish its image, until the file that is returned is removed."""
    path = deployment.inbox.with_name("hold")
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


def wait_until_done(deployment, count):
    deployment.wait_until(
        lambda: list(deployment.states().values()) == ["done"] * count, what=f"{count} files done"
    )
    query = "SELECT path, count(*) FROM files JOIN images ON file_id = files.id GROUP BY path"
    assert set(dict(deployment.rows(query)).values()) == {1}


def wait_until_running(deployment):
    deployment.wait_until(lambda: "running" in deployment.states().values(), what="a file being processed")


def test_once_ends_when_everything_has_ended_and_leaves_no_process_behind(deployment):
    for name in ("a.png", "sub/b.png", "sub/deep/c.png"):
        put(deployment, name)
    held = hold(deployment)
    process = deployment.start("run", "--once", "--workers", "2")
    deployment.wait_until(lambda: len(below(process)) >= 4, what="broker, orphan reaper and two workers")
    family = below(process)
    held.unlink()
    assert process.wait(timeout=PATIENCE) == 0
    assert [member for member in family if lives(member)] == []
    assert set(deployment.states().values()) == {"done"}
    printed = deployment.log.read_text()
    assert "sub/deep/c.png │ done" in printed
    assert "sqlite3 -header -column state/nuqleus.db" in printed


def test_once_lists_what_failed_and_ends_with_status_1(deployment):
    put(deployment, "good.png")
    (deployment.inbox / "bad.tif").write_text("not an image")
    (deployment.inbox / "empty.png").touch()
    ended = deployment.call("run", "--once")
    assert ended.returncode == 1
    assert deployment.states() == {"good.png": "done", "bad.tif": "failed", "empty.png": "failed"}
    reasons = [line for line in ended.stderr.splitlines() if line.startswith(("bad", "empty"))]
    assert len(reasons) == 2
    assert reasons[1].startswith("empty.png: empty-file: ")


def test_once_on_an_empty_folder_ends_at_once_and_says_so(deployment):
    ended = deployment.call("run", "--once")
    assert (ended.returncode, ended.stdout) == (0, "There are no files to process in inbox.\n")


def test_a_second_run_on_the_same_state_folder_is_refused(deployment):
    first = deployment.start("run")
    deployment.wait_until(lambda: deployment.inbox.with_name("state").exists(), what="state folder")
    deployment.wait_until(lambda: len(below(first)) >= 3, what="started")
    second = deployment.call("run")
    assert second.returncode == 1
    assert f"Another `nuqleus run` (process {first.pid})" in second.stderr
    assert first.poll() is None


def test_a_missing_folder_is_an_error_that_says_what_to_do(deployment):
    ended = deployment.call("run", "--input", "elsewhere")
    assert ended.returncode == 1
    assert "elsewhere does not exist. Create it" in ended.stderr
    assert not deployment.inbox.with_name("state").exists()


def test_ctrl_c_stops_everything_and_the_image_at_hand_is_finished(deployment, monkeypatch):
    """By itself, not at the end of the grace, which a busy machine may need: it is longer here than anybody waits."""
    monkeypatch.setenv("WORKER_GRACE", str(2 * PATIENCE))
    put(deployment, "a.png")
    held = hold(deployment)
    process = deployment.start("run")
    wait_until_running(deployment)
    family = below(process)
    os.killpg(process.pid, signal.SIGINT)
    held.unlink()
    assert process.wait(timeout=PATIENCE) == 0, deployment.log.read_text()
    assert [member for member in family if lives(member)] == []
    assert deployment.states() == {"a.png": "done"}


def test_an_image_that_takes_too_long_is_left_and_processed_by_the_next_run(deployment):
    put(deployment, "a.png")
    held = hold(deployment)
    process = deployment.start("run")
    wait_until_running(deployment)
    assert interrupt(process) == 0
    held.unlink()
    deployment.start("run")
    wait_until_done(deployment, 1)


def test_a_second_ctrl_c_ends_it_at_once(deployment):
    put(deployment, "a.png")
    hold(deployment)
    process = deployment.start("run")
    wait_until_running(deployment)
    family = below(process)
    os.killpg(process.pid, signal.SIGINT)
    deployment.wait_until(lambda: "Ctrl-C again" in deployment.log.read_text(), what="first signal noticed")
    os.killpg(process.pid, signal.SIGINT)
    assert process.wait(timeout=PATIENCE) == 130, "it would be 0 had the worker been waited for"
    deployment.wait_until(lambda: not any(map(lives, family)), what="everything ended")


def test_stopping_works_while_workers_are_still_starting(deployment):
    process = deployment.start("run")
    deployment.wait_until(lambda: len(below(process)) >= 3, what="processes started")
    family = below(process)
    assert interrupt(process) in (0, 130)
    assert [member for member in family if lives(member)] == []


def test_what_a_killed_run_started_ends_and_the_next_run_does_everything(deployment):
    for number in range(6):
        put(deployment, f"{number}.png")
    held = hold(deployment)
    process = deployment.start("run")
    wait_until_running(deployment)
    family = below(process)
    process.kill()
    process.wait()
    deployment.start("run")  # while the processes of the dead run still end
    deployment.wait_until(lambda: not any(map(lives, family)), what="processes of the dead run ended")
    held.unlink()
    wait_until_done(deployment, 6)


def test_everything_may_be_killed_at_once(deployment):
    for number in range(6):
        put(deployment, f"{number}.png")
    held = hold(deployment)
    process = deployment.start("run")
    wait_until_running(deployment)
    kill_all(process)
    held.unlink()
    again = deployment.call("run", "--once")
    assert again.returncode == 0, again.stderr
    wait_until_done(deployment, 6)


@pytest.mark.parametrize("victim", ["server", "fake_app", "cli.processes.orphan_reaper"])
def test_a_process_that_is_killed_is_replaced_and_nothing_is_lost(deployment, victim):
    for number in range(4):
        put(deployment, f"{number}.png")
    held = hold(deployment)
    process = deployment.start("run")
    wait_until_running(deployment)
    child(process, victim).kill()
    held.unlink()
    put(deployment, "late.png")
    wait_until_done(deployment, 5)
    assert interrupt(process) == 0


def test_workers_that_never_start_are_no_reason_to_wait_for_ever(deployment, monkeypatch):
    put(deployment, "a.png")
    monkeypatch.setenv("FAKE_WORKER", "false")
    ended = deployment.call("run", "--once")
    assert ended.returncode == 1
    assert "The workers end as soon as they are started" in ended.stderr


def test_a_scheduler_alone_needs_a_broker(deployment):
    ended = deployment.call("schedule")
    assert ended.returncode == 1
    assert "NUQLEUS_BROKER_URL" in ended.stderr
