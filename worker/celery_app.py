"""Celery app of a worker, with its task: signals, shutdown and logging.

A worker ends by Celery's warm shutdown: what has begun is finished. Beyond that its child drains, and a second SIGTERM
ends it at once. Celery's soft shutdown would not do: it waits for its whole time-out, even if the work is done sooner,
exits with status 1, and knows nothing of the files of a chunk that have not begun.
"""

import logging
import os
import signal
import time
import warnings
from functools import partial
from typing import Any

from billiard import active_children
from billiard.util import get_logger as children_logger
from celery import Celery
from celery.apps.worker import (
    Worker,
    install_worker_int_handler,
    install_worker_term_handler,
    install_worker_term_hard_handler,
)
from celery.exceptions import SecurityWarning
from celery.signals import (
    setup_logging,
    worker_process_init,
    worker_process_shutdown,
    worker_shutting_down,
)
from celery.utils.nodenames import gethostname, nodename
from celery.worker import state

from model.container_limits import find_memory_limit
from nuqleus.logs import configure_logs
from nuqleus.queue import TASK, make_app
from nuqleus.settings import Settings
from worker.child_process import DRAIN_SIGNAL, WorkerChild

log = logging.getLogger(__name__)

MEMORY_LIMIT = 4 * 2**30
"""In bytes; a child that once needed more is replaced after its task: memory that fell apart never comes back."""

CONTAINER_SHARE = 0.75
"""The same, of the memory that its container may take, where that is less."""

SIGNAL_DEBOUNCE_SECONDS = 1.0
"""Two signals to end in so short a time are one: service managers tell parents and children alike."""

NOISY_LOGGERS = ("celery.worker.strategy", "celery.app.trace", "celery.worker.consumer.connection")
"""Loggers that tell of every message, or of every try to connect; a file has one line of our own."""


def create_app(settings: Settings, child: WorkerChild, module: str) -> Celery:
    """Build the app of a worker.

    Args:
        settings: of the queue and the time limits.
        child: does the work, in the worker's child process.
        module: the module that calls this and keeps the result as `app`. Child processes are fresh interpreters
            (a fork would inherit locks and threads, and macOS has no safe one): they import it to find the task.
    """
    # messages are JSON, which runs nothing: being root, as in most containers, makes them no worse
    warnings.filterwarnings("ignore", category=SecurityWarning)
    app = make_app(settings)
    app.conf.update(
        include=(module,),
        worker_pool="prefork",
        worker_pool_start_method="spawn",
        worker_concurrency=1,
        worker_max_memory_per_child=_memory_limit() // 1024,
        worker_consumer="worker.consumer:ReconnectingConsumer",
        broker_channel_error_retry=True,  # a broker that answers with an error is waited for, too
    )
    app.Worker = app.subclass_with_self(LoggingWorker)
    app.task(child.handle, name=TASK)
    worker_process_init.connect(child.start, weak=False)
    worker_process_shutdown.connect(child.stop, weak=False)
    worker_shutting_down.connect(_on_warm_shutdown, weak=False)
    setup_logging.connect(lambda **_signal: _configure_logs(settings), weak=False)
    return app


class LoggingWorker(Worker):
    """Celery's worker, which logs that it ends instead of printing it, and does so outside of its signal handlers."""

    def install_platform_tweaks(self, worker: Worker) -> None:
        """Install Celery's signal handlers, without what they print."""
        super().install_platform_tweaks(worker)
        end_at_once = partial(install_worker_term_hard_handler, sig="SIGINT", verbose=False)
        install_worker_term_handler(worker, verbose=False)
        install_worker_int_handler(worker, callback=end_at_once, verbose=False)
        install_worker_term_hard_handler(worker, verbose=False)

    def stop(self, in_sighandler: bool = False, exitcode: int | None = None) -> None:
        """Shut down warmly."""
        log.info("Told to end: the files that have begun are finished first.")
        super().stop(in_sighandler, exitcode)

    def terminate(self, in_sighandler: bool = False) -> None:
        """Shut down cold."""
        log.warning(
            "Told to end at once: the files at hand go to the next worker, when their leases have run out."
        )
        super().terminate(in_sighandler)


def _memory_limit() -> int:
    of_container = find_memory_limit()
    return MEMORY_LIMIT if of_container is None else min(MEMORY_LIMIT, int(CONTAINER_SHARE * of_container))


def run_worker(app: Celery) -> int:
    """Work until told to stop (SIGTERM, Ctrl-C): the files at hand are finished first.

    Returns:
        The exit status: 0, or 1 if the worker couldn't work.
    """
    # workers that don't ask each other at start, or gossip, start seconds sooner and survive each other's troubles
    worker: Any = app.Worker(hostname=_worker_name(), quiet=True, without_mingle=True, without_gossip=True)
    worker.start()
    return int(worker.exitcode or state.should_terminate or 0)


def _worker_name() -> str:
    """What Flower calls this worker; of the name that Celery gives, there is one a host."""
    return str(nodename(f"worker-{os.getpid()}", gethostname()))


def _on_warm_shutdown(how: str, **_signal: Any) -> None:
    """Let children drain; and let a second SIGTERM end the files at hand, as Celery lets only a second Ctrl-C do.

    Runs in a signal handler: nothing may be logged.
    """
    if how == "Warm":
        for child in active_children():
            os.kill(child.pid, DRAIN_SIGNAL)
        told = time.monotonic()
        signal.signal(signal.SIGTERM, lambda *_: _cold_shutdown(since=told))


def _cold_shutdown(since: float) -> None:
    if time.monotonic() - since > SIGNAL_DEBOUNCE_SECONDS:
        os.kill(os.getpid(), signal.SIGQUIT)


def _configure_logs(settings: Settings) -> None:
    configure_logs(settings.log_level, log_format=settings.log_format)
    for name in NOISY_LOGGERS:
        logging.getLogger(name).setLevel(logging.WARNING)
    # billiard's own handler prints lines that no program can read
    children_logger().setLevel(logging.WARNING)
    children_logger().propagate = True
