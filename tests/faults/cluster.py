"""A folder, a database, and the services that work on it, each a process of its own."""

import sys
from collections.abc import Sequence
from dataclasses import dataclass
from itertools import count
from pathlib import Path
from typing import Any

from PIL import Image as Picture
from redis import Redis, RedisError
from sqlalchemy import func, select

from cli.processes.embedded_broker import find_server
from cli.processes.local_stack import environment
from nuqleus.database.engine import make_engine, reading
from nuqleus.database.file_states import FileState
from nuqleus.database.files.scheduler_files import SchedulerFiles
from nuqleus.database.tables import File, Image, Nucleus
from nuqleus.settings import Settings
from tests.fake_segmenter import draw_squares
from tests.faults.service import Service, wait_until
from tests.faults.stages import Stages

ENDED = {FileState.DONE, FileState.FAILED, FileState.DUPLICATE}

HASTE: dict[str, Any] = {
    "settle_seconds": 0.2,
    "scan_seconds": 0.5,
    "heartbeat_seconds": 0.5,
    "lease_seconds": 6.0,
    "resend_seconds": 4.0,
    "field_seconds": 6.0,
}
"""Waits that a person doesn't notice, but that add up in tests; a lease outlives a hiccup of a busy machine."""

_IMAGE = (
    Image.file_id,
    Image.n_nuclei,
    select(func.count()).where(Nucleus.image_id == Image.id).scalar_subquery(),
)

_PYTHON = (sys.executable, "-m")
_BROKER = ("--port", "0", "--appendonly", "yes", "--appendfsync", "everysec", "--save", "")
_QUIETLY = ("--without-mingle", "--without-gossip")


@dataclass(frozen=True)
class FileCounts:
    """What became of the files.

    Attributes:
        dropped: files that were put into the folder.
        done, failed, duplicate: files in each of these states.
        twice: results that are there more than once, or under a file that has none.
        lost: files without a row, without an end, or without their results.
    """

    dropped: int
    done: int
    failed: int
    duplicate: int
    twice: int
    lost: int


