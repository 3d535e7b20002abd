"""Metrics endpoint for Prometheus: a small HTTP server, in a thread that ends with the process."""

import logging
from wsgiref.simple_server import WSGIServer

from prometheus_client import CollectorRegistry, disable_created_metrics, start_http_server

log = logging.getLogger(__name__)

# a second series for every first one, which says when that began; Prometheus needs it no longer
disable_created_metrics()


def serve_metrics(
    registry: CollectorRegistry, address: str, port: int, *, ports: int = 1
) -> WSGIServer | None:
    """Answer at the first free one of some ports. Nothing depends on it: if none is free, that is only logged.

    Args:
        registry: what is answered.
        address: of this machine; `0.0.0.0` stands for all.
        port: the first port to try.
        ports: how many are tried.
    """
    trouble: OSError | None = None
    for candidate in range(port, min(port + ports, 2**16)):
        try:
            server, _ = start_http_server(candidate, address, registry)
        except OSError as error:
            trouble = error
        else:
            log.info("Metrics are at http://%s:%d/metrics", address, candidate)
            return server
    log.warning("No metrics: nothing can listen on %s, port %d: %s", address, port, trouble)
    return None
