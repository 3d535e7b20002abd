"""The process that does the work: a child of Celery's, with a network, a database connection and a heartbeat."""

import logging
import os
import signal
import socket
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from sqlalchemy import Engine

from nuqleus.database.engine import open_database
from nuqleus.database.models import register_model
from nuqleus.database.states import Files
from nuqleus.database.workers import Workers
from nuqleus.messages import Job
from nuqleus.settings import Settings
from worker.heartbeat import Heartbeat
from worker.patience import Patience
from worker.pipeline import FindsNuclei, warm_up
from worker.processor import Processor

log = logging.getLogger(__name__)


def load_network(weights: Path | None) -> FindsNuclei:
    """Import TensorFlow, load a network and use it once, so that the first file finds it ready.

    Args:
        weights: None stands for those that come with the package.
    """
    from model.quiet import quiet_start

    with quiet_start():
        from model.segmentation import Segmenter

        segmenter = Segmenter.load(weights)
        warm_up(segmenter)
    return segmenter


def find_device() -> str:
    """Return the device that the network runs on, as Keras names it: `cpu:0`, `gpu:0`."""
    import keras

    return str(keras.distribution.list_devices()[0])


@dataclass
class Child:
    """What a worker process holds from its start to its end.

    Attributes:
        settings: of the folder, the database and the limits.
        load: loads a network from its weights.
        device: names the device that networks run on.
        patience: waits for what is away for a moment.
    """

    settings: Settings
    load: Callable[[Path | None], FindsNuclei] = load_network
    device: Callable[[], str] = find_device
    patience: Patience = field(default_factory=Patience)
    _processor: Processor | None = None

    def start(self, **_signal: Any) -> None:
        """Load everything; a child that can't work ends its parent, instead of being replaced for ever."""
        try:
            segmenter = self.load(self.settings.weights)
            self._processor = self.patience(self._connect, segmenter)
        except Exception:
            log.critical("This worker can't work, and ends:", exc_info=True)
            os.kill(os.getppid(), signal.SIGQUIT)

    def stop(self, **_signal: Any) -> None:
        """End the heartbeat, and take the worker's row away."""
        if self._processor:
            self._processor.heartbeat.stop()

    def handle(self, message: object) -> None:
        """Process the file that a message is about.

        Raises:
            MessageError: the message is not one of ours.
            RuntimeError: `start` failed; the file stays queued.
        """
        job = Job.from_message(message)
        if self._processor is None:
            raise RuntimeError(f"This worker did not start; file {job.file_id} stays queued.")
        self._processor.handle(job)

    def _connect(self, segmenter: FindsNuclei) -> Processor:
        engine = open_database(self.settings.database_url)
        host, pid = socket.gethostname(), os.getpid()
        worker_id = Workers(engine).start(host, pid, self.device())
        heartbeat = self._start_heartbeat(engine, worker_id)
        owner = f"{host}:{pid}:{worker_id}"
        model_id = _register(engine, segmenter)
        log.info("Ready: network %r, worker %s", segmenter.card.name, owner)
        return Processor(self.settings, Files(engine), segmenter, model_id, owner, heartbeat, self.patience)

    def _start_heartbeat(self, engine: Engine, worker_id: int) -> Heartbeat:
        every, lease = self.settings.heartbeat_seconds, self.settings.lease_seconds
        heartbeat = Heartbeat(Files(engine), Workers(engine), worker_id, every=every, lease=lease)
        heartbeat.start()
        return heartbeat


def _register(engine: Engine, segmenter: FindsNuclei) -> int:
    card = segmenter.card
    return register_model(engine, card.name, card.sha256, card.config, card.metrics, card.code_version)
