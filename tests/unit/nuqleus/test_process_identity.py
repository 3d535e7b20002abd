"""Names of processes: certain about those of this machine, silent about all others."""

import os
import subprocess
import sys

import pytest

from nuqleus import process_identity

TELL = "from nuqleus import process_identity; print(process_identity.current_identity())"


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
        assert not process_identity.is_dead(name)
        process.kill()
        process.wait()
        assert process_identity.is_dead(name)


def test_a_process_that_was_killed_is_gone_though_nobody_has_taken_note():
    with start() as process:
        name = process.stdout.readline().strip()
        process.kill()
        os.waitid(os.P_PID, process.pid, os.WEXITED | os.WNOWAIT)
        assert process_identity.is_dead(name)


def test_we_are_here():
    assert not process_identity.is_dead(process_identity.current_identity())


@pytest.mark.parametrize("name", ["elsewhere/4026531836/999999999", "999999999", "", None])
def test_of_a_process_elsewhere_nothing_is_said(name):
    assert not process_identity.is_dead(name)


def test_a_reboot_makes_it_another_place():
    place, _, _ = process_identity.current_identity().rpartition("/")
    assert process_identity.is_dead(f"{place}/999999999")
    assert not process_identity.is_dead(f"another boot{place}/999999999")
