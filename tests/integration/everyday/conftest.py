"""A watched folder with its scheduler and a worker, on both databases: what people do to files, and what follows."""

import shutil
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from pathlib import Path

import pytest
from PIL import Image as Picture
from sqlalchemy import Engine, select

from nuqleus.database.engine import reading
from nuqleus.database.files.scheduler_files import SchedulerFiles
from nuqleus.database.files.worker_files import WorkerFiles
from nuqleus.database.inbox_device import last_device
from nuqleus.database.model_registry import register_model
from nuqleus.database.plates import recognised_plates
from nuqleus.database.queries.snapshot import snapshot
from nuqleus.database.tables import File, Image
from nuqleus.database.workers import Workers
from nuqleus.messages import Job
from nuqleus.rules import Rules
from nuqleus.settings import Settings
from scheduler.completeness import Completeness
from scheduler.dispatcher import Dispatcher
from scheduler.ignore_list import IgnoreList
from scheduler.plates.field_completeness import QUIET_FACTOR, FieldCompleteness
from scheduler.plates.field_files import FieldFiles
from scheduler.plates.field_names import FolderWait, PlateNames
from scheduler.plates.plate_keeper import PlateKeeper
from scheduler.plates.plate_warnings import PlateWarnings
from scheduler.scanner import Scan, Scanner
from scheduler.scheduler import Scheduler
from scheduler.sweep import Sweep, SweepLimits
from tests.conftest import Clock
from tests.fake_segmenter import ThresholdSegmenter, draw_squares
from worker.heartbeat import Heartbeat
from worker.inbox_reader import InboxReader
from worker.processor import Processor
from worker.retry_policy import RetryPolicy

SETTLE = 2.0
FIELD_SECONDS = 300.0
NO_RULES = Rules()


class CountingSegmenter(ThresholdSegmenter):
    """Counts the images that it is shown."""

    segmented = 0

    def segment(self, pixels, *looked_for):
        self.segmented += 1
        return super().segment(pixels)


