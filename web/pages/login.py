"""Login: a form for the token, and a cookie for those who know it."""

import logging
from urllib.parse import parse_qs

from starlette.concurrency import run_in_threadpool
from starlette.exceptions import HTTPException
from starlette.requests import ClientDisconnect, Request
from starlette.responses import RedirectResponse, Response
from starlette.routing import Route

from web.access import SESSION_SECONDS
from web.guard import COOKIE, client_of, too_many_guesses
from web.site import Site, render, site_of

log = logging.getLogger(__name__)

MOST_FIELDS = 20
"""Of a form."""


def show_form(request: Request) -> Response:
    """Ask for the token."""
    if site_of(request).rules.token is None:
        return RedirectResponse("/", 303)
    return _form(request, request.query_params.get("next", "/"))


async def log_in(request: Request) -> Response:
    """Take the token, and give a cookie for it."""
    site, client = site_of(request), client_of(request.scope)
    form = await form_of(request)
    onward, token = form.get("next", "/"), form.get("token", "")
    if wait := site.limit.wait_seconds(client):
        return too_many_guesses(wait)
    if not site.rules.accepts(token):
        site.limit.note_failure(client)
        log.warning("A wrong token came from %s.", client)
        return await run_in_threadpool(_form, request, onward, status=403, wrong=True)
    response = RedirectResponse(_own_path(onward), 303)
    response.set_cookie(
        COOKIE,
        site.rules.issue_session(site.clock()),
        max_age=SESSION_SECONDS,
        httponly=True,
        samesite="lax",
        secure=_is_encrypted(request, site),
    )
    return response


async def log_out(request: Request) -> Response:  # noqa: ARG001 - Starlette's signature
    """Take the cookie back."""
    response = RedirectResponse("/login", 303)
    response.delete_cookie(COOKIE, httponly=True, samesite="lax")
    return response


async def form_of(request: Request) -> dict[str, str]:
    """Read a form.

    Raises:
        HTTPException: it is too large, its sender went away, or it makes no sense: a field that is there twice would
            have two values, one of which would be dropped in silence.
    """
    try:
        body = (await request.body()).decode(errors="replace")
    except ClientDisconnect:
        raise HTTPException(413, "That is too much.") from None
    try:
        fields = parse_qs(body, keep_blank_values=True, max_num_fields=MOST_FIELDS)
    except ValueError:
        raise HTTPException(400, f"A form has at most {MOST_FIELDS} fields.") from None
    if any(len(values) > 1 for values in fields.values()):
        raise HTTPException(400, "A field of the form is there twice.")
    return {name: value for name, (value,) in fields.items()}


def _form(request: Request, onward: str, *, status: int = 200, wrong: bool = False) -> Response:
    return render(request, "login.html", status, onward=_own_path(onward), wrong=wrong)


def _own_path(onward: str) -> str:
    """Return where to go on: a path of ours, never another site, as `//there` would be."""
    is_ours = onward.startswith("/") and not onward.startswith(("//", "/\\")) and onward.isprintable()
    return onward if is_ours else "/"


def _is_encrypted(request: Request, site: Site) -> bool:
    if site.rules.trusts(client_of(request.scope)):
        return request.headers.get("x-forwarded-proto", "http") == "https"
    return request.url.scheme == "https"


ROUTES = [
    Route("/login", show_form),
    Route("/login", log_in, methods=["POST"]),
    Route("/logout", log_out, methods=["POST"]),
]
