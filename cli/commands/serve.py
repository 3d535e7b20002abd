"""`nuqleus serve [--address ADDRESS] [--port PORT]`."""

from __future__ import annotations

import socket
from typing import Any

import click

from cli.options import database_option, input_option


@click.command(name="serve")
@input_option("The watched folder, whose images the page shows.")
@database_option()
@click.option("--address", "web_address", help="The address to listen on.")
@click.option("--port", "web_port", type=int, help="The port to listen on.")
@click.option(
    "--socket", "listening", type=int, hidden=True, help="A socket that listens already, by its number."
)
def command(listening: int | None, **given: Any) -> None:
    """Serve a page: watch the folder, look at every nucleus, queue again what failed.

    Without a token, the page is for this machine alone. Ctrl-C or SIGTERM stops it.
    """
    from nuqleus.logs import configure_logs
    from nuqleus.settings import get_settings
    from scheduler.ignore_list import REASONS
    from web.listening import bind_page, page_url
    from web.server import serve_page

    settings = get_settings(**given)
    configure_logs(settings.log_level, log_format=settings.log_format)
    with socket.socket(fileno=listening) if listening else bind_page(settings) as page:
        if not listening:
            click.echo(f"The page is at {page_url(page)} (Ctrl-C stops it)")
        serve_page(settings, page, REASONS)