class Cluster:
    """Everything below one temporary folder.

    Args:
        root: the folder.
        database_url: of an empty, migrated database.
        changed: settings other than HASTE.

    Attributes:
        nuclei: how many each dropped image shows, by path; None for a file that must fail.
        stages: where processes can be held.
    """

    def __init__(self, root: Path, database_url: str, **changed: Any) -> None:
        (root / "inbox").mkdir(exist_ok=True)
        self.root = root
        self.nuclei: dict[str, int | None] = {}
        given = {
            "input_dir": root / "inbox",
            "state_dir": root,
            "database_url": database_url,
            "broker_url": f"redis+socket://{root / 'broker.sock'}",
        }
        self.settings = Settings(**given | HASTE | changed)
        self.inbox = self.settings.input_dir
        self.stages = Stages(root / "stages")
        self._serial = count()
        self.engine = make_engine(database_url)
        self.files = SchedulerFiles(self.engine)
        self.services: list[Service] = []
        self.broker = self._service("broker", [find_server(), *self._broker_options()])
        self.scheduler = self.another_scheduler()
        self.worker = self.another_worker()

    def another_scheduler(self) -> Service:
        return self._service("scheduler", [*_PYTHON, "tests.faults.staged_scheduler", "schedule"])

    def another_worker(self) -> Service:
        app = ("celery", "--quiet", "-A", "tests.faults.staged_app", "worker")
        return self._service("worker", [*_PYTHON, *app, *_QUIETLY])

    def start(self) -> None:
        """Have a broker, a scheduler and a worker, no more; what was dropped before counts no longer."""
        for service in self.services:
            service.thaw()
            if service not in (self.broker, self.scheduler, self.worker):
                service.kill()
        if not self.broker.lives():
            self.start_broker()
        for service in (self.scheduler, self.worker):
            if not service.lives():
                service.start()
        self.nuclei.clear()

    def start_broker(self) -> None:
        (self.root / "broker.sock").unlink(missing_ok=True)
        self.broker.start()
        wait_until(self._broker_answers, "the broker answers", self.broker.said)

    def flush_broker(self) -> None:
        """FLUSHALL: the queue is gone."""
        with self._client() as client:
            client.flushall()

    def drop(self, *names: str) -> None:
        """Put images into the folder, none like another that was ever dropped."""
        for name in names:
            path = self.inbox / name
            path.parent.mkdir(parents=True, exist_ok=True)
            self.nuclei[name], picture = self.draw()
            picture.save(path, format="PNG")

    def draw(self) -> tuple[int, Picture.Image]:
        """A number of nuclei, and an image of this many, unlike all others."""
        number = next(self._serial)
        nuclei, value, side = 1 + number % 9, 20 + number // 9 % 230, 8 + number // 2070
        return nuclei, Picture.fromarray(draw_squares(nuclei, side=side, value=value))

    def row(self, name: str) -> Any:
        """What the database says of a file; None if it knows none of this name."""
        with reading(self.engine) as connection:
            return connection.execute(select(File.__table__).where(File.path == name)).one_or_none()

    def state(self, name: str) -> FileState | None:
        row = self.row(name)
        return row and row.state

    def wait_until_said(self, service: Service, words: str) -> None:
        wait_until(lambda: words in service.said(), f"a service said {words!r}", self.describe)

    def wait_until_counted(self, state: FileState, count: int) -> None:
        wait_until(lambda: self.files.counts()[state] == count, f"{count} {state}", self.describe)

    def wait_for(self, name: str, *states: FileState) -> None:
        wait_until(lambda: self.state(name) in states, f"{name} {states}", self.describe)

    def wait_for_end(self) -> None:
        """Wait until every file that was dropped has ended."""
        wait_until(lambda: self.ended() == len(self.nuclei), "every file ended", self.describe)

    def wait_at(self, stage: str) -> int:
        """Wait until a process comes to a held stage; returns its number."""
        wait_until(lambda: self.stages.who_waits(stage), f"a process {stage}", self.describe)
        pid = self.stages.who_waits(stage)
        assert pid
        return pid

    def count_files(self) -> FileCounts:
        """Count what became of the files that were dropped, each result compared with what was drawn."""
        with reading(self.engine) as connection:
            rows = connection.execute(
                select(File.id, File.path, File.state).where(File.path.in_(self.nuclei))
            )
            files = {row.path: row for row in rows}
            ids = [row.id for row in files.values()]
            images = connection.execute(select(*_IMAGE).where(Image.file_id.in_(ids))).all()
        found: dict[int, list[int]] = {}
        for file_id, n_nuclei, stored in images:
            assert n_nuclei == stored
            found.setdefault(file_id, []).append(n_nuclei)
        return self._count(files, found)

    def describe(self) -> str:
        """How things stand, for the message of a test that failed."""
        logs = "\n".join(f"--- {service._log.name}\n{service.said()[-4000:]}" for service in self.services)
        return f"{self.files.counts()}\n{logs}"

    def close(self) -> None:
        for service in self.services:
            service.thaw()
            service.kill()
        self.engine.dispose()

    def _count(self, rows: dict[str, Any], found: dict[int, list[int]]) -> FileCounts:
        states = [row.state for row in rows.values()]
        results = {path: found.get(row.id, []) for path, row in rows.items()}
        done = {path for path, row in rows.items() if row.state == FileState.DONE}
        right = {path for path in done if results[path] == [self.nuclei.get(path)]}
        unended = sum(path not in rows or rows[path].state not in ENDED for path in self.nuclei)
        return FileCounts(
            dropped=len(self.nuclei),
            done=states.count(FileState.DONE),
            failed=states.count(FileState.FAILED),
            duplicate=states.count(FileState.DUPLICATE),
            twice=sum(len(images) - (path in done) for path, images in results.items() if images),
            lost=unended + len(done - right),
        )

    def ended(self) -> int:
        """How many files that were dropped have ended."""
        with reading(self.engine) as connection:
            return len(
                self.nuclei.keys() & set(connection.scalars(select(File.path).where(File.state.in_(ENDED))))
            )

    def _service(self, name: str, command: Sequence[str]) -> Service:
        log = self.root / f"{name}-{len(self.services)}.log"
        self.services.append(Service(command, environment(self.settings), log))
        return self.services[-1]

    def _broker_options(self) -> list[str]:
        (self.root / "queue").mkdir(exist_ok=True)
        return [*_BROKER, "--dir", str(self.root / "queue"), "--unixsocket", str(self.root / "broker.sock")]

    def _client(self) -> Redis:
        return Redis(unix_socket_path=str(self.root / "broker.sock"))

    def _broker_answers(self) -> bool:
        with self._client() as client:
            try:
                return bool(client.ping())
            except RedisError:
                return False
