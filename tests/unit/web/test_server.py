"""The server: where it listens, and how it treats clients that behave badly."""

import socket
import threading

import pytest
import uvicorn

from nuqleus.errors import NotHealthy, SettingsError
from nuqleus.settings import Settings
from web import connection
from web.connection import RequestTimeoutProtocol
from web.health import require_page
from web.listening import bind_page, page_url
from web.server import MAX_HEAD


async def hello(scope, receive, send):
    await send({"type": "http.response.start", "status": 200, "headers": [(b"content-length", b"2")]})
    await send({"type": "http.response.body", "body": b"hi"})


@pytest.fixture
def port(monkeypatch):
    """A server for which a second is long."""
    monkeypatch.setattr(connection, "REQUEST_SECONDS", 0.3)
    with socket.create_server(("127.0.0.1", 0)) as listening:
        config = uvicorn.Config(
            hello,
            http=RequestTimeoutProtocol,
            log_config=None,
            lifespan="off",
            h11_max_incomplete_event_size=MAX_HEAD,
        )
        server = uvicorn.Server(config)
        thread = threading.Thread(target=server.run, kwargs={"sockets": [listening]}, daemon=True)
        thread.start()
        yield listening.getsockname()[1]
        server.should_exit = True
        thread.join(10)


def connect(port: int) -> socket.socket:
    return socket.create_connection(("127.0.0.1", port), timeout=120)


def read_all(client: socket.socket) -> bytes:
    received = b""
    while some := client.recv(65536):
        received += some
    return received


def answers(port: int) -> bool:
    with connect(port) as client:
        client.sendall(b"GET / HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n")
        return read_all(client).endswith(b"hi")


@pytest.mark.parametrize(
    "begun",
    [
        b"",
        b"GET / HTTP/1.1\r\nHost: loc",
        b"POST / HTTP/1.1\r\nHost: localhost\r\nContent-Length: 50\r\n\r\nabc",
    ],
)
def test_a_client_that_never_ends_its_request_is_cut_off_and_others_are_answered(port, begun):
    with connect(port) as slow:
        slow.sendall(begun)
        assert answers(port)
        read_all(slow)  # ends once the server has closed the connection


def test_a_head_that_is_too_large_is_refused_long_before_its_end(port):
    with connect(port) as client:
        client.sendall(b"GET / HTTP/1.1\r\nHost: localhost\r\nX: ")
        sent = 0
        try:
            while sent < 100 * 2**20:
                sent += client.send(b"x" * 65536)
        except OSError:
            pass
        assert sent < 20 * 2**20
    assert answers(port)


def taken(port: int = 0) -> socket.socket:
    return socket.create_server(("127.0.0.1", port))


def test_a_default_port_that_is_taken_moves_on_to_the_next_free_one(monkeypatch):
    monkeypatch.setattr(Settings.model_fields["web_port"], "default", 8600)
    settings = Settings()
    with bind_page(settings) as first, bind_page(settings) as second:
        assert second.getsockname()[1] > first.getsockname()[1] >= 8600


def test_an_answer_in_two_parts_waits_for_nothing():
    with bind_page(Settings()) as page, connect(page.getsockname()[1]):
        answering, _ = page.accept()
        with answering:
            assert answering.getsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY)


def test_a_port_that_is_set_and_taken_is_an_error_in_a_sentence():
    with taken() as other:
        port = other.getsockname()[1]
        with pytest.raises(SettingsError, match=f"can't listen on port {port}: another program does. Set"):
            bind_page(Settings(web_port=port))


@pytest.mark.parametrize("address", ["192.0.2.1", "no such name.example"])
def test_an_address_that_is_not_this_machine_s_is_an_error_in_a_sentence(address):
    with pytest.raises(SettingsError, match="The page can't listen on"):
        bind_page(Settings(web_address=address, web_port=8600, web_token="x" * 20))


def test_an_open_page_doesn_t_even_listen():
    with pytest.raises(SettingsError, match="open to everybody"):
        bind_page(Settings(web_address="0.0.0.0"))


def test_its_address_is_said_as_a_browser_takes_it():
    with bind_page(Settings()) as page:
        assert page_url(page) == f"http://127.0.0.1:{page.getsockname()[1]}/"


def test_a_page_that_answers_is_healthy_and_one_that_doesn_t_is_not(port):
    assert require_page(Settings(web_port=port)) == "The page answers."
    with taken() as silent:
        port = silent.getsockname()[1]
    with pytest.raises(NotHealthy, match="No page answers"):
        require_page(Settings(web_port=port))
