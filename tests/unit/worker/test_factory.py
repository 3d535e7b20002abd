"""A worker as it is put together, with a stand-in for the network."""

import logging

from nuqleus.settings import Settings
from tests.stand_in import ThresholdSegmenter
from worker.factory import assemble


def test_a_worker_that_is_ready_says_on_what_it_works(sqlite_url, tmp_path, caplog):
    """One that was meant for a graphics processor, and found none, would else be slow without a word."""
    caplog.set_level(logging.INFO)
    settings = Settings(database_url=sqlite_url, input_dir=tmp_path, state_dir=tmp_path)

    processor = assemble(settings, load=ThresholdSegmenter.load, device=lambda: "gpu:0")
    processor.heartbeat.stop()

    (ready,) = [line for line in caplog.messages if line.startswith("Ready: ")]
    assert " on gpu:0, " in ready