@dataclass
class Lab:
    """A folder that is watched and worked on; `settle` lets time pass until nothing is left to do."""

    inbox: Path
    engine: Engine
    clock: Clock
    jobs: list[Job] = field(default_factory=list)
    segmenter: CountingSegmenter = field(default_factory=CountingSegmenter)

    def __post_init__(self):
        self.settings = Settings(input_dir=self.inbox, state_dir=self.inbox.parent / "state")
        self.files = SchedulerFiles(self.engine, self.clock)
        self.worker_files = WorkerFiles(self.engine, self.clock)
        self.model_id = register_model(self.engine, "threshold", "0" * 64, {}, {}, "tests")
        self.restart()

    def restart(self, ignored: Sequence[str] = (), rules: Rules = NO_RULES):
        """A new scheduler and a new worker, as processes of their own would be; `ignored` as in NUQLEUS_IGNORE."""
        workers = Workers(self.engine, self.clock)
        self.scheduler = self._make_scheduler(workers, IgnoreList(Rules(), ignored), rules)
        self.heartbeat = Heartbeat(
            self.worker_files, workers, workers.start("host", 1, "cpu:0").id, every=1, lease=60
        )
        self.inbox_reader = InboxReader(self.settings)
        self.processor = Processor(
            self.settings,
            self.inbox_reader,
            self.worker_files,
            self.segmenter,
            self.model_id,
            "me",
            self.heartbeat,
            RetryPolicy(sleep=self.clock.advance),
        )

    def _make_scheduler(self, workers: Workers, ignore_list: IgnoreList, rules: Rules) -> Scheduler:
        dispatcher = Dispatcher(self.jobs.extend, lambda: len(self.jobs), lambda: 1, max_chunk=10)
        limits = SweepLimits(max_attempts=3, resend_seconds=300.0, sweep_seconds=1.0)
        names = self._make_plate_names(ignore_list, rules)
        field_completeness = FieldCompleteness(SETTLE, FIELD_SECONDS, clock=self.clock)
        return Scheduler(
            Scanner(self.settings.input_dir, device=last_device(self.engine), clock=self.clock),
            self.files,
            ignore_list,
            Completeness(self.inbox, SETTLE, self.clock),
            dispatcher,
            Sweep(self.files, workers, dispatcher, limits, self.clock),
            FieldFiles(self.files, names, field_completeness),
            clock=self.clock,
            after_enqueue=self._updating_plates(names),
        )

    def _make_plate_names(self, ignore_list: IgnoreList, rules: Rules) -> PlateNames:
        return PlateNames(
            lambda path, scan: ignore_list.ignored_by(path, scan) is not None,
            recognised_plates(self.engine),
            rules=rules,
            plates=self.settings.plates,
            folder_wait=FolderWait(QUIET_FACTOR * SETTLE, FIELD_SECONDS),
            clock=self.clock,
        )

    def _updating_plates(self, names: PlateNames) -> Callable[[Scan], None]:
        keeper, warnings = (
            PlateKeeper(self.engine, self.clock),
            PlateWarnings(self.engine, [names], self.clock),
        )

        def update(scan: Scan) -> None:
            keeper.update(scan)
            warnings.update(scan)

        return update

    def drop(self, name: str, nuclei: int = 3) -> Path:
        return drop_image(self.inbox / name, nuclei)

    def tick(self, seconds: float = 0.0):
        self.clock.advance(seconds)
        self.scheduler.tick()

    def work(self):
        while self.jobs:
            self.processor.handle(self.jobs.pop(0))

    def settle(self):
        for _ in range(3):
            self.tick(SETTLE)
            self.work()
        self.tick(SETTLE)
        assert self.jobs == []

    def row(self, name: str):
        with reading(self.engine) as connection:
            return connection.execute(select(*File.__table__.columns).where(File.path == name)).one()

    def rows(self):
        with reading(self.engine) as connection:
            return connection.execute(select(*File.__table__.columns).order_by(File.path)).all()

    def states(self) -> dict[str, str]:
        return {row.path: row.state.value for row in self.rows()}

    def there(self) -> dict[str, str]:
        return {row.path: row.state.value for row in self.rows() if row.gone_at is None}

    def images(self) -> list[tuple[int, int]]:
        """Which results there are: the file that owns them, and their number of nuclei."""
        with reading(self.engine) as connection:
            return [
                tuple(row)
                for row in connection.execute(select(Image.file_id, Image.n_nuclei).order_by(Image.id))
            ]

    def image_ids(self) -> list[int]:
        with reading(self.engine) as connection:
            return list(connection.scalars(select(Image.id).order_by(Image.id)))

    def exported(self) -> dict[str, int]:
        """Nuclei by path, as `nuqleus export` gives them."""
        found: dict[str, int] = {}
        with snapshot(self.engine) as results:
            for nucleus in results.nuclei():
                found[nucleus["path"]] = found.get(nucleus["path"], 0) + 1
        return found


def drop_image(path: Path, nuclei: int) -> Path:
    """Write an image with so many nuclei."""
    path.parent.mkdir(parents=True, exist_ok=True)
    Picture.fromarray(draw_squares(nuclei)).save(path)
    return path


@pytest.fixture
def lab(tmp_path: Path, engine: Engine, clock: Clock) -> Lab:
    inbox = tmp_path / "inbox"
    inbox.mkdir()
    return Lab(inbox, engine, clock)


def archive(lab: Lab, name: str) -> None:
    """Move a file or folder out of the watched folder, in which others are left."""
    (lab.inbox / "others").mkdir(exist_ok=True)
    target = lab.inbox.parent / "archive" / name
    target.parent.mkdir(parents=True, exist_ok=True)
    shutil.move(lab.inbox / name, target)


def replace_with_copy(path: Path) -> None:
    """The same content and time of change with another inode: a restored backup, or a drive mounted anew."""
    shutil.copy2(path, path.with_name(".copy"))
    path.with_name(".copy").replace(path)
