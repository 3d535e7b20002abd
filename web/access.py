"""Access rules: who gets in, by which name, and from which page.

Without a token, only this machine is listened to, and everybody on it may look. Else a request needs one of

    a cookie                    that the login form gave for the token
    Authorization: Bearer …     the token itself
    Remote-User: …              from a proxy that is known (`NUQLEUS_WEB_PROXIES`)

A name in the header `Host` that nobody gave this machine is refused: a page elsewhere could otherwise have its own name
lead here (DNS rebinding). So is a request that a page of another origin makes.
"""

import hmac
import socket
from collections.abc import Mapping
from dataclasses import dataclass
from hashlib import sha256
from ipaddress import IPv4Network, IPv6Network, ip_address, ip_network
from typing import TypeAlias
from urllib.parse import urlsplit

from nuqleus.errors import SettingsError
from nuqleus.settings import Settings

SESSION_SECONDS = 30 * 24 * 3600
"""How long a login holds."""

SHORTEST_TOKEN = 16
"""Characters; a shorter token could be guessed."""

Network: TypeAlias = IPv4Network | IPv6Network


@dataclass(frozen=True)
class AccessRules:
    """Access control: who gets in.

    Attributes:
        token: what people log in with; None: nobody needs to, or a proxy says who they are.
        proxies: where the header `Remote-User` is believed from.
        hosts: names that browsers may call this machine by.
        only_here: whether nobody but this machine is listened to.
    """

    token: str | None
    proxies: tuple[Network, ...]
    hosts: frozenset[str]
    only_here: bool

    @property
    def open_to_all(self) -> bool:
        """Whether nobody needs to log in."""
        return self.token is None and not self.proxies

    def knows_host(self, host: str) -> bool:
        """Say whether a `Host` header names this machine. An address can't be made to lead here, a name can."""
        name = _host_name(host)
        if name is None:
            return False
        if name in self.hosts:
            return True
        return not self.only_here and _as_address(name) is not None

    def trusts(self, client: str) -> bool:
        """Say whether a client is a proxy whose word counts."""
        address = _as_address(client)
        return address is not None and any(address in network for network in self.proxies)

    def accepts(self, token: str) -> bool:
        """Compare a token with ours, in a time that says nothing of how much of it is right."""
        return self.token is not None and hmac.compare_digest(_digest(token), _digest(self.token))

    def issue_session(self, now: float) -> str:
        """Return a cookie's value that shows that its owner knew the token; a new token ends it."""
        expires = str(int(now) + SESSION_SECONDS)
        return f"{expires}.{self._sign(expires)}"

    def is_session(self, value: str, now: float) -> bool:
        """Say whether a cookie's value is one that was issued, and hasn't expired."""
        expires, _, signature = value.partition(".")
        if self.token is None or not (expires.isascii() and expires.isdigit() and len(expires) < 16):
            return False
        is_ours = hmac.compare_digest(_digest(signature), _digest(self._sign(expires)))
        return is_ours and now < int(expires)

    def _sign(self, expires: str) -> str:
        assert self.token is not None
        return hmac.new(self.token.encode(), f"session {expires}".encode(), sha256).hexdigest()


def access_rules(settings: Settings) -> AccessRules:
    """Read the rules from the settings.

    Raises:
        SettingsError: everybody on the network would get in, or a setting makes no sense.
    """
    only_here = _is_loopback(settings.web_address)
    token, proxies = settings.web_token, _networks(settings.web_proxies)
    if token is not None and len(token) < SHORTEST_TOKEN:
        raise SettingsError(
            f"NUQLEUS_WEB_TOKEN must have at least {SHORTEST_TOKEN} characters; `openssl rand -hex 24` makes a good one"
        )
    if not only_here and token is None and not proxies:
        raise SettingsError(
            f"The page would be open to everybody who reaches {settings.web_address}. Set NUQLEUS_WEB_TOKEN (or the "
            "secret nuqleus_web_token) to let in those who know it, or NUQLEUS_WEB_PROXIES for a proxy that says who "
            "somebody is; or leave NUQLEUS_WEB_ADDRESS at 127.0.0.1, for this machine alone."
        )
    return AccessRules(token, proxies, _host_names(settings, only_here), only_here)


def is_same_origin(headers: Mapping[str, str]) -> bool:
    """Say whether a request comes from our own page, or from no page at all.

    Browsers name the origin of whatever may change something; programs don't.
    """
    origin, site = headers.get("origin"), headers.get("sec-fetch-site")
    if origin is not None:
        try:
            parts = urlsplit(origin)
        except ValueError:
            return False
        return parts.scheme in ("http", "https") and parts.netloc.lower() == headers.get("host", "").lower()
    return site in (None, "same-origin", "none")


def _digest(text: str) -> bytes:
    return sha256(text.encode(errors="surrogateescape")).digest()


def _host_names(settings: Settings, only_here: bool) -> frozenset[str]:
    names = {
        "localhost",
        "127.0.0.1",
        "::1",
        settings.web_address.lower(),
        *_split(settings.web_hosts.lower()),
    }
    return frozenset(names if only_here else names | {socket.gethostname().lower()})


def _host_name(host: str) -> str | None:
    """Return the name or address in a `Host` header, without its port; None if there is none."""
    try:
        name, port = urlsplit(f"//{host}").hostname, urlsplit(f"//{host}").port
    except ValueError:
        return None
    has_more = not name or host.lower() not in _forms(name, port)
    return None if has_more else name


def _forms(name: str, port: int | None) -> tuple[str, ...]:
    host = f"[{name}]" if ":" in name else name
    return (host, f"{host}:") if port is None else (f"{host}:{port}",)


def _networks(text: str) -> tuple[Network, ...]:
    try:
        return tuple(ip_network(part) for part in _split(text))
    except ValueError as error:
        raise SettingsError(
            f"NUQLEUS_WEB_PROXIES lists addresses or networks, like 10.0.0.7,192.168.1.0/24: {error}"
        ) from None


def _split(text: str) -> list[str]:
    return [part.strip() for part in text.split(",") if part.strip()]


def _as_address(text: str) -> object | None:
    try:
        return ip_address(text)
    except ValueError:
        return None


def _is_loopback(address: str) -> bool:
    parsed = _as_address(address)
    return address == "localhost" or bool(getattr(parsed, "is_loopback", False))
