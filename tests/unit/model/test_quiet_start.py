"""TensorFlow's start: silent, unless it fails, and content with the memory that it needs."""

import os

import pytest

from model.network.quiet_start import quiet_start

GROWTH = "TF_FORCE_GPU_ALLOW_GROWTH"


@pytest.fixture(autouse=True)
def plain_environment(monkeypatch):
    """What the block sets is taken back after each test."""
    for name in (GROWTH, "TF_CPP_MIN_LOG_LEVEL"):
        monkeypatch.setenv(name, "")
        monkeypatch.delenv(name)


def test_greetings_are_not_shown(capfd):
    with quiet_start():
        os.write(2, b"I tensorflow/core: hello\n")
    os.write(2, b"afterwards\n")

    assert capfd.readouterr().err == "afterwards\n"


def test_they_are_shown_when_the_start_fails(capfd):
    def start():
        os.write(2, b"no such driver\n")
        raise ImportError

    with pytest.raises(ImportError), quiet_start():
        start()

    assert capfd.readouterr().err == "no such driver\n"


def test_several_processes_can_share_a_graphics_processor():
    with quiet_start():
        assert os.environ[GROWTH] == "true"


def test_somebody_may_want_it_otherwise(monkeypatch):
    monkeypatch.setenv(GROWTH, "false")
    with quiet_start():
        assert os.environ[GROWTH] == "false"
