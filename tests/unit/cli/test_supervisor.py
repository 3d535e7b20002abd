"""Processes that are kept alive: small real ones, and a clock that is told to move on."""

import logging
import os
import signal
import subprocess
import sys
import time

import psutil
import pytest

from cli.processes.supervisor import FIRST_BACKOFF, HEALTHY_SECONDS, LOG_BYTES, LONGEST_BACKOFF, Supervisor
from nuqleus.errors import BrokerUnavailable

SLEEPER = "import time; print('here', flush=True); time.sleep(600)"
DEAF = f"import signal; signal.signal(signal.SIGTERM, signal.SIG_IGN); {SLEEPER}"
PARENT = f"import subprocess, sys; subprocess.Popen([sys.executable, '-c', {SLEEPER!r}]).wait()"
FAILING = "import sys; sys.exit('no weights')"


def program(source):
    def start(log_file):
        return subprocess.Popen(
            [sys.executable, "-c", source], stdout=log_file, stderr=log_file, start_new_session=True
        )

    return start


@pytest.fixture
def supervisor(tmp_path, clock):
    supervisor = Supervisor(tmp_path / "logs", clock)
    yield supervisor
    supervisor.close()


def wait_until(condition):
    deadline = time.monotonic() + 60
    while not condition():
        assert time.monotonic() < deadline
        time.sleep(0.01)


def end(child):
    """Let a process end by itself, as its parent sees it."""
    os.kill(child.process.pid, signal.SIGKILL)
    child.process.wait()


def test_a_process_that_ended_is_started_again_after_a_moment(supervisor, clock, caplog):
    child = supervisor.add("sleeper", program(SLEEPER))
    end(child)
    supervisor.check()
    assert child.process is None
    clock.advance(FIRST_BACKOFF)
    supervisor.check()
    assert child.is_alive()
    assert "sleeper ended (killed by signal 9)" in caplog.text


def test_the_end_of_its_log_is_told(supervisor, caplog):
    child = supervisor.add("worker", program(FAILING))
    child.process.wait()
    supervisor.check()
    assert "worker ended (status 1)" in caplog.text
    assert "no weights" in caplog.text


def test_waits_grow_while_it_ends_soon_up_to_a_limit(supervisor, clock, caplog):
    caplog.set_level(logging.CRITICAL)
    child = supervisor.add("failing", program(FAILING))
    waits = []
    for _ in range(9):
        child.process.wait()
        supervisor.check()
        waits.append(child.due_at - clock())
        clock.advance(waits[-1])
        supervisor.check()
    assert waits == [0.5, 1, 2, 4, 8, 16, LONGEST_BACKOFF, LONGEST_BACKOFF, LONGEST_BACKOFF]
    assert child.early_exits == 9


def test_after_a_while_of_health_the_waits_begin_anew(supervisor, clock):
    child = supervisor.add("sleeper", program(SLEEPER))
    child.early_exits = 6
    clock.advance(HEALTHY_SECONDS)
    end(child)
    supervisor.check()
    assert child.due_at - clock() == FIRST_BACKOFF


def test_a_process_that_can_not_be_started_again_is_tried_later(supervisor, clock, caplog):
    starts = [program(SLEEPER), None, program(SLEEPER)]

    def start(log_file):
        if (chosen := starts.pop(0)) is None:
            raise BrokerUnavailable("in the way")
        return chosen(log_file)

    child = supervisor.add("broker", start)
    end(child)
    for _ in range(3):
        supervisor.check()
        clock.advance(LONGEST_BACKOFF)
    supervisor.check()
    assert child.is_alive()
    assert "broker can't be started: in the way" in caplog.text


def test_one_that_can_not_be_started_at_all_is_an_error_at_once(supervisor):
    def start(log_file):
        raise BrokerUnavailable("in the way")

    with pytest.raises(BrokerUnavailable):
        supervisor.add("broker", start)
    assert supervisor.children == []


def test_stopping_asks_first_and_is_not_undone_by_the_next_check(supervisor, clock):
    child = supervisor.add("sleeper", program(SLEEPER))
    supervisor.stop([child], grace=60)
    clock.advance(LONGEST_BACKOFF)
    supervisor.check()
    assert child.process.returncode == -signal.SIGTERM
    assert not child.is_alive()


def test_what_does_not_listen_is_killed(supervisor):
    child = supervisor.add("deaf", program(DEAF))
    wait_until(lambda: "here" in child.last_lines())
    supervisor.stop([child], grace=0.1)
    assert child.process.returncode == -signal.SIGKILL


@pytest.mark.parametrize("how", ["it is stopped", "it ends by itself"])
def test_what_a_process_started_does_not_outlive_it(supervisor, how):
    child = supervisor.add("parent", program(PARENT))
    wait_until(lambda: "here" in child.last_lines())
    (grandchild,) = psutil.Process(child.process.pid).children()
    if how == "it is stopped":
        supervisor.stop([child], grace=60)
    else:
        end(child)
        supervisor.check()
    wait_until(lambda: not grandchild.is_running() or grandchild.status() == psutil.STATUS_ZOMBIE)


def test_a_terminals_ctrl_c_does_not_reach_it(supervisor):
    child = supervisor.add("sleeper", program(SLEEPER))
    assert os.getpgid(child.process.pid) != os.getpgid(0)


def test_a_long_log_is_set_aside(supervisor, tmp_path, clock):
    child = supervisor.add("sleeper", program(SLEEPER))
    end(child)
    child.log.write_bytes(b"x" * (LOG_BYTES + 1))
    for _ in range(2):
        supervisor.check()
        clock.advance(FIRST_BACKOFF)
    assert child.is_alive()
    assert child.log.stat().st_size < 1000
    assert (tmp_path / "logs" / "sleeper.log.1").stat().st_size > LOG_BYTES


TALKER = "import time; [(print(number, flush=True), time.sleep(0.01)) for number in range(60_000)]"


def test_a_long_log_is_set_aside_while_its_process_goes_on(supervisor):
    child = supervisor.add("talker", program(TALKER))
    wait_until(lambda: child.log.stat().st_size > 0)
    with child.log.open("ab") as log:
        log.truncate(LOG_BYTES)
    wait_until(lambda: child.log.stat().st_size > LOG_BYTES)
    supervisor.check()
    wait_until(lambda: child.log.stat().st_size > 0)
    assert child.is_alive()
    assert child.log.stat().st_size < 10_000
    assert b"\0" not in child.log.read_bytes(), "the process writes at the end, not where it was"
    assert child.log.with_name("talker.log.1").stat().st_size > LOG_BYTES


def test_a_log_that_was_deleted_does_no_harm(supervisor):
    child = supervisor.add("sleeper", program(SLEEPER))
    child.log.unlink()
    supervisor.check()
    assert child.is_alive()


def test_an_orphan_reaper_that_is_killed_is_replaced(supervisor):
    others = set(psutil.Process().children())
    others.add(psutil.Process(supervisor.add("sleeper", program(SLEEPER)).process.pid))
    (first,) = set(psutil.Process().children()) - others
    first.kill()
    wait_until(lambda: first.status() == psutil.STATUS_ZOMBIE)
    supervisor.check()
    (second,) = set(psutil.Process().children()) - others
    assert second != first
    assert second.is_running()
