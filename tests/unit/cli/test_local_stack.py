"""What `nuqleus run` hands to the processes that it starts."""

import subprocess

import pytest

from cli.processes.embedded_broker import EmbeddedBroker
from cli.processes.local_stack import CRASH_LOOP_EXITS, LocalStack, environment
from nuqleus.errors import PermanentError
from nuqleus.settings import get_settings


@pytest.fixture
def settings(tmp_path):
    return get_settings(state_dir=tmp_path, broker_url="memory://", workers=2, log_level="DEBUG")


def test_a_child_finds_the_same_settings_in_its_environment(settings, monkeypatch):
    monkeypatch.setenv("NUQLEUS_WORKERS", "7")
    monkeypatch.setenv("NUQLEUS_OVERLAY_DIR", "not given to this run")
    variables = environment(settings)
    for name in ("NUQLEUS_WORKERS", "NUQLEUS_OVERLAY_DIR"):
        monkeypatch.delenv(name)
    for name, value in variables.items():
        monkeypatch.setenv(name, value)
    assert get_settings() == settings


def test_everything_else_in_the_environment_is_passed_on(settings, monkeypatch):
    monkeypatch.setenv("CUDA_VISIBLE_DEVICES", "1")
    assert environment(settings)["CUDA_VISIBLE_DEVICES"] == "1"


@pytest.fixture
def started(monkeypatch):
    """Names of what a stack starts; the workers end at once."""
    names = []
    monkeypatch.setattr("cli.processes.local_stack.WORKER", ("false",))
    monkeypatch.setattr(EmbeddedBroker, "start", lambda self, log_file: names.append("broker") or _sleep())
    return names


def _sleep():
    return subprocess.Popen(["sleep", "600"], start_new_session=True)


def test_a_configured_broker_is_used_and_none_is_started(settings, started):
    with LocalStack(settings) as stack:
        assert stack.start().broker_url == "memory://"
    assert started == []


def test_without_one_a_broker_of_our_own_is_started(settings, started):
    with LocalStack(settings.model_copy(update={"broker_url": None})) as stack:
        assert stack.start().broker_url.startswith("redis+socket://")
    assert started == ["broker"]


def test_a_stack_crash_loops_when_every_worker_has_ended_again_and_again(settings, started):
    with LocalStack(settings) as stack:
        stack.start()
        one, other = stack.workers
        one.early_exits = CRASH_LOOP_EXITS
        stack.raise_if_crash_looping()
        other.early_exits = CRASH_LOOP_EXITS
        with pytest.raises(
            PermanentError, match=r"The workers end as soon as they are started.*worker-1\.log"
        ):
            stack.raise_if_crash_looping()
