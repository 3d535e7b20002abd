"""Server: answers with pages until it is told to stop."""

import logging
import signal
import socket
from collections.abc import Mapping

import uvicorn

from nuqleus.database.engine import open_database
from nuqleus.settings import Settings
from web.app import build_app
from web.connection import RequestTimeoutProtocol
from web.site import Site

log = logging.getLogger(__name__)

MAX_HEAD = 32 * 1024
"""Bytes of a request's head."""

MAX_CONNECTIONS = 500

BUSY_SECONDS = 5.0
"""How long somebody who tries files again waits for another writer of an embedded database."""


def serve_page(settings: Settings, listening: socket.socket, ignored_reasons: Mapping[str, str]) -> None:
    """Answer until told to stop, by SIGINT or SIGTERM.

    Args:
        settings: of the folder, the database and the page.
        listening: from `web.listening`.
        ignored_reasons: what each word in `files.ignored_by` means.

    Raises:
        NuqleusError: the database can't be opened.
    """
    engine = open_database(settings.database_url, create=False, busy_seconds=BUSY_SECONDS)
    site = Site(settings, engine, ignored_reasons)
    config = uvicorn.Config(
        build_app(site),
        http=RequestTimeoutProtocol,
        ws="none",
        log_config=None,
        access_log=False,
        proxy_headers=False,
        server_header=False,
        h11_max_incomplete_event_size=MAX_HEAD,
        limit_concurrency=MAX_CONNECTIONS,
        timeout_graceful_shutdown=3,
    )
    logging.getLogger("uvicorn").setLevel(logging.WARNING)
    for number in (signal.SIGINT, signal.SIGTERM):  # which uvicorn raises again once it has ended
        signal.signal(number, _do_nothing)
    uvicorn.Server(config).run(sockets=[listening])


def _do_nothing(number: int, frame: object) -> None:
    pass
