"""A page over a folder whose files have been measured."""

import shutil
import threading
from hashlib import sha256
from io import BytesIO
from pathlib import Path
from typing import Any

import numpy as np
from PIL import Image
from sqlalchemy import select
from starlette.testclient import TestClient

from nuqleus.database.engine import make_engine, reading
from nuqleus.database.files.records import SeenFile
from nuqleus.database.files.scheduler_files import SchedulerFiles
from nuqleus.database.files.worker_files import WorkerFiles
from nuqleus.database.model_registry import register_model
from nuqleus.database.tables import Nucleus
from nuqleus.file_stat import FileStat
from nuqleus.settings import Settings
from tests.examples import complete, observe
from tests.fake_segmenter import ThresholdSegmenter, draw_squares
from web.app import build_app
from web.refreshed_answer import Dated, RefreshedAnswer
from web.site import Site
from worker.pipeline import process

SQUARES = draw_squares(5, side=24)


def settled(refreshed: RefreshedAnswer[Any]) -> Dated[Any]:
    """Ask until the question of now has been answered."""
    refreshed.latest()
    for thread in threading.enumerate():
        if thread.name == "refresh":
            thread.join()
    return refreshed.latest()


class Shown:
    """A page over a folder whose files have been measured."""

    def __init__(self, root: Path, template: Path) -> None:
        self.inbox = root / "inbox"
        self.inbox.mkdir()
        self.engine = make_engine(f"sqlite:///{shutil.copy(template, root / 'nuqleus.db')}")
        self.model_id = register_model(self.engine, "a network", "f" * 64, {}, {}, "1.0")
        self.site = Site(Settings(input_dir=self.inbox), self.engine)
        self.page = TestClient(build_app(self.site), base_url="http://localhost:8600")

    def see(self, name: str) -> int:
        """See a file, as a scan does; returns its number."""
        stat = FileStat.of((self.inbox / name).stat())
        return observe(SchedulerFiles(self.engine), SeenFile.of(name, stat))[name]

    def measure(self, name: str, *, with_overviews: bool = True) -> int:
        """Measure a file; returns the number of its image."""
        path, workers, file_id = self.inbox / name, WorkerFiles(self.engine), self.see(name)
        SchedulerFiles(self.engine).enqueue([file_id])
        claim = workers.claim(file_id, "a worker", 60.0)
        assert claim
        images = list(process(path, ThresholdSegmenter(), with_overviews=with_overviews))
        complete(workers, claim, sha256(path.read_bytes()).hexdigest(), self.model_id, images)
        return self.page.get(f"/api/files/{file_id}").json()["images"][0]["id"]

    def picture(self, url: str) -> np.ndarray:
        answer = self.page.get(url)
        assert answer.status_code == 200, answer.text
        picture = Image.open(BytesIO(answer.content))
        return np.asarray(picture.convert("RGBA") if picture.format == "PNG" else picture)

    def nuclei(self, image_id: int):
        with reading(self.engine) as connection:
            of_image = select(Nucleus.__table__).where(Nucleus.image_id == image_id)
            return connection.execute(of_image.order_by(Nucleus.label)).all()
