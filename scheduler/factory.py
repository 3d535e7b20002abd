"""Factory: a scheduler put together from the settings."""

import logging
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from functools import partial
from pathlib import Path

from celery import Celery
from sqlalchemy import Engine, make_url

from nuqleus.database.files.scheduler_files import SchedulerFiles
from nuqleus.database.group_statistics import GroupStatistics
from nuqleus.database.inbox_device import last_device
from nuqleus.database.leadership import Leadership, SchedulerIdentity, bind_folder
from nuqleus.database.plates import recognised_plates
from nuqleus.database.well_statistics import WellStatistics
from nuqleus.database.workers import Workers
from nuqleus.path_patterns import path_matcher
from nuqleus.queue import queue_depth, send_jobs
from nuqleus.settings import Settings
from scheduler.completeness import Completeness
from scheduler.dispatcher import Dispatcher
from scheduler.ignore_list import IgnoreList
from scheduler.inbox import check_inbox
from scheduler.plates.field_completeness import QUIET_FACTOR, Expectations, FieldCompleteness
from scheduler.plates.field_files import FieldFiles
from scheduler.plates.field_names import FolderWait, PlateNames
from scheduler.plates.plate_keeper import PlateKeeper
from scheduler.plates.plate_map_files import PlateMapFiles
from scheduler.plates.plate_warnings import PlateWarnings
from scheduler.plates.sidecars import Sidecars
from scheduler.scanner import Scan, Scanner
from scheduler.scheduler import Scheduler
from scheduler.scheduler_loop import SchedulerLoop, Wait
from scheduler.statistics_keeper import StatisticsKeeper
from scheduler.sweep import Sweep, SweepLimits
from scheduler.watcher import Watcher

log = logging.getLogger(__name__)


def make_scanner(settings: Settings, device: int | None = None) -> Scanner:
    """A scanner of the watched folder that passes over our own files.

    Args:
        settings: of the folder.
        device: number of the device that its files lay on when they were last seen.

    Raises:
        SettingsError: see `check_inbox`.
    """
    check_inbox(settings)
    root, own = settings.input_dir.resolve(), own_paths(settings)
    for path in own:
        if path.is_dir() and root in path.resolve().parents:
            log.info("Not looking for images in %s, where our own files lie.", path)
    return Scanner(settings.input_dir, own, links_may_leave=settings.outside_links, device=device)


def own_paths(settings: Settings) -> list[Path]:
    """Files and folders that this program writes, wherever they lie."""
    folders = [settings.state_dir, *filter(None, [settings.overlay_dir])]
    return [*folders, *_database_files(settings.database_url)]


def make_scheduler_loop(settings: Settings, engine: Engine, app: Celery) -> SchedulerLoop:
    """A scheduler's loop, ready to run.

    Raises:
        SettingsError: see `make_scanner` and `bind_folder`.
    """
    scanner, stopping = make_scanner(settings, last_device(engine)), threading.Event()
    bind_folder(engine, str(scanner.root))
    leadership = Leadership(engine, SchedulerIdentity(), settings.lease_seconds)
    completeness = Completeness(scanner.root, settings.settle_seconds)
    plates = _make_plate_parts(settings, engine, scanner.root)

    def ends() -> bool:
        return stopping.is_set() or not leadership.try_acquire()

    scheduler = Scheduler(
        scanner,
        SchedulerFiles(engine),
        make_ignore_list(settings),
        completeness,
        *_make_queue_parts(settings, engine, app),
        plates.field_files,
        is_urgent=_is_urgent(settings),
        stopping=ends,
        before_enqueue=plates.sidecars.update if settings.plates == "auto" else lambda _scan: None,
        after_enqueue=plates.after_enqueue,
    )
    waits, keep_statistics = (completeness, *plates.waits), _statistics_kept(engine)
    return SchedulerLoop(
        scheduler, waits, settings.scan_seconds, stopping, leadership, background=keep_statistics
    )


