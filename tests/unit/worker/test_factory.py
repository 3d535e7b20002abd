"""A worker as it is put together, with a fake segmenter."""

import logging

import pytest

from nuqleus.database.engine import make_engine
from nuqleus.errors import SettingsError
from nuqleus.settings import Settings
from tests.fake_segmenter import ThresholdSegmenter
from worker.factory import build_processor


def test_a_worker_that_is_ready_says_on_what_it_works(sqlite_url, tmp_path, caplog):
    """One that was meant for a graphics processor, and found none, would else be slow without a word."""
    caplog.set_level(logging.INFO)
    settings = Settings(database_url=sqlite_url, input_dir=tmp_path, state_dir=tmp_path)

    processor = build_processor(settings, load=ThresholdSegmenter.load, device=lambda: "gpu:0")
    processor.heartbeat.stop()

    (ready,) = [line for line in caplog.messages if line.startswith("Ready: ")]
    assert " on gpu:0, " in ready


def test_a_worker_waits_for_other_writers_for_a_part_of_its_lease(sqlite_url, tmp_path, monkeypatch):
    waits = []

    def opened(url, *, busy_seconds):
        waits.append(busy_seconds)
        return make_engine(url, busy_seconds=busy_seconds)

    monkeypatch.setattr("worker.factory.open_database", opened)
    settings = Settings(database_url=sqlite_url, input_dir=tmp_path, state_dir=tmp_path, lease_seconds=40)
    build_processor(settings, load=ThresholdSegmenter.load, device=lambda: "cpu:0").heartbeat.stop()

    assert waits == [10]


def test_textures_are_not_asked_for_in_vain(sqlite_url, tmp_path, monkeypatch):
    monkeypatch.setattr("worker.factory.find_spec", lambda name: None)
    settings = Settings(database_url=sqlite_url, input_dir=tmp_path, state_dir=tmp_path, measure="texture")

    with pytest.raises(SettingsError, match=r"needs the library mahotas: pip install 'nuqleus\[texture\]'"):
        build_processor(settings, load=ThresholdSegmenter.load, device=lambda: "cpu:0")
