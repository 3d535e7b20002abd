"""The endpoint that Prometheus asks: there if a port is free, and never in the way."""

import logging
import socket
from urllib.request import urlopen

import pytest
from prometheus_client import CollectorRegistry, Counter

from nuqleus.metrics import serve_metrics


@pytest.fixture
def registry():
    registry = CollectorRegistry()
    Counter("nuqleus_images", "Images.", registry=registry).inc(3)
    return registry


@pytest.fixture
def taken():
    """A port of this machine that somebody else listens on, with a free one after it."""
    with socket.create_server(("127.0.0.1", 0)) as server:
        yield server.getsockname()[1]


@pytest.fixture
def serve(registry):
    servers = []

    def serve(port: int, ports: int = 1):
        server = serve_metrics(registry, "127.0.0.1", port, ports=ports)
        servers.append(server)
        return server

    yield serve
    for server in filter(None, servers):
        server.shutdown()
        server.server_close()


def ask(server) -> str:
    with urlopen(f"http://127.0.0.1:{server.server_port}/metrics", timeout=10) as answer:
        return answer.read().decode()


def test_it_answers_in_prometheus_words(serve, taken: int):
    text = ask(serve(taken, ports=30))

    assert "# TYPE nuqleus_images_total counter\nnuqleus_images_total 3.0\n" in text
    assert "_created" not in text


def test_a_port_that_is_taken_is_a_warning(serve, taken: int, caplog):
    assert serve(taken) is None

    (record,) = caplog.records
    assert record.levelno == logging.WARNING
    assert f"127.0.0.1, port {taken}: " in record.message


def test_of_several_ports_the_first_free_one_is_taken(serve, taken: int, caplog):
    caplog.set_level(logging.INFO)
    first, second = serve(taken, ports=30), serve(taken, ports=30)

    assert taken < first.server_port < second.server_port
    assert f"http://127.0.0.1:{second.server_port}/metrics" in caplog.text


def test_a_port_is_free_again_as_soon_as_its_process_is_gone(serve, taken: int):
    server = serve(taken, ports=30)
    ask(server)
    server.shutdown()
    server.server_close()

    assert ask(serve(server.server_port))


def test_there_are_no_ports_beyond_the_last(serve, caplog):
    with socket.socket() as other:
        other.bind(("127.0.0.1", 65535))
        assert serve(65535, ports=30) is None
    assert "port 65535" in caplog.text


def test_an_address_that_is_not_ours_is_a_warning(registry, caplog):
    assert serve_metrics(registry, "192.0.2.1", 9400) is None
    assert "No metrics" in caplog.text
