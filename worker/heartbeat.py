"""Heartbeat thread: renews the leases of the files at hand, and the row that says that this worker lives."""

import logging
import threading
from collections.abc import Iterator, Sequence
from contextlib import contextmanager

from nuqleus.database.files.records import Claim
from nuqleus.database.files.worker_files import WorkerFiles
from nuqleus.database.workers import Workers
from nuqleus.errors import LeaseLost
from worker.retry_policy import is_transient

log = logging.getLogger(__name__)


class Heartbeat:
    """Renews the leases of the files at hand and the worker's row, every few seconds.

    Attributes:
        files_done: files that the worker has brought to an end; written with each beat.
    """

    def __init__(
        self, files: WorkerFiles, workers: Workers, worker_id: int, *, every: float, lease: float
    ) -> None:
        self.files_done = 0
        self._files = files
        self._workers = workers
        self._worker_id = worker_id
        self._every = every
        self._lease = lease
        self._claims: list[Claim] = []
        self._lost: list[Claim] = []
        self._trouble = ""
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
    def keeping(self, claims: Sequence[Claim]) -> Iterator[None]:
        """Keep claims alive for the length of the block; those that end sooner do no harm."""
        self._claims, self._lost = list(claims), []
        try:
            yield
        finally:
            self._claims = []

    def ensure_held(self, claim: Claim) -> None:
        """Stop work that is in vain.

        Raises:
            LeaseLost: a beat found that the file belongs to somebody else.
        """
        if claim in self._lost:
            raise LeaseLost("the file changed, or was given to another worker, while it was being processed")

    def beat(self) -> None:
        """Renew once; a database that is away is tried again at the next beat."""
        try:
            self._renew()
            self._workers.beat(self._worker_id, self.files_done)
            self._trouble = ""
        except Exception as error:  # an error here must not end the thread: the lease hangs on it
            self._warn_once(error)

    def _warn_once(self, error: Exception) -> None:
        if str(error) != self._trouble:
            log.warning("Heartbeats fail: %s", error, exc_info=not is_transient(error))
        self._trouble = str(error)

    def _renew(self) -> None:
        claims = self._claims
        lost = self._files.renew(claims, self._lease) if claims else []
        if claims is self._claims:  # else they have ended meanwhile
            self._lost = lost

    def _run(self) -> None:
        while not self._stopped.wait(self._every):
            self.beat()
