"""A page in a real browser: Chromium of the operating system, driven by Playwright, over a real server.

Where there is no Chromium these tests are skipped; in CI, which installs it, they fail.
"""

import os
import shutil
import socket
import threading
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from hashlib import sha256
from pathlib import Path

import numpy as np
import pytest
import uvicorn
from PIL import Image as Picture
from playwright.sync_api import Browser, Error, Page, sync_playwright
from sqlalchemy import insert, update

from nuqleus.database.engine import make_engine, writing
from nuqleus.database.files.records import SeenFile
from nuqleus.database.files.scheduler_files import SchedulerFiles
from nuqleus.database.files.worker_files import WorkerFiles
from nuqleus.database.model_registry import register_model
from nuqleus.database.tables import WHOLE, Image, Plate, Well, WellStatistic
from nuqleus.file_stat import FileStat
from nuqleus.settings import Settings
from tests.examples import complete, observe
from tests.fake_segmenter import ThresholdSegmenter, draw_squares
from web.app import build_app
from web.site import Site
from worker.pipeline import process

CHROMIUM = next(filter(None, map(shutil.which, ("chromium", "chromium-browser", "google-chrome"))), None)

PATIENCE = 120_000
"""Milliseconds that a busy machine may take for what a person wouldn't notice."""

NUCLEI = 5


@dataclass
class BrowserLab:
    """A folder, its database and its page."""

    inbox: Path
    url: str
    site: Site

    def __post_init__(self) -> None:
        self.files, self.workers = SchedulerFiles(self.site.engine), WorkerFiles(self.site.engine)
        self.model_id = register_model(self.site.engine, "a network", "f" * 64, {}, {}, "1.0")

    def drop(self, name: str, pixels: np.ndarray) -> int:
        """Drop a file, which the scheduler sees and queues."""
        path = self.inbox / name
        Picture.fromarray(pixels).save(path)
        file_id = observe(self.files, SeenFile.of(name, FileStat.of(path.stat())))[name]
        self.files.enqueue([file_id])
        return file_id

    def work(self, file_id: int) -> None:
        """Measure a file that is queued."""
        claim = self.workers.claim(file_id, "a worker", 60.0)
        assert claim
        images = list(process(self.inbox / claim.path, ThresholdSegmenter(), with_overviews=True))
        content = sha256((self.inbox / claim.path).read_bytes()).hexdigest()
        complete(self.workers, claim, content, self.model_id, images)

    def fail(self, file_id: int, error: str = "The file ends early. Copy it again.") -> None:
        """Let a file fail that is queued."""
        claim = self.workers.claim(file_id, "a worker", 60.0)
        assert claim
        self.workers.fail(claim, "truncated", error)

    def queue_retried(self, file_id: int) -> None:
        """What the scheduler does with a file that is tried again."""
        self.files.enqueue([file_id])

    def lay_out_plate(self) -> None:
        """Put the first image into a well of a plate."""
        with writing(self.site.engine) as connection:
            plate = {"name": "A plate", "folder": "", "convention": "ImageXpress", "rows": 8, "cols": 12}
            connection.execute(insert(Plate), [plate])
            made = {"statistics_images": 1, "statistics_newest": 1}
            connection.execute(insert(Well), [{"plate_id": 1, "name": "B02", "row": 1, "col": 1, **made}])
            number = {
                "well_id": 1,
                "t": 0,
                "z": 0,
                "channel": WHOLE,
                "name": "nuclei",
                "value": float(NUCLEI),
            }
            connection.execute(insert(WellStatistic), [number])
            connection.execute(update(Image).where(Image.id == 1).values(well_id=1, site=1))


@pytest.fixture(scope="module")
def lab(tmp_path_factory: pytest.TempPathFactory, sqlite_template: Path) -> Iterator[BrowserLab]:
    """A lab with one image of five nuclei."""
    root = tmp_path_factory.mktemp("lab")
    (root / "inbox").mkdir()
    engine = make_engine(f"sqlite:///{shutil.copy(sqlite_template, root / 'nuqleus.db')}")
    site = Site(Settings(input_dir=root / "inbox"), engine, {"rule": "a rule says so"})
    with socket.create_server(("127.0.0.1", 0)) as listening:
        server = uvicorn.Server(uvicorn.Config(build_app(site), log_config=None, ws="none"))
        thread = threading.Thread(target=server.run, kwargs={"sockets": [listening]}, daemon=True)
        thread.start()
        lab = BrowserLab(root / "inbox", f"http://127.0.0.1:{listening.getsockname()[1]}", site)
        lab.work(lab.drop("squares.png", draw_squares(NUCLEI, side=24)))
        lab.lay_out_plate()
        yield lab
        server.should_exit = True
        thread.join(10)


@pytest.fixture(scope="session")
def browser() -> Iterator[Browser]:
    if CHROMIUM is None:
        if os.environ.get("CI"):
            pytest.fail("There is no Chromium; CI must install it: apt-get install chromium")
        pytest.skip("There is no Chromium on this machine (apt-get install chromium)")
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=CHROMIUM, args=["--no-sandbox"])
        yield browser
        browser.close()


@pytest.fixture
def visit(browser: Browser, lab: BrowserLab) -> Iterator[Callable[..., Page]]:
    """Opens a page in a window of its own; a script that fails there fails the test."""
    contexts, errors = [], []

    def note_error(error: Error) -> None:
        errors.append(error)

    def visit(path: str = "/", **options) -> Page:
        context = browser.new_context(base_url=lab.url, **options)
        context.set_default_timeout(PATIENCE)
        contexts.append(context)
        page = context.new_page()
        page.on("pageerror", note_error)
        page.on("dialog", lambda dialog: dialog.accept())
        page.goto(path)
        return page

    yield visit
    for context in contexts:
        context.close()
    assert errors == []


def eventually(holds: Callable[[], object]) -> None:
    """Wait until something holds."""
    end = time.monotonic() + PATIENCE / 1000
    while not holds():
        assert time.monotonic() < end
        time.sleep(0.05)
