"""A worker as it is put together, with a fake segmenter."""

import logging

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
