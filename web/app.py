"""Application: which URL leads to which page."""

import logging
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

from starlette.applications import Starlette
from starlette.exceptions import HTTPException
from starlette.middleware import Middleware
from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.routing import Mount
from starlette.staticfiles import StaticFiles
from starlette.types import Scope

from nuqleus.errors import NuqleusError
from web.guard import Guard
from web.pages import api, dashboard, files, images, login, plates, plots
from web.site import Site, describe_refusal, render
from web.templates import STATIC

log = logging.getLogger(__name__)


class KeptFiles(StaticFiles):
    """Files of ours, which browsers keep: their URLs change with their content."""

    async def get_response(self, path: str, scope: Scope) -> Response:
        """Answer with a file."""
        response = await super().get_response(path, scope)
        response.headers["cache-control"] = "public, max-age=31536000, immutable"
        return response


def build_app(site: Site) -> Starlette:
    """Build the application."""
    app = Starlette(
        routes=[
            *dashboard.ROUTES,
            *api.ROUTES,
            *files.ROUTES,
            *images.ROUTES,
            *plots.ROUTES,
            *plates.ROUTES,
            *login.ROUTES,
            Mount("/static", KeptFiles(directory=STATIC)),
        ],
        middleware=[Middleware(Guard, rules=site.rules, limit=site.limit, clock=site.clock)],
        exception_handlers={
            HTTPException: _explain_status,
            NuqleusError: _explain_trouble,
            Exception: _explain_surprise,
        },
        lifespan=_lifespan,
    )
    app.state.site = site
    return app


@asynccontextmanager
async def _lifespan(app: Starlette) -> AsyncIterator[None]:
    site: Site = app.state.site
    site.dashboard.latest()  # so that it is there when somebody asks
    yield
    site.close()


def _explain_status(request: Request, error: Exception) -> Response:
    assert isinstance(error, HTTPException)
    return _explain(request, error.status_code, describe_refusal(error))


def _explain_trouble(request: Request, error: Exception) -> Response:
    return _explain(request, 503, str(error))


def _explain_surprise(request: Request, error: Exception) -> Response:
    log.error("%s %s failed.", request.method, request.url.path, exc_info=error)
    return _explain(request, 500, "An error nobody expected; the log of the page says more.")


def _explain(request: Request, status: int, text: str) -> Response:
    if request.url.path.startswith("/api/"):
        return JSONResponse({"error": text}, status)
    return render(request, "error.html", status, text=text)