def _make_queue_parts(settings: Settings, engine: Engine, app: Celery) -> tuple[Dispatcher, Sweep]:
    """What sends messages, and what sends those again that got lost."""
    workers = Workers(engine)
    dispatcher = Dispatcher(
        partial(send_jobs, app),
        partial(queue_depth, app),
        lambda: len(workers.live(settings.lease_seconds)),
        # of files that die together one is guilty: with a single attempt, each has a message of its own
        max_chunk=settings.chunk_files if settings.max_attempts > 1 else 1,
    )
    return dispatcher, Sweep(SchedulerFiles(engine), workers, dispatcher, SweepLimits.of(settings))


def _is_urgent(settings: Settings) -> Callable[[str], bool]:
    """Says of a path whether its file goes before others."""
    return path_matcher(settings.urgent.split(","))


@dataclass(frozen=True)
class _PlateParts:
    """What a scheduler has for plates."""

    field_files: FieldFiles
    sidecars: Sidecars
    plate_maps: PlateMapFiles
    warnings: PlateWarnings
    keeper: PlateKeeper

    @property
    def waits(self) -> tuple[Wait, ...]:
        return self.field_files, self.sidecars, self.plate_maps, self.warnings

    def after_enqueue(self, scan: Scan) -> None:
        self.keeper.update(scan)
        self.plate_maps.update(scan)
        self.warnings.update(scan)


def _make_plate_parts(settings: Settings, engine: Engine, root: Path) -> _PlateParts:
    sidecars = Sidecars(root, engine, settings.settle_seconds)
    # sooner than images, so that a run that ends with these has it
    plate_maps = PlateMapFiles(root, engine, settings.settle_seconds / 2)
    names = make_plate_names(settings, engine)
    expectations = Expectations(sidecars.listed, settings.image_rules().channels_of)
    completeness = FieldCompleteness(settings.settle_seconds, settings.field_seconds, expectations)
    field_files = FieldFiles(SchedulerFiles(engine), names, completeness, _is_urgent(settings))
    warnings = PlateWarnings(
        engine, (names, plate_maps), is_member=lambda path, scan: names.place(path, scan) is not None
    )
    return _PlateParts(field_files, sidecars, plate_maps, warnings, PlateKeeper(engine))


def _statistics_kept(engine: Engine) -> Callable[[], None]:
    """What keeps all statistics up to date if it is called now and then."""
    of_wells, of_groups = StatisticsKeeper(WellStatistics(engine)), StatisticsKeeper(GroupStatistics(engine))

    def keep() -> None:
        of_wells.run_if_due()
        of_groups.run_if_due()

    return keep


def make_ignore_list(settings: Settings) -> IgnoreList:
    """Which files are ignored."""
    return IgnoreList(settings.image_rules(), settings.ignore.split(","))


def make_plate_names(settings: Settings, engine: Engine) -> PlateNames:
    """Which files are parts of fields."""
    ignore_list = make_ignore_list(settings)
    return PlateNames(
        lambda path, scan: ignore_list.ignored_by(path, scan) is not None,
        recognised_plates(engine),
        rules=settings.image_rules(),
        plates=settings.plates,
        folder_wait=FolderWait(QUIET_FACTOR * settings.settle_seconds, settings.field_seconds),
    )


@contextmanager
def run_in_thread(settings: Settings, loop: SchedulerLoop) -> Iterator[None]:
    """Run a scheduler's loop in a thread of its own for the length of the block.

    A thread, so that a drive that doesn't answer can't keep the program from ending.
    """
    thread = threading.Thread(target=loop.run, name="scheduler", daemon=True)
    watcher = Watcher(settings.input_dir.resolve(), loop.wake)
    thread.start()
    if settings.watch == "auto":
        watcher.start()
    try:
        yield
    finally:
        loop.stop()
        watcher.stop()
        thread.join(timeout=2)


def _database_files(url: str) -> list[Path]:
    """What SQLite writes; its folder, unless that is a folder of people's files, counts too."""
    database = make_url(url).database
    if make_url(url).get_backend_name() != "sqlite" or not database:
        return []
    path = Path(database)
    return [path.parent, path, *(path.with_name(f"{path.name}-{end}") for end in ("wal", "shm", "journal"))]
