"""Ports of this machine that nobody listens on."""

import socket
from contextlib import ExitStack
from random import SystemRandom


def free_port(in_a_row: int = 1) -> int:
    """A port below those that systems give to clients: who asks before anybody listens could else be its own server.

    Args:
        in_a_row: how many ports from this one on are free.
    """
    while True:
        port = SystemRandom().randrange(10_000, 30_000)
        try:
            with ExitStack() as free:
                for number in range(in_a_row):
                    free.enter_context(socket.create_server(("127.0.0.1", port + number)))
                return port
        except OSError:
            continue
