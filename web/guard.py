"""Guard: what every request passes before a page sees it, and what every answer carries."""

import logging
from collections.abc import Awaitable, Callable
from http.cookies import CookieError, SimpleCookie
from urllib.parse import quote

from starlette.datastructures import Headers, MutableHeaders
from starlette.responses import JSONResponse, PlainTextResponse, RedirectResponse, Response
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from web.access import AccessRules, is_same_origin
from web.login_limit import LoginLimit

log = logging.getLogger(__name__)

COOKIE = "nuqleus_session"

MAX_BODY = 64 * 1024
"""Bytes of a request's body: forms, and nothing else."""

LONGEST_PATH = 500
"""Characters of a URL's path: ours are far shorter, and Python refuses to read a number of thousands of digits."""

OPEN_PATHS = ("/login", "/static/")
"""Seen by those who haven't logged in: the form, and how it looks."""

POLICY = "; ".join(
    (
        "default-src 'none'",
        "script-src 'self'",
        "style-src 'self'",
        "img-src 'self' data:",
        "connect-src 'self'",
        "form-action 'self'",
        "base-uri 'none'",
        "frame-ancestors 'none'",
    )
)
"""What a page may load and run: files of ours. A script in a name would have nowhere to run."""

HEADERS = {
    "content-security-policy": POLICY,
    "x-content-type-options": "nosniff",
    "x-frame-options": "DENY",
    "referrer-policy": "same-origin",
    "cross-origin-opener-policy": "same-origin",
    "cross-origin-resource-policy": "same-origin",
}

SAFE_METHODS = ("GET", "HEAD")


class Guard:
    """Middleware: refuses what the access rules refuse, and gives every answer its security headers.

    Args:
        app: what answers requests that pass.
        rules: who gets in.
        limit: how often somebody may guess.
        clock: seconds since 1970.
    """

    def __init__(
        self, app: ASGIApp, rules: AccessRules, limit: LoginLimit, clock: Callable[[], float]
    ) -> None:
        self._app = app
        self._rules = rules
        self._limit = limit
        self._clock = clock

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answer a request, or let it through."""
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return
        send = _with_headers(send)
        refusal = self._refuse(scope)
        if refusal:
            await refusal(scope, receive, send)
            return
        await self._app(scope, _limited(receive), send)

    def _refuse(self, scope: Scope) -> Response | None:
        headers = Headers(scope=scope)
        if not self._rules.knows_host(headers.get("host", "")):
            return _say(421, "This page is not known by that name. NUQLEUS_WEB_HOSTS lists the names it has.")
        if not is_same_origin(headers):
            return _say(403, "This request comes from another page.")
        if len(scope["path"]) > LONGEST_PATH:
            return _say(404, "There is nothing here.")
        if _body_is_too_large(headers):
            return _say(413, "That is too much.")
        return self._refuse_stranger(scope, headers)

    def _refuse_stranger(self, scope: Scope, headers: Headers) -> Response | None:
        path, client = scope["path"], client_of(scope)
        if self._rules.open_to_all or path.startswith(OPEN_PATHS) or self._is_known(client, headers):
            return None
        if wait := self._limit.wait_seconds(client):
            return too_many_guesses(wait)
        bearer = _bearer(headers)
        if bearer is not None:
            if self._rules.accepts(bearer):
                return None
            self._limit.note_failure(client)
            log.warning("A wrong token came from %s.", client)
        return _ask_to_log_in(scope, has_token=self._rules.token is not None)

    def _is_known(self, client: str, headers: Headers) -> bool:
        if headers.get("remote-user") and self._rules.trusts(client):
            return True
        return self._rules.is_session(_cookie(headers), self._clock())


def client_of(scope: Scope) -> str:
    """Return the address that a request comes from."""
    return scope["client"][0] if scope.get("client") else ""


def too_many_guesses(wait: float) -> Response:
    """Refuse somebody who guesses too often."""
    response = _say(429, f"Too many wrong tokens. Try again in {wait:.0f} seconds.")
    response.headers["retry-after"] = f"{wait:.0f}"
    return response


def _ask_to_log_in(scope: Scope, *, has_token: bool) -> Response:
    if not has_token:
        return _say(403, "The proxy in front of this page hasn't said who you are.")
    if scope["path"].startswith("/api/") or scope["method"] not in SAFE_METHODS:
        return JSONResponse({"error": "Log in first."}, 401, {"www-authenticate": "Bearer"})
    query = scope["query_string"].decode("latin-1")
    here = scope["path"] + (f"?{query}" if query else "")
    return RedirectResponse(f"/login?next={quote(here, safe='')}", 303)


def _say(status: int, text: str) -> Response:
    return PlainTextResponse(f"{text}\n", status)


def _bearer(headers: Headers) -> str | None:
    kind, _, token = headers.get("authorization", "").partition(" ")
    return token.strip() if kind.lower() == "bearer" else None


def _cookie(headers: Headers) -> str:
    try:
        morsel = SimpleCookie(headers.get("cookie", "")).get(COOKIE)
    except CookieError:
        return ""
    return morsel.value if morsel else ""


def _body_is_too_large(headers: Headers) -> bool:
    length = headers.get("content-length", "0")
    return not length.isdigit() or int(length) > MAX_BODY


def _limited(receive: Receive) -> Receive:
    """Give no more than `MAX_BODY` bytes of a body that doesn't say how long it is."""
    taken = 0

    async def receive_limited() -> Message:
        nonlocal taken
        message = await receive()
        taken += len(message.get("body", b""))
        return {"type": "http.disconnect"} if taken > MAX_BODY else message

    return receive_limited


def _with_headers(send: Send) -> Callable[[Message], Awaitable[None]]:
    async def send_with_headers(message: Message) -> None:
        if message["type"] == "http.response.start":
            headers = MutableHeaders(scope=message)
            for name, value in HEADERS.items():
                headers[name] = value
            headers.setdefault("cache-control", "no-store")
        await send(message)

    return send_with_headers
