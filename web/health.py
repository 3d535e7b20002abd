"""Health check: does the page answer? Asked from beside it, in its container."""

from http.client import HTTPConnection, HTTPException

from nuqleus.errors import NotHealthy
from nuqleus.settings import Settings

ANYWHERE = {"0.0.0.0": "127.0.0.1", "::": "::1"}  # noqa: S104 - nothing is bound here
"""Addresses that a server listens on, and where it is found then."""

TIMEOUT_SECONDS = 10.0


def require_page(settings: Settings) -> str:
    """Make sure that the page answers.

    Returns:
        A sentence for people.

    Raises:
        NotHealthy: it doesn't, or only with an error of its own.
    """
    address = ANYWHERE.get(settings.web_address, settings.web_address)
    connection = HTTPConnection(address, settings.web_port, timeout=TIMEOUT_SECONDS)
    try:
        connection.request("GET", "/login")
        status = connection.getresponse().status
    except (OSError, HTTPException) as error:
        raise NotHealthy(f"No page answers at {address}, port {settings.web_port}: {error}") from error
    finally:
        connection.close()
    if status >= 500:
        raise NotHealthy(
            f"The page at {address}, port {settings.web_port}, answers with an error ({status})."
        )
    return "The page answers."
