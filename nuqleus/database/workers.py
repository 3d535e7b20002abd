"""Who is working."""

import time
from collections.abc import Callable
from dataclasses import dataclass

from sqlalchemy import Engine, delete, insert, select, update

from nuqleus.database.engine import reading, writing
from nuqleus.database.tables import Worker

FORGOTTEN_AFTER = 24 * 3600.0
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


class Workers:
    """The worker rows of a database."""

    def __init__(self, engine: Engine, clock: Callable[[], float] = time.time) -> None:
        self._engine = engine
        self._clock = clock

    def start(self, host: str, pid: int, device: str) -> int:
        """Register a worker. Returns its id, which is never given twice: good for a lease owner's name."""
        now = self._clock()
        row = {"host": host, "pid": pid, "device": device, "started_at": now, "seen_at": now, "files_done": 0}
        with writing(self._engine) as connection:
            connection.execute(delete(Worker).where(Worker.seen_at < now - FORGOTTEN_AFTER))
            return int(connection.execute(insert(Worker).returning(Worker.id), row).scalar_one())

    def beat(self, worker_id: int, files_done: int) -> None:
        """Say that the worker lives, and how many files it has ended so far."""
        values = {"seen_at": self._clock(), "files_done": files_done}
        with writing(self._engine) as connection:
            connection.execute(update(Worker).where(Worker.id == worker_id).values(values))

    def stop(self, worker_id: int) -> None:
        """Forget a worker that ends in order."""
        with writing(self._engine) as connection:
            connection.execute(delete(Worker).where(Worker.id == worker_id))

    def live(self, within_seconds: float) -> list[LiveWorker]:
        """Workers heard of within so many seconds, the oldest first."""
        query = (
            select(*Worker.__table__.columns)
            .where(Worker.seen_at >= self._clock() - within_seconds)
            .order_by(Worker.started_at, Worker.id)
        )
        with reading(self._engine) as connection:
            return [LiveWorker(**row) for row in connection.execute(query).mappings()]
