"""Names of processes: certain about those of this machine, silent about all others."""

import os
import subprocess
import sys

import pytest

from nuqleus.process_identity import is_gone, own_name

TELL = "from nuqleus.process_identity import own_name; print(own_name())"


def start():
    return subprocess.Popen(
        [sys.executable, "-u", "-c", f"{TELL}; input()"],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
    )


def test_a_process_that_lives_is_not_gone_and_one_that_ended_is():
    with start() as process:
        name = process.stdout.readline().strip()
        assert not is_gone(name)
        process.kill()
        process.wait()
        assert is_gone(name)


def test_a_process_that_was_killed_is_gone_though_nobody_has_taken_note():
    with start() as process:
        name = process.stdout.readline().strip()
        process.kill()
        os.waitid(os.P_PID, process.pid, os.WEXITED | os.WNOWAIT)
        assert is_gone(name)


def test_we_are_here():
    assert not is_gone(own_name())


@pytest.mark.parametrize("name", ["elsewhere/4026531836/999999999", "999999999", "", None])
def test_of_a_process_elsewhere_nothing_is_said(name):
    assert not is_gone(name)


def test_a_reboot_makes_it_another_place():
    place, _, _ = own_name().rpartition("/")
    assert is_gone(f"{place}/999999999")
    assert not is_gone(f"another boot{place}/999999999")
