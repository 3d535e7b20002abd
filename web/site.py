"""Site: what every page has at hand."""

import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from functools import partial
from secrets import token_hex
from typing import Any, TypeVar

from sqlalchemy import Engine
from starlette.exceptions import HTTPException
from starlette.requests import Request
from starlette.responses import HTMLResponse

from nuqleus.database.queries.dashboard import Dashboard, get_dashboard
from nuqleus.database.queries.distributions import Distribution
from nuqleus.settings import Settings
from web.access import AccessRules, access_rules
from web.computations import Computations
from web.kept_pictures import KeptPictures
from web.login_limit import LoginLimit
from web.painter import Painter
from web.refreshed_answer import RefreshedAnswer
from web.templates import Templates
from web.turns import Turns

Row = TypeVar("Row")

REFUSALS = {
    404: "There is nothing here. It may have been measured anew since, or deleted.",
    405: "That can't be done here.",
}

LARGEST_ID = 2**31 - 1
"""The largest number that a row can have."""


@dataclass
class Site:
    """What every page has at hand.

    Attributes:
        settings: of the folder and the page.
        engine: the database.
        ignored_reasons: what each word in `files.ignored_by` means.
        clock: seconds since 1970.
        rules: who gets in.
        limit: how often somebody may guess a token.
        dashboard: how things stand.
        painter: has pictures drawn.
        overviews: small pictures that no worker stored, and that were drawn for the gallery.
        plots: are counted in the background.
        turns: of pages that may have to wait.
        edition: tells pictures of this page from those of one before it, which may have shown another database at the
            same address: browsers keep them by their URLs.
        templates: what pages are made of.
    """

    settings: Settings
    engine: Engine
    ignored_reasons: Mapping[str, str] = field(default_factory=dict)
    clock: Callable[[], float] = time.time
    rules: AccessRules = field(init=False)
    limit: LoginLimit = field(default_factory=LoginLimit)
    dashboard: RefreshedAnswer[Dashboard] = field(init=False)
    painter: Painter = field(init=False)
    overviews: KeptPictures = field(default_factory=KeptPictures)
    plots: Computations[Distribution] = field(default_factory=Computations)
    turns: Turns = field(default_factory=Turns)
    edition: str = field(default_factory=partial(token_hex, 4))
    templates: Templates = field(init=False)

    def __post_init__(self) -> None:
        """Read the rules.

        Raises:
            SettingsError: everybody would get in.
        """
        self.rules = access_rules(self.settings)
        self.dashboard = RefreshedAnswer(self._ask_for_dashboard, self.clock)
        self.painter = Painter(self.settings)
        self.templates = Templates(self.clock, self.edition)

    def close(self) -> None:
        """Disconnect, and end what draws."""
        self.painter.close()
        self.plots.close()
        self.engine.dispose()

    def _ask_for_dashboard(self) -> Dashboard:
        return get_dashboard(self.engine, self.clock(), alive_within=self.settings.lease_seconds)


def site_of(request: Request) -> Site:
    """Return what the page that is asked for has at hand."""
    site: Site = request.app.state.site
    return site


def find(request: Request, get: Callable[..., Row | None], *names: str) -> Row:
    """Return what a URL names by its numbers, as the database has it.

    Args:
        request: has the numbers in its path.
        get: asks the database for what has these numbers.
        names: of the numbers.

    Raises:
        HTTPException: there is no such thing.
    """
    numbers = [request.path_params[name] for name in names]
    found = get(site_of(request).engine, *numbers) if max(numbers) <= LARGEST_ID else None
    if found is None:
        raise HTTPException(404)
    return found


def describe_refusal(error: HTTPException) -> str:
    """Say to a person why there is no page."""
    return REFUSALS.get(error.status_code, error.detail)


def render(request: Request, template: str, status: int = 200, **values: Any) -> HTMLResponse:
    """Make a page of a template."""
    site = site_of(request)
    shared = {
        "path": request.url.path,
        "can_log_out": site.rules.token is not None,
        "folder": str(site.settings.input_dir),
    }
    return HTMLResponse(site.templates.render(template, **shared, **values), status)
