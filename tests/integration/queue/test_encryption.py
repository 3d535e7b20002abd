"""`rediss://`: a server's certificate is verified, unless the URL says that it need not be."""

import shutil
import socket
import ssl
import subprocess
import threading
from collections.abc import Iterator
from pathlib import Path

import pytest

from nuqleus.errors import BrokerUnavailable
from nuqleus.queue import make_app, queue_depth
from nuqleus.settings import get_settings

pytestmark = [
    pytest.mark.integration,
    pytest.mark.skipif(shutil.which("openssl") is None, reason="there is no openssl to make a certificate"),
]


@pytest.fixture(scope="module")
def certificate(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Of 127.0.0.1, signed by nobody else, with its key."""
    folder = tmp_path_factory.mktemp("certificate")
    names = ("-subj", "/CN=127.0.0.1", "-addext", "subjectAltName=IP:127.0.0.1")
    files = ("-keyout", "key.pem", "-out", "certificate.pem")
    command = ["openssl", "req", "-x509", "-newkey", "rsa:2048", "-nodes", "-days", "2", *files, *names]
    subprocess.run(command, cwd=folder, check=True, capture_output=True)
    return folder / "certificate.pem"


@pytest.fixture
def port(server: Path, certificate: Path) -> Iterator[int]:
    """Where a proxy speaks TLS, and the broker behind it doesn't."""
    context = ssl.create_default_context(ssl.Purpose.CLIENT_AUTH)
    context.load_cert_chain(certificate, certificate.with_name("key.pem"))
    with socket.create_server(("127.0.0.1", 0)) as listener:
        threading.Thread(target=_accept, args=(listener, context, str(server)), daemon=True).start()
        yield listener.getsockname()[1]
        listener.shutdown(socket.SHUT_RDWR)


def _accept(listener: socket.socket, context: ssl.SSLContext, server: str) -> None:
    while True:
        try:
            plain, _ = listener.accept()
        except OSError:
            return
        try:
            client = context.wrap_socket(plain, server_side=True)
        except OSError:  # it doesn't trust us
            continue
        broker = socket.socket(socket.AF_UNIX)
        broker.connect(server)
        for source, sink in ((client, broker), (broker, client)):
            threading.Thread(target=_pass_on, args=(source, sink), daemon=True).start()


def _pass_on(source: socket.socket, sink: socket.socket) -> None:
    try:
        while data := source.recv(65536):
            sink.sendall(data)
    except OSError:
        pass
    finally:
        source.close()
        sink.close()


def depth_at(url: str) -> int:
    with make_app(get_settings(broker_url=url)) as app:
        return queue_depth(app)


def test_a_certificate_that_nobody_vouches_for_is_refused(port: int):
    with pytest.raises(BrokerUnavailable, match="certificate verify failed"):
        depth_at(f"rediss://127.0.0.1:{port}/0")


def test_one_that_the_url_vouches_for_is_trusted(port: int, certificate: Path):
    assert depth_at(f"rediss://127.0.0.1:{port}/0?ssl_ca_certs={certificate}") == 0


def test_but_not_for_another_host(port: int, certificate: Path):
    with pytest.raises(BrokerUnavailable, match="certificate"):
        depth_at(f"rediss://localhost:{port}/0?ssl_ca_certs={certificate}")


@pytest.mark.parametrize("none", ["none", "CERT_NONE"])
def test_without_verification_there_is_a_warning(port: int, none: str, caplog: pytest.LogCaptureFixture):
    assert depth_at(f"rediss://127.0.0.1:{port}/0?ssl_cert_reqs={none}") == 0
    assert "anybody could pose as the broker" in caplog.text
