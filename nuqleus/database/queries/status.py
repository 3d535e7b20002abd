"""Status: how things stand, as `nuqleus status` shows it."""

from dataclasses import dataclass

from sqlalchemy import ColumnElement, Engine, func, select

from nuqleus.database.engine import reading
from nuqleus.database.file_states import ENDED_STATES, PENDING_STATES, FileState
from nuqleus.database.queries.file_queries import FileQueries
from nuqleus.database.tables import File
from nuqleus.database.workers import LiveWorker, Workers

RATE_WINDOW_SECONDS = 300.0
"""Seconds that the rate is taken over."""


@dataclass(frozen=True)
class FailedFile:
    """A file that failed, and why; `finished_at` in seconds since 1970."""

    path: str
    kind: str
    error: str
    finished_at: float


@dataclass(frozen=True)
class Status:
    """Status: how things stand.

    Attributes:
        counts: number of files in each state.
        files_per_minute: files that ended in the last minutes, whatever the outcome; None if none did.
        seconds_left: until everything known so far has ended, at that rate; None if that can't be said.
        workers: those that were heard of lately.
        failures: the last ones, the newest first.
    """

    counts: dict[FileState, int]
    files_per_minute: float | None
    seconds_left: float | None
    workers: list[LiveWorker]
    failures: list[FailedFile]

    @property
    def ended(self) -> int:
        """Number of files that will not change any more by themselves."""
        return sum(self.counts[state] for state in ENDED_STATES)


def get_status(engine: Engine, now: float, *, alive_within: float, failures: int = 5) -> Status:
    """Ask the database how things stand; a few queries over indexes, however many files there are.

    Args:
        engine: the database.
        now: seconds since 1970.
        alive_within: a worker that was silent for longer counts as dead.
        failures: how many of the last failures are returned.
    """
    counts, rate = FileQueries(engine).counts(), _rate(engine, now)
    pending = sum(counts[state] for state in PENDING_STATES)
    left = pending / rate * 60 if pending and rate else None if pending else 0.0
    workers = Workers(engine, clock=lambda: now).live(alive_within)
    return Status(counts, rate, left, workers, _last_failures(engine, failures))


def ended_lately(now: float) -> ColumnElement[bool]:
    """Whether a file ended within the window of rates; not one of later than now, as after a clock was set back."""
    return File.finished_at.between(now - RATE_WINDOW_SECONDS, now)


def _rate(engine: Engine, now: float) -> float | None:
    """Files per minute, since the first of the files that ended within the window was begun."""
    query = select(func.count(), func.min(File.started_at)).where(ended_lately(now))
    with reading(engine) as connection:
        ended, began = connection.execute(query).one()
    if not ended or began is None:
        return None
    seconds = min(RATE_WINDOW_SECONDS, max(1.0, now - began))
    return float(ended / seconds * 60)


def _last_failures(engine: Engine, limit: int) -> list[FailedFile]:
    query = (
        select(File.path, File.error_kind.label("kind"), File.error, File.finished_at)
        .where(File.state == FileState.FAILED)
        .order_by(File.finished_at.desc(), File.id.desc())
        .limit(limit)
    )
    with reading(engine) as connection:
        return [FailedFile(**row) for row in connection.execute(query).mappings()]
