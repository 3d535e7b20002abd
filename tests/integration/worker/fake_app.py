"""The worker's app, with a fake segmenter: `celery -A tests.integration.worker.fake_app worker`.

While a file called `hold` lies beside the watched folder, the segmenter takes its time with every image, and says so by
another called `held`. When the worker is told to drain, it says so by one called `draining`.
"""

import time

import numpy as np

from nuqleus.settings import get_settings
from tests.fake_segmenter import FoundNuclei, ThresholdSegmenter
from worker.celery_app import create_app
from worker.child_process import WorkerChild
from worker.factory import build_processor

settings = get_settings()
HOLD = settings.input_dir.with_name("hold")


class Held(ThresholdSegmenter):
    def segment(self, pixels: np.ndarray, *looked_for) -> FoundNuclei:
        while HOLD.exists():
            HOLD.with_name("held").touch()
            time.sleep(0.01)
        return super().segment(pixels)


class NotedWorkerChild(WorkerChild):
    def drain(self):
        super().drain()
        HOLD.with_name("draining").touch()


def build_fake(settings):
    return build_processor(settings, load=Held.load, device=lambda: "cpu:0")


app = create_app(settings, NotedWorkerChild(settings, build_fake), __name__)
