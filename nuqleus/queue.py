"""The queue: a Celery app on a Redis-protocol broker.

The settings are the ones that keep work through crashes of workers and of the broker; what even they lose,
the scheduler's sweep of the database sends again.
"""

import logging
import ssl
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from typing import Any
from urllib.parse import parse_qs, urlsplit

from celery import Celery
from kombu.exceptions import OperationalError
from redis.exceptions import AuthenticationError, ResponseError

from nuqleus.errors import BrokerUnavailable, SettingsError
from nuqleus.messages import Job
from nuqleus.settings import Settings

log = logging.getLogger(__name__)

QUEUE = "nuqleus"
TASK = "nuqleus.process_files"
PRIORITY = 6
URGENT_PRIORITY = 0
"""Of ordinary files, and of urgent ones. On Redis 0 is the highest, and there are four steps: 0, 3, 6, 9."""

_PUBLISH_RETRIES = {"max_retries": 3, "interval_start": 0, "interval_step": 0.2, "interval_max": 0.5}
"""A send gives up after about a second: the row stays queued, and the scheduler sends again later."""


def make_app(settings: Settings) -> Celery:
    """Build the Celery app that schedulers send with and workers receive with.

    Raises:
        SettingsError: no broker is configured.
    """
    if settings.broker_url is None:
        raise SettingsError(
            "No broker is configured. Set NUQLEUS_BROKER_URL (for example redis://localhost:6379/0), "
            "or use `nuqleus run`, which brings a broker of its own."
        )
    app = Celery("nuqleus", broker=settings.broker_url, set_as_current=False)
    app.conf.update(_delivery(settings), **_broker(settings), **_encryption(settings.broker_url), **_pool())
    return app


def send_jobs(app: Celery, jobs: Iterable[Job]) -> None:
    """Messages for jobs, one each; the rows of their files must be committed before.

    Raises:
        BrokerUnavailable: some or all were not sent.
    """
    with _reaching_broker(app), app.producer_or_acquire() as producer:
        for job in jobs:
            priority = URGENT_PRIORITY if job.urgent else PRIORITY
            app.send_task(TASK, args=[job.to_message()], priority=priority, producer=producer)


def queue_depth(app: Celery) -> int:
    """Queue depth: the number of messages that wait on the broker, those that a worker holds not included.

    Raises:
        BrokerUnavailable: the count is not known.
    """
    with _reaching_broker(app), app.pool.acquire(block=True) as connection:
        channel = connection.default_channel  # connects, with the retries below, where it has to
        return int(channel.queue_declare(QUEUE, durable=True).message_count)


@contextmanager
def _reaching_broker(app: Celery) -> Iterator[None]:
    connection = app.connection_for_write()
    try:
        yield
    except (OperationalError, *connection.connection_errors, *connection.channel_errors) as error:
        trouble = _TROUBLE.format(broker=connection.as_uri(), what=_what_is_wrong(error), error=error)
        raise BrokerUnavailable(trouble) from error


_TROUBLE = "The broker at {broker} {what}: {error}."


def _what_is_wrong(error: Exception) -> str:
    cause = error.__cause__ or error
    if isinstance(cause, AuthenticationError):
        return "refuses the password (NUQLEUS_BROKER_URL, NUQLEUS_BROKER_PASSWORD)"
    return "refuses what it is asked" if isinstance(cause, ResponseError) else "can't be reached"


def _delivery(settings: Settings) -> dict[str, Any]:
    """A worker holds one message, and keeps it until the file's work is committed."""
    return {
        "task_default_queue": QUEUE,
        "task_acks_late": True,
        # a killed worker's file comes back through its dead lease, which counts the attempts
        "task_reject_on_worker_lost": False,
        "task_ignore_result": True,  # the database is the result
        "task_serializer": "json",
        "accept_content": ["json"],
        "task_publish_retry_policy": _PUBLISH_RETRIES,
        "task_soft_time_limit": settings.soft_time_limit,
        "task_time_limit": settings.time_limit,
    }


def _broker(settings: Settings) -> dict[str, Any]:
    return {
        "broker_connection_retry_on_startup": True,
        "broker_connection_max_retries": None,  # the default gives up after 100
        "broker_transport_options": {
            # never extended while a task runs: shorter than the longest task, and it would run twice at once
            "visibility_timeout": settings.time_limit + 60,
            "unacked_restore_interval": 10,
            "unacked_restore_throttle": 1,  # the default looks for a dead worker's messages every 100 s
            "socket_timeout": 30,  # the default waits for ever
            "socket_connect_timeout": 5,
            "socket_keepalive": True,
            "health_check_interval": 25,
            "queue_order_strategy": "priority",
        },
    }


def _encryption(broker_url: str) -> dict[str, Any]:
    """Whose certificate is trusted: one that is verified, unless the URL asks for less; kombu would trust any."""
    scheme, options = urlsplit(broker_url).scheme, parse_qs(urlsplit(broker_url).query)
    if scheme != "rediss":
        return {}
    if options.get("ssl_cert_reqs", ["required"])[0].lower().endswith("none"):
        log.warning(
            "The broker's certificate is not verified (ssl_cert_reqs): anybody could pose as the broker."
        )
    # what the URL says takes the place of this, and leaves redis-py's own default, which is the same
    return {"broker_use_ssl": {"ssl_cert_reqs": ssl.CERT_REQUIRED}}


def _pool() -> dict[str, Any]:
    return {
        "worker_prefetch_multiplier": 1,
        "worker_proc_alive_timeout": 300,  # a child loads the network before it says that it lives
        # a task that outlives its connection commits; its second delivery then finds the file done
        "worker_cancel_long_running_tasks_on_connection_loss": False,
        "worker_redirect_stdouts": False,  # Celery would swallow what is printed
    }
