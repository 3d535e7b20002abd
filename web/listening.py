"""Listening: the address of the page, taken before there is anybody who answers."""

import errno
import socket

from nuqleus.errors import SettingsError
from nuqleus.settings import Settings
from web.access import access_rules

FURTHER_PORTS = 20
"""Ports after the default one that are tried, where nobody set one."""


def bind_page(settings: Settings) -> socket.socket:
    """Listen on the page's address, so that browsers can connect as soon as somebody answers.

    Raises:
        SettingsError: the port that was set is taken, the address isn't this machine's, or everybody would get in.
    """
    access_rules(settings)
    is_set = "web_port" in settings.model_fields_set
    ports = range(settings.web_port, min(65536, settings.web_port + (1 if is_set else FURTHER_PORTS)))
    for port in ports:
        try:
            return _listen(settings.web_address, port)
        except OSError as error:
            if error.errno != errno.EADDRINUSE:
                raise SettingsError(
                    f"The page can't listen on {settings.web_address}, port {port}: {error.strerror}. "
                    "NUQLEUS_WEB_ADDRESS and NUQLEUS_WEB_PORT say where it should."
                ) from None
    raise SettingsError(
        f"The page can't listen on port {ports[0]}{'' if is_set else f', nor on those up to {ports[-1]}'}: another "
        "program does. Set NUQLEUS_WEB_PORT to a free one."
    )


def page_url(listening: socket.socket) -> str:
    """Return where the page is."""
    host, port = listening.getsockname()[:2]
    return f"http://[{host}]:{port}/" if ":" in host else f"http://{host}:{port}/"


def _listen(address: str, port: int) -> socket.socket:
    family = socket.AF_INET6 if ":" in address else socket.AF_INET
    listening = socket.create_server((address, port), family=family, backlog=256)
    # inherited by connections; asyncio sets it only where it made the socket, and an answer waits 40 ms without it
    listening.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
    return listening
