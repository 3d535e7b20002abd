"""What `celery -A worker.app worker` loads: everything that the queue needs, and no TensorFlow."""

import json
import os
import signal
import socket
import subprocess
import sys
from unittest.mock import Mock

import pytest

from nuqleus.errors import MessageError
from nuqleus.queue import TASK
from nuqleus.settings import Settings
from worker.celery_app import create_app, run_worker
from worker.child_process import WorkerChild
from worker.time_limit import TimeLimitExceeded

SHOW = """
import sys
from worker.app import app
app.finalize()
heavy = {"tensorflow", "keras", "sqlalchemy", "skimage", "scipy", "numpy"}
print(sorted(heavy & set(sys.modules)))
print(sorted(name for name in app.tasks if not name.startswith("celery.")))
"""


def test_the_parent_binds_the_task_without_loading_what_only_its_child_needs():
    environment = os.environ | {"NUQLEUS_BROKER_URL": "memory://"}
    shown = subprocess.run(
        [sys.executable, "-c", SHOW], env=environment, capture_output=True, text=True, check=True
    )

    loaded, tasks = shown.stdout.splitlines()
    assert loaded == "[]"
    assert tasks == f"['{TASK}']"


END = """
import signal
from unittest.mock import Mock
from billiard import pool
from celery.signals import worker_ready
from nuqleus.settings import get_settings
from worker.celery_app import create_app, run_worker
from worker.child_process import WorkerChild

def is_ready(**_):
    pool.error("Process %r pid:%r exited with %r", "SpawnPoolWorker-1", 7, "signal 9 (SIGKILL)")
    signal.raise_signal(signal.{signal})

worker_ready.connect(is_ready, weak=False)
app = create_app(get_settings(), WorkerChild(get_settings(), Mock()), "__main__")
app.conf.worker_pool = "solo"
raise SystemExit(run_worker(app))
"""
"""A whole worker, without a child of its own, which is told to end as soon as it is ready."""


@pytest.mark.parametrize("told", ["SIGTERM", "SIGINT"])
def test_where_lines_are_json_so_is_what_is_said_of_a_killed_child_and_of_the_end(told):
    environment = os.environ | {"NUQLEUS_BROKER_URL": "memory://", "NUQLEUS_LOG_FORMAT": "json"}
    ended = subprocess.run(
        [sys.executable, "-c", END.format(signal=told)],
        env=environment,
        capture_output=True,
        text=True,
        check=False,
    )

    lines = [json.loads(line) for line in ended.stderr.splitlines()]
    said = [(line["level"], line["message"]) for line in lines]
    killed = ("ERROR", "Process 'SpawnPoolWorker-1' pid:7 exited with 'signal 9 (SIGKILL)'")
    end = ("INFO", "Told to end: the files that have begun are finished first.")
    assert [line for line in said if line in (killed, end)] == [killed, end]
    assert ended.stdout == ""


@pytest.fixture
def settings():
    return Settings(broker_url="memory://", soft_time_limit=5, time_limit=6)


def test_a_worker_has_one_child_that_outlives_the_loading_of_a_network(settings):
    with create_app(settings, WorkerChild(settings), "worker.app") as app:
        assert (app.conf.worker_pool, app.conf.worker_concurrency) == ("prefork", 1)
        assert app.conf.worker_proc_alive_timeout >= 60
        assert (app.conf.task_soft_time_limit, app.conf.task_time_limit) == (5, 6)
        assert app.conf.include == ("worker.app",)


def test_workers_on_one_host_have_names_of_their_own(monkeypatch):
    """Else Flower takes them for one."""
    app = Mock()
    app.Worker.return_value.exitcode = 0
    for pid in (11, 12):
        monkeypatch.setattr("os.getpid", lambda pid=pid: pid)
        run_worker(app)

    names = [call.kwargs["hostname"] for call in app.Worker.call_args_list]
    assert names == [f"worker-{pid}@{socket.gethostname()}" for pid in (11, 12)]


def test_a_message_that_is_none_of_ours_is_refused(settings):
    with pytest.raises(MessageError):
        WorkerChild(settings).handle({"path": "/etc/passwd"})


def test_a_child_that_did_not_start_takes_no_file(settings):
    with pytest.raises(RuntimeError, match=r"files \(7,\) stay queued"):
        WorkerChild(settings).handle({"file_ids": [7], "urgent": False})


@pytest.fixture
def restored_signal():
    before = signal.getsignal(signal.SIGUSR1)
    yield
    signal.signal(signal.SIGUSR1, before)


def test_a_file_whose_time_is_up_is_interrupted_by_what_no_decoder_catches(settings, restored_signal):
    """Celery sets its own handler when a child has started: ours comes with each file."""
    slow = Mock()
    slow.handle.side_effect = lambda job: signal.raise_signal(signal.SIGUSR1)
    with pytest.raises(TimeLimitExceeded):
        WorkerChild(settings, Mock(), slow).handle({"file_ids": [7], "urgent": False})
    assert not issubclass(TimeLimitExceeded, Exception)
