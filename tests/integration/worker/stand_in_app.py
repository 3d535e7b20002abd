"""The worker's app, with a stand-in for the network: `celery -A tests.integration.worker.stand_in_app worker`.

While a file called `hold` lies beside the watched folder, the stand-in takes its time with every image, and says so by
another called `held`.
"""

import time

import numpy as np

from nuqleus.settings import get_settings
from tests.stand_in import Found, ThresholdSegmenter
from worker.factory import assemble
from worker.task import create_app
from worker.worker_process import Child

settings = get_settings()
HOLD = settings.input_dir.with_name("hold")


class Held(ThresholdSegmenter):
    def segment(self, pixels: np.ndarray) -> Found:
        while HOLD.exists():
            HOLD.with_name("held").touch()
            time.sleep(0.01)
        return super().segment(pixels)


def assemble_stand_in(settings):
    return assemble(settings, load=Held.load, device=lambda: "cpu:0")


app = create_app(settings, Child(settings, assemble_stand_in), __name__)
