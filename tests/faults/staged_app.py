"""A worker's app with stages and a fake segmenter: `celery -A tests.faults.staged_app worker`.

Images whose names say so are poison: they do to the process what a broken decoder does.
"""

import dataclasses
import os
import resource
import signal
import time
from threading import current_thread, main_thread

import numpy as np
import psutil

import nuqleus.database.files.worker_files
import worker.processor
from nuqleus.database.files.worker_files import WorkerFiles
from nuqleus.settings import get_settings
from tests.fake_segmenter import FoundNuclei, ThresholdSegmenter
from tests.faults import stages
from tests.faults.stages import Stages
from worker.celery_app import create_app
from worker.child_process import WorkerChild
from worker.factory import build_processor

settings = get_settings()
halts = Stages(settings.state_dir / "stages")


class StagedFiles(WorkerFiles):
    def claim(self, file_id, owner, lease_seconds):
        claim = super().claim(file_id, owner, lease_seconds)
        halts.reach(stages.CLAIMED)
        return claim

    def claim_fresh(self, ids, owner, lease_seconds):
        claims = super().claim_fresh(ids, owner, lease_seconds)
        halts.reach(stages.CLAIMED)
        return claims

    def complete_all(self, finished):
        halts.reach(stages.BEFORE_COMMIT)
        outcomes = super().complete_all(finished)
        halts.reach(stages.BEFORE_ACK)
        return outcomes


class StagedSegmenter(ThresholdSegmenter):
    def segment(self, pixels: np.ndarray, *looked_for) -> FoundNuclei:
        halts.reach(stages.NETWORK)
        return super().segment(pixels)


def staged(action, stage):
    """The same, after a stage."""

    def wrapped(*arguments, **named):
        halts.reach(stage)
        return action(*arguments, **named)

    return wrapped


def crash():
    os.kill(os.getpid(), signal.SIGSEGV)


def never_end():
    """As in C code, from which no exception of Python's frees."""
    if current_thread() is main_thread():  # who never hears of a signal otherwise
        for number in (signal.SIGUSR1, signal.SIGTERM, signal.SIGINT):
            signal.signal(number, signal.SIG_IGN)
    while True:
        time.sleep(1)


def take_long():
    while True:
        time.sleep(0.01)


def eat_memory():
    """Take more than there is, with 256 MB to go."""
    used = psutil.Process().memory_info().vms
    before = resource.getrlimit(resource.RLIMIT_AS)
    resource.setrlimit(resource.RLIMIT_AS, (used + 2**28, before[1]))
    try:
        eaten = []
        while True:
            eaten.append(np.ones(2**20))
    finally:
        resource.setrlimit(resource.RLIMIT_AS, before)


def need_much_memory():
    np.ones(20 * 2**20)  # 160 MB


POISON = {
    "crash": crash,
    "never-end": never_end,
    "take-long": take_long,
    "eat-memory": eat_memory,
    "much-memory": need_much_memory,
}


def poisoned(read):
    """Reading, which some files don't survive."""

    def wrapped(path, *arguments, **named):
        for name, act in POISON.items():
            if path.name.startswith(name):
                act()
        return read(path, *arguments, **named)

    return wrapped


def staged_between(read):
    """Reading, with a stage before the third channel of a field: two of its files are read by then."""

    def wrapped(path):
        if "_w3" in path.name:
            halts.reach(stages.BETWEEN)
        return read(path)

    return wrapped


def build_fake(settings):
    hash_content = staged_between(worker.processor.hash_content)
    worker.processor.hash_content = staged(hash_content, stages.READING)
    worker.processor.process = poisoned(worker.processor.process)
    nuqleus.database.files.worker_files.insert_images = staged(
        nuqleus.database.files.worker_files.insert_images, stages.IN_TRANSACTION
    )
    processor = build_processor(settings, load=StagedSegmenter.load, device=lambda: "cpu:0")
    return dataclasses.replace(processor, files=StagedFiles(processor.files._engine))


app = create_app(settings, WorkerChild(settings, build_fake), __name__)
if "STAGED_MEMORY_KB" in os.environ:
    app.conf.worker_max_memory_per_child = int(os.environ["STAGED_MEMORY_KB"])
