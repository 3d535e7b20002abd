"""Scheduler metrics for Prometheus: how the files stand, as the database says."""

import threading
import time
from collections.abc import Callable, Iterator
from functools import partial

from celery import Celery
from prometheus_client import CollectorRegistry
from prometheus_client.core import CounterMetricFamily, GaugeMetricFamily, Metric
from prometheus_client.process_collector import ProcessCollector
from prometheus_client.registry import Collector
from sqlalchemy import Engine

from nuqleus.database.leadership import is_leading
from nuqleus.database.queries.file_queries import FileQueries
from nuqleus.database.queries.result_counters import STAGES, ResultCounters
from nuqleus.database.queries.status_details import failures_by_kind, queue_age
from nuqleus.database.workers import Workers
from nuqleus.errors import BrokerUnavailable, NuqleusError
from nuqleus.metrics import serve_metrics
from nuqleus.process_identity import current_identity
from nuqleus.queue import queue_depth
from nuqleus.settings import Settings

CACHE_SECONDS = 5.0
"""Answers are no older than this, while they are cheap."""

MAX_BUSY_SHARE = 0.05
"""Of the time that making answers may take, however often and by whomever they are asked for."""


class SchedulerCollector(Collector):
    """How the files stand, asked of the database and the broker when somebody wants to know, but not each time.

    Args:
        engine: the database.
        messages: counts the messages on the broker; raises BrokerUnavailable.
        alive_within: a worker that was silent for longer counts as dead.
        process_identity: of this scheduler.
        clock: seconds since 1970.
    """

    def __init__(
        self,
        engine: Engine,
        messages: Callable[[], int],
        alive_within: float,
        process_identity: str,
        clock: Callable[[], float] = time.time,
    ) -> None:
        self._engine = engine
        self._messages = messages
        self._alive_within = alive_within
        self._process_identity = process_identity
        self._clock = clock
        self._counters = ResultCounters(engine)
        self._asking = threading.Lock()
        self._answer: list[Metric] = []
        self._due = float("-inf")

    def collect(self) -> list[Metric]:
        """The metrics of now, or of a moment ago; nobody waits for a database that is already being asked."""
        if self._asking.acquire(blocking=False):
            try:
                self._renew()
            finally:
                self._asking.release()
        return self._answer

    def _renew(self) -> None:
        began = self._clock()
        if began >= self._due:
            self._answer = [*self._of_database(), *self._of_broker()]
            self._due = self._clock() + max(CACHE_SECONDS, (self._clock() - began) / MAX_BUSY_SHARE)

    def _of_database(self) -> Iterator[Metric]:
        try:
            metrics = [*self._files(), *self._work(), *self._processes()]
        except NuqleusError:
            metrics = []
        yield from metrics
        yield _gauge("nuqleus_database_up", "Whether the database answers.", bool(metrics))

    def _of_broker(self) -> Iterator[Metric]:
        try:
            messages = self._messages()
            yield _gauge("nuqleus_queue_messages", "Messages on the broker that no worker holds.", messages)
            yield _gauge("nuqleus_broker_up", "Whether the broker answers.", 1)
        except BrokerUnavailable:
            yield _gauge("nuqleus_broker_up", "Whether the broker answers.", 0)

    def _files(self) -> Iterator[Metric]:
        files = GaugeMetricFamily("nuqleus_files", "Files by state.", labels=["state"])
        for state, count in FileQueries(self._engine).counts().items():
            files.add_metric([state.value], count)
        failed = GaugeMetricFamily("nuqleus_failed_files", "Failed files by reason.", labels=["error_kind"])
        for kind, count in failures_by_kind(self._engine).items():
            failed.add_metric([kind], count)
        age = queue_age(self._engine, self._clock()) or 0.0
        yield from (files, failed)
        yield _gauge("nuqleus_queue_age_seconds", "Time that the first queued file has waited for.", age)

    def _work(self) -> Iterator[Metric]:
        """Counters begin with the first question, as others do with their process."""
        done = self._counters.update()
        for name in ("images", "pixels", "nuclei"):
            text = f"{name.capitalize()} whose results were stored."
            yield CounterMetricFamily(f"nuqleus_{name}", text, value=done[name])
        text = "Time that the stages of these images took."
        stages = CounterMetricFamily("nuqleus_stage_seconds", text, labels=["stage"])
        for stage in STAGES:
            stages.add_metric([stage], done[stage])
        yield stages

    def _processes(self) -> Iterator[Metric]:
        workers = Workers(self._engine, self._clock).live(self._alive_within)
        yield _gauge("nuqleus_workers", "Workers that were heard of lately.", len(workers))
        leads = is_leading(self._engine, self._process_identity, self._clock())
        yield _gauge(
            "nuqleus_leader", "Whether this scheduler looks after the folder; another one may.", leads
        )


def serve_scheduler_metrics(settings: Settings, engine: Engine, app: Celery) -> None:
    """Let Prometheus ask this scheduler, if a port is set."""
    if settings.metrics_port is None:
        return
    registry = CollectorRegistry()
    ProcessCollector(registry=registry)
    registry.register(
        SchedulerCollector(engine, partial(queue_depth, app), settings.lease_seconds, current_identity())
    )
    serve_metrics(registry, settings.metrics_address, settings.metrics_port)


def _gauge(name: str, text: str, value: float) -> Metric:
    return GaugeMetricFamily(name, text, value=value)
