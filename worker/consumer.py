"""Celery consumer of a worker that outlives a broker which refuses what it is asked."""

import logging
import time

from celery.worker.consumer import Consumer
from redis.exceptions import ResponseError

log = logging.getLogger(__name__)

REFUSED_SECONDS = 2.0
"""From a refusal to the next try: a worker that waits this long still answers signals and passes its health check."""


class ReconnectingConsumer(Consumer):  # type: ignore[misc]
    """Consumer that waits while the broker answers with an error, and then takes messages again.

    Redis refuses to write where it has become a replica (READONLY), lost its replicas (NOREPLICAS), can't save
    (MISCONF) or is full (OOM). kombu calls that an error of the channel, of which Celery's own consumer dies.
    """

    _refusal = ""

    def on_connection_error_after_connected(self, exc: Exception) -> None:
        """Say once what the broker refuses, and wait."""
        if not isinstance(exc, ResponseError):
            super().on_connection_error_after_connected(exc)
            return
        if str(exc) != self._refusal:
            log.warning("The broker refuses to work with this worker, which waits until it does: %s", exc)
        self._refusal = str(exc)
        time.sleep(REFUSED_SECONDS)
