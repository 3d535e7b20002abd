"""Factory of processors: loads the network, connects to the database, starts the heartbeat, from the settings."""

import logging
import os
import socket
from collections.abc import Callable
from importlib.util import find_spec
from pathlib import Path

from sqlalchemy import Engine

from model.network.quiet_start import quiet_start
from nuqleus.database.engine import open_database
from nuqleus.database.files.worker_files import WorkerFiles
from nuqleus.database.model_registry import register_model
from nuqleus.database.workers import Workers
from nuqleus.errors import SettingsError
from nuqleus.image_options import ImageOptions
from nuqleus.process_identity import current_identity
from nuqleus.rules import Rules
from nuqleus.settings import Settings
from worker.heartbeat import Heartbeat
from worker.inbox_reader import InboxReader
from worker.metrics import Metrics, WorkerInfoCollector, serve_worker
from worker.pipeline import SegmenterProtocol, warm_up
from worker.processor import Processor
from worker.retry_policy import RetryPolicy

log = logging.getLogger(__name__)


def load_network(weights: Path | None) -> SegmenterProtocol:
    """Import TensorFlow, load a network and use it once, so that the first file finds it ready.

    Args:
        weights: None stands for those that come with the package.
    """
    with quiet_start():
        from model.segmentation.segmenter import Segmenter

        segmenter = Segmenter.load(weights)
        warm_up(segmenter)
    return segmenter


def find_device() -> str:
    """Return the device that the network runs on, as Keras names it: `cpu:0`, `gpu:0`."""
    import keras

    return str(keras.distribution.list_devices()[0])


def ensure_diameters_are_known(segmenter: SegmenterProtocol, rules: Rules) -> None:
    """Refuse diameters that are given for a network of which nobody knows which diameters suit it.

    Raises:
        SettingsError: say what to do.
    """
    if rules.says_diameters and segmenter.known_diameters is None:
        raise SettingsError(
            "NUQLEUS_DIAMETER (--diameter, or diameter in a rule) is given, but the card of the network "
            f"{segmenter.card.name!r} doesn't say which diameters it knows: it sees every image at its own size. Leave "
            "the diameter out, or add `diameters` to `config` in its card (docs/fine-tuning.md)."
        )


def ensure_textures_can_be_measured(options: ImageOptions) -> None:
    """Refuse to measure textures without the library that does.

    Raises:
        SettingsError: says what to do.
    """
    if "texture" in (options.measure or "") and find_spec("mahotas") is None:
        raise SettingsError(
            "NUQLEUS_MEASURE asks for texture, which needs the library mahotas: pip install 'nuqleus[texture]'"
        )


def build_processor(
    settings: Settings,
    load: Callable[[Path | None], SegmenterProtocol] = load_network,
    device: Callable[[], str] = find_device,
) -> Processor:
    """Load a network, register with the database, and start the heartbeat.

    Args:
        settings: of the folder, the database and the limits.
        load: loads a network from its weights.
        device: names the device that networks run on.

    Raises:
        WeightsError: the weights can't be used.
        SettingsError: a diameter is given that they can't use, or a library is missing for what is asked for.
        SchemaError: the database has other tables than this version needs.
        DatabaseUnavailable: the database can't be reached, for a minute.
    """
    retry = RetryPolicy()
    # first: it fails sooner than a network loads
    engine = retry(open_database, settings.database_url, busy_seconds=settings.busy_seconds)
    ensure_textures_can_be_measured(settings.image_options)
    segmenter = load(settings.weights)
    ensure_diameters_are_known(segmenter, settings.image_rules())
    worker = retry(Workers(engine).start, socket.gethostname(), os.getpid(), device(), current_identity())
    model_id = retry(_register, engine, segmenter)
    heartbeat = _start_heartbeat(settings, engine, worker.id)
    metrics = Metrics()
    serve_worker(settings, metrics, WorkerInfoCollector(worker.owner, worker.device, segmenter.card.name))
    log.info("Ready: network %r on %s, worker %s", segmenter.card.name, worker.device, worker.owner)
    inbox, files = InboxReader(settings), WorkerFiles(engine)
    return Processor(
        settings, inbox, files, segmenter, model_id, worker.owner, heartbeat, retry, metrics=metrics
    )


def _register(engine: Engine, segmenter: SegmenterProtocol) -> int:
    card = segmenter.card
    return register_model(engine, card.name, card.sha256, card.config, card.metrics, card.code_version)


def _start_heartbeat(settings: Settings, engine: Engine, worker_id: int) -> Heartbeat:
    every, lease = settings.heartbeat_seconds, settings.lease_seconds
    heartbeat = Heartbeat(WorkerFiles(engine), Workers(engine), worker_id, every=every, lease=lease)
    heartbeat.start()
    return heartbeat
