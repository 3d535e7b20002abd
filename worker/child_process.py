"""Child process of a Celery worker: it does the work, and alone imports TensorFlow."""

from __future__ import annotations

import logging
import os
import signal
from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from model.errors import ModelError
from nuqleus.errors import NuqleusError
from nuqleus.messages import Job
from nuqleus.settings import Settings
from worker.time_limit import ChunkTimedOut, install_soft_time_limit

if TYPE_CHECKING:
    from worker.processor import Processor

log = logging.getLogger(__name__)

OOM_SCORE_FILE = Path("/proc/self/oom_score_adj")
OOM_SCORE = "500"
"""Between -1000 (never killed) and 1000 (always the first)."""

DRAIN_SIGNAL = signal.SIGUSR2
"""Tells a child that its parent is about to end: files of a chunk that it hasn't begun with go back."""

EXIT_HUNG = 3
"""Exit status of a process whose threads are hung; Celery starts another one."""


def load_processor(settings: Settings) -> Processor:
    """Load the processor. The imports, of half a gigabyte, happen only here: the parent does without them."""
    from worker.factory import build_processor

    return build_processor(settings)


@dataclass
class WorkerChild:
    """Lifecycle of a worker's child process: start, drain, handle messages, stop.

    Attributes:
        settings: of the folder, the database and the limits.
        build_processor: loads everything, in the child.
    """

    settings: Settings
    build_processor: Callable[[Settings], Processor] = load_processor
    _processor: Processor | None = None

    def start(self, **_signal: Any) -> None:
        """Load everything; a child that can't work ends its parent, instead of being replaced for ever."""
        _prefer_in_oom_kill()
        signal.signal(DRAIN_SIGNAL, lambda *_: self.drain())
        try:
            self._processor = self.build_processor(self.settings)
        except Exception as error:
            expected = isinstance(error, NuqleusError | ModelError)
            log.critical("This worker can't work, and ends: %s", error, exc_info=not expected)
            os.kill(os.getppid(), signal.SIGQUIT)

    def drain(self) -> None:
        """Begin with no further file. Runs in a signal handler, where nothing may be logged."""
        if self._processor:
            self._processor.drain()

    def stop(self, **_signal: Any) -> None:
        """End the heartbeat, and take the worker's row away."""
        if self._processor:
            self._processor.heartbeat.stop()

    def handle(self, message: object) -> None:
        """Process the files that a message is about; ends the process if they can't be ended otherwise.

        Raises:
            MessageError: the message is not one of ours.
            RuntimeError: `start` failed; the files stay queued.
        """
        job = Job.from_message(message)
        if self._processor is None:
            raise RuntimeError(f"This worker did not start; files {job.file_ids} stay queued.")
        install_soft_time_limit()  # not in `start`, after which Celery sets its own handler
        try:
            self._processor.handle(job)
        except ChunkTimedOut:
            self.stop()
            os._exit(EXIT_HUNG)


def _prefer_in_oom_kill() -> None:
    """Let Linux kill this process, which is replaced, and neither a database nor a broker beside it."""
    with suppress(OSError):
        OOM_SCORE_FILE.write_text(OOM_SCORE)
