"""Worker rows: who is working."""

import time
from collections.abc import Callable
from dataclasses import dataclass, fields

from sqlalchemy import Engine, delete, insert, select, update

from nuqleus import process_identity
from nuqleus.database.engine import reading, writing
from nuqleus.database.tables import Worker

FORGET_SECONDS = 24 * 3600.0
"""Seconds of silence after which the row of a killed worker is deleted, when the next one starts."""


@dataclass(frozen=True)
class LiveWorker:
    """A worker that was heard of lately; times in seconds since 1970."""

    id: int
    host: str
    pid: int
    device: str
    started_at: float
    seen_at: float
    files_done: int

    @property
    def owner(self) -> str:
        """The name that its claims are made under; the id is never given twice, so no two workers share one."""
        return f"{self.host}:{self.pid}:{self.id}"


_COLUMNS = [Worker.__table__.columns[field.name] for field in fields(LiveWorker)]


class Workers:
    """The worker rows of a database."""

    def __init__(self, engine: Engine, clock: Callable[[], float] = time.time) -> None:
        self._engine = engine
        self._clock = clock

    def start(self, host: str, pid: int, device: str, identity: str | None = None) -> LiveWorker:
        """Register a worker; `identity` is its `nuqleus.process_identity`."""
        now = self._clock()
        row = {
            "host": host,
            "pid": pid,
            "process_identity": identity,
            "device": device,
            "started_at": now,
            "seen_at": now,
        }
        with writing(self._engine) as connection:
            connection.execute(delete(Worker).where(Worker.seen_at < now - FORGET_SECONDS))
            worker_id = connection.execute(insert(Worker).returning(Worker.id), row).scalar_one()
        return LiveWorker(worker_id, host, pid, device, now, now, files_done=0)

    def beat(self, worker_id: int, files_done: int) -> None:
        """Say that the worker lives, and how many files it has ended so far."""
        values = {"seen_at": self._clock(), "files_done": files_done}
        with writing(self._engine) as connection:
            connection.execute(update(Worker).where(Worker.id == worker_id).values(values))

    def stop(self, *worker_ids: int) -> None:
        """Forget workers that ended."""
        with writing(self._engine) as connection:
            connection.execute(delete(Worker).where(Worker.id.in_(worker_ids)))

    def live(self, within_seconds: float) -> list[LiveWorker]:
        """Workers heard of within this many seconds, the oldest first; nor later, as before a clock was set back."""
        now = self._clock()
        query = (
            select(*_COLUMNS)
            .where(Worker.seen_at.between(now - within_seconds, now + within_seconds))
            .order_by(Worker.started_at, Worker.id)
        )
        with reading(self._engine) as connection:
            return [LiveWorker(*row) for row in connection.execute(query)]

    def dead(self) -> list[LiveWorker]:
        """Workers of this machine that never stopped in order, and whose processes are not there any more."""
        return self._whose_process(process_identity.is_dead)

    def last_here(self) -> LiveWorker | None:
        """The worker that was started last in this container, or on this machine, and never stopped in order."""
        return max(self._whose_process(process_identity.is_here), key=lambda worker: worker.id, default=None)

    def _whose_process(self, holds: Callable[[str | None], bool]) -> list[LiveWorker]:
        with reading(self._engine) as connection:
            rows = connection.execute(select(Worker.process_identity, *_COLUMNS)).all()
        return [LiveWorker(*columns) for identity, *columns in rows if holds(identity)]
