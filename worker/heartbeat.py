"""A thread that tells the database, while the main one is busy: this worker lives, and its file is still its own."""

import logging
import threading
from collections.abc import Iterator
from contextlib import contextmanager

from nuqleus.database.records import Claim
from nuqleus.database.states import Files
from nuqleus.database.workers import Workers
from nuqleus.errors import LeaseLost
from worker.patience import is_hiccup

log = logging.getLogger(__name__)


class Heartbeat:
    """Renews the lease of the file at hand and the worker's row, every few seconds.

    Attributes:
        files_done: files that the worker has brought to an end; written with each beat.
    """

    def __init__(self, files: Files, workers: Workers, worker_id: int, *, every: float, lease: float) -> None:
        self.files_done = 0
        self._files = files
        self._workers = workers
        self._worker_id = worker_id
        self._every = every
        self._lease = lease
        self._claim: Claim | None = None
        self._lost = False
        self._stopped = threading.Event()
        self._thread = threading.Thread(target=self._run, name="heartbeat", daemon=True)

    def start(self) -> None:
        """Begin to beat."""
        self._thread.start()

    def stop(self) -> None:
        """End the thread, and take the worker's row away."""
        self._stopped.set()
        self._thread.join()
        self._workers.stop(self._worker_id)

    @contextmanager
    def keeping(self, claim: Claim) -> Iterator[None]:
        """Keep a claim alive for the length of the block."""
        self._claim, self._lost = claim, False
        try:
            yield
        finally:
            self._claim = None

    def check(self) -> None:
        """Stop work that is in vain.

        Raises:
            LeaseLost: a beat found that the file at hand belongs to somebody else.
        """
        if self._lost:
            raise LeaseLost("the file changed, or was given to another worker, while it was being processed")

    def beat(self) -> None:
        """Renew once; a database that is away is tried again at the next beat."""
        try:
            self._renew()
            self._workers.beat(self._worker_id, self.files_done)
        except Exception as error:  # an error here must not end the thread: the lease hangs on it
            log.warning("A heartbeat failed: %s", error, exc_info=not is_hiccup(error))

    def _renew(self) -> None:
        claim = self._claim
        if claim is None or self._files.renew(claim, self._lease):
            return
        if claim is self._claim:  # it may have ended meanwhile
            self._lost = True

    def _run(self) -> None:
        while not self._stopped.wait(self._every):
            self.beat()
