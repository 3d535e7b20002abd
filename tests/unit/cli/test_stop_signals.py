"""Being told to stop."""

import os
import signal

import pytest

from cli.processes.stop_signals import StopSignals


@pytest.fixture(autouse=True)
def hang_up_as_usual():
    """Tests that were started by nohup would ignore SIGHUP."""
    before = signal.signal(signal.SIGHUP, signal.SIG_DFL)
    yield
    signal.signal(signal.SIGHUP, before)


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM, signal.SIGHUP])
def test_while_somebody_looks_the_first_signal_is_noted_and_the_second_interrupts(number):
    with StopSignals() as signals:
        signals.deferring = True
        assert not signals.received
        os.kill(os.getpid(), number)
        assert signals.received
        with pytest.raises(KeyboardInterrupt):
            os.kill(os.getpid(), number)


def test_while_nobody_looks_the_first_one_interrupts():
    with StopSignals(), pytest.raises(KeyboardInterrupt):
        os.kill(os.getpid(), signal.SIGTERM)


def test_a_program_that_was_started_to_outlive_its_terminal_does():
    signal.signal(signal.SIGHUP, signal.SIG_IGN)
    with StopSignals() as signals:
        os.kill(os.getpid(), signal.SIGHUP)
        assert not signals.received
