"""A page on an empty database, asked without a network."""

from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from PIL import Image
from sqlalchemy import Engine
from starlette.testclient import TestClient

from nuqleus.database.files.scheduler_files import SchedulerFiles
from nuqleus.database.files.worker_files import WorkerFiles
from nuqleus.database.model_registry import register_model
from nuqleus.settings import Settings
from tests.conftest import Clock
from tests.integration.database.conftest import Archive
from tests.unit.web.shown import SQUARES, Shown
from web.app import build_app
from web.computations import Computations
from web.login_limit import LoginLimit
from web.site import Site

TOKEN = "a token that nobody guesses"

Visit = Callable[..., TestClient]
"""Makes a client for a page with these settings."""


@pytest.fixture
def visit(sqlite_engine: Engine, tmp_path, clock: Clock) -> Iterator[Visit]:
    clients = []

    def visit(
        *, client: tuple[str, int] = ("127.0.0.1", 50000), base: str = "http://localhost:8600", **given
    ):
        settings = Settings(input_dir=tmp_path / "inbox", **given)
        site = Site(
            settings,
            sqlite_engine,
            {"mask": "a mask"},
            clock,
            limit=LoginLimit(clock),
            plots=Computations(clock),
        )
        clients.append(TestClient(build_app(site), base_url=base, client=client, follow_redirects=False))
        return clients[-1]

    yield visit
    for client in clients:
        client.close()
        client.app.state.site.painter.close()


@pytest.fixture
def archive(sqlite_engine: Engine, clock: Clock) -> Archive:
    model_id = register_model(sqlite_engine, "a network", "f" * 64, {"base": 16}, {"dsb": 0.5}, "1.0")
    return Archive(
        sqlite_engine,
        SchedulerFiles(sqlite_engine, clock),
        WorkerFiles(sqlite_engine, clock),
        clock,
        model_id,
    )


@pytest.fixture(scope="module")
def shown(tmp_path_factory: pytest.TempPathFactory, sqlite_template: Path):
    shown = Shown(tmp_path_factory.mktemp("shown"), sqlite_template)
    Image.fromarray(SQUARES).save(shown.inbox / "gray.png")
    yield shown
    shown.site.close()
