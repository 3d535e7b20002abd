"""A folder's worth of files, brought to the state that a test starts from."""

from dataclasses import dataclass

import pytest
from sqlalchemy import Engine, select

from nuqleus.database.engine import reading
from nuqleus.database.files.records import Claim, SeenFile
from nuqleus.database.files.scheduler_files import SchedulerFiles
from nuqleus.database.files.worker_files import WorkerFiles
from nuqleus.database.model_registry import register_model
from nuqleus.database.tables import Base, File
from tests.conftest import Clock
from tests.examples import complete, image_result, observe

LEASE = 60.0


@dataclass
class Archive:
    """Files in a database, and shortcuts through their lives."""

    engine: Engine
    files: SchedulerFiles
    worker_files: WorkerFiles
    clock: Clock
    model_id: int

    @classmethod
    def on(cls, engine: Engine, clock: Clock) -> "Archive":
        model_id = register_model(engine, "a network", "f" * 64, {"base": 16}, {"dsb": 0.5}, "1.0")
        return cls(engine, SchedulerFiles(engine, clock), WorkerFiles(engine, clock), clock, model_id)

    def waiting(self, path: str = "a.png", *, size: int = 10, mtime_ns: int = 1) -> int:
        return observe(self.files, SeenFile(path, size, mtime_ns))[path]

    def queued(self, path: str = "a.png") -> int:
        file_id = self.waiting(path)
        self.files.enqueue([file_id])
        return file_id

    def running(self, path: str = "a.png", owner: str = "worker 1") -> Claim:
        claim = self.worker_files.claim(self.queued(path), owner, LEASE)
        assert claim
        return claim

    def done(self, path: str = "a.png", sha256: str = "abc", images=None) -> int:
        claim = self.running(path)
        complete(self.worker_files, claim, sha256, self.model_id, images or [image_result()])
        return claim.file_id

    def duplicate(self, path: str, of: int, sha256: str = "abc") -> int:
        claim = self.running(path)
        assert self.worker_files.mark_duplicate(claim, sha256, of)
        return claim.file_id

    def failed(
        self, path: str = "a.png", kind: str = "truncated", message: str = "The file ends early."
    ) -> int:
        claim = self.running(path)
        assert self.worker_files.fail(claim, kind, message)
        return claim.file_id

    def row(self, file_id: int):
        with reading(self.engine) as connection:
            return connection.execute(select(*File.__table__.columns).where(File.id == file_id)).one()

    def state(self, file_id: int) -> str:
        return self.row(file_id).state.value

    def rows(self, table: type[Base]):
        """All rows, by primary key."""
        with reading(self.engine) as connection:
            query = select(*table.__table__.columns).order_by(*table.__table__.primary_key)
            return connection.execute(query).all()


@pytest.fixture
def archive(engine: Engine, clock: Clock) -> Archive:
    return Archive.on(engine, clock)
