"""A worker's child process as it starts, drains, and hangs."""

import os
import signal
import subprocess
import sys
from unittest.mock import Mock, call

import pytest

from nuqleus.errors import SchemaError
from nuqleus.messages import Job
from nuqleus.settings import Settings
from worker import child_process
from worker.child_process import DRAIN_SIGNAL, EXIT_HUNG, OOM_SCORE, WorkerChild
from worker.time_limit import ChunkTimedOut

MESSAGE = {"file_ids": [7], "urgent": False}


@pytest.fixture
def signals(monkeypatch):
    """Handlers that are installed, and signals that are sent."""
    signals = Mock()
    monkeypatch.setattr(signal, "signal", signals.install)
    monkeypatch.setattr(os, "kill", signals.send)
    monkeypatch.setattr(child_process, "OOM_SCORE_FILE", Mock())
    return signals


def test_one_that_cannot_start_ends_its_parent_which_would_replace_it_for_ever(signals, caplog):
    refuse = Mock(side_effect=SchemaError("the tables are those of a newer version"))
    process = WorkerChild(Settings(), refuse)

    process.start()

    assert signals.send.mock_calls == [call(os.getppid(), signal.SIGQUIT)]
    assert "can't work, and ends: the tables are those of a newer version" in caplog.text
    with pytest.raises(RuntimeError, match="did not start"):
        process.handle(MESSAGE)


def test_one_that_can_leaves_its_parent_alone(signals):
    WorkerChild(Settings(), Mock()).start()

    signals.send.assert_not_called()


def test_told_to_drain_it_begins_with_no_further_file(signals):
    process = WorkerChild(Settings(), processor := Mock())
    process.start()

    (handler,) = [one.args[1] for one in signals.install.mock_calls if one.args[0] == DRAIN_SIGNAL]
    handler(DRAIN_SIGNAL, None)

    processor.return_value.drain.assert_called_once_with()


def test_a_drain_signal_logs_nothing_since_the_log_may_be_locked(signals, caplog):
    caplog.set_level("DEBUG")
    process = WorkerChild(Settings(), Mock())
    process.start()
    process.drain()

    assert caplog.records == []


def test_one_whose_threads_hang_ends_without_them(signals, monkeypatch):
    exit_now = Mock()
    monkeypatch.setattr(os, "_exit", exit_now)
    processor = Mock()
    processor.handle.side_effect = ChunkTimedOut
    process = WorkerChild(Settings(), lambda _settings: processor)
    process.start()

    process.handle(MESSAGE)

    processor.handle.assert_called_once_with(Job((7,)))
    processor.heartbeat.stop.assert_called_once_with()
    exit_now.assert_called_once_with(EXIT_HUNG)


START = """
from pathlib import Path
from nuqleus.settings import Settings
from worker.child_process import WorkerChild

WorkerChild(Settings(), lambda settings: None).start()
print(Path("/proc/self/oom_score_adj").read_text())
"""


@pytest.mark.skipif(sys.platform != "linux", reason="only Linux has an OOM killer to tell")
def test_where_memory_ends_it_is_killed_before_a_database_or_a_broker():
    """It is replaced; they are not."""
    shown = subprocess.run([sys.executable, "-c", START], capture_output=True, text=True, check=True)

    assert shown.stdout.strip() == OOM_SCORE
