"""Details of the status: what `nuqleus status` and Prometheus want to know besides."""

from dataclasses import dataclass

from sqlalchemy import Engine, func, select

from nuqleus.database.engine import reading
from nuqleus.database.file_states import FileState
from nuqleus.database.files.regrouping import ungrouped_files
from nuqleus.database.files.restoring import count_restorable
from nuqleus.database.leadership import current_leader
from nuqleus.database.plate_warnings import KnownWarning, plate_warnings
from nuqleus.database.queries.caveats import (
    DoubtfulFiles,
    StandingOut,
    guessed_channels,
    ignored_by_kind,
    missed_files,
    standing_out,
    unsure_images,
)
from nuqleus.database.queries.result_counters import stage_sums
from nuqleus.database.tables import File, Image, Plate

RECENT_FILES = 500
"""Files that ended last, which say where the time goes."""


@dataclass(frozen=True)
class RunningFile:
    """A file that is being processed, by the worker of this name; `started_at` in seconds since 1970."""

    path: str
    owner: str
    started_at: float


@dataclass(frozen=True)
class StatusDetails:
    """How things stand, seen closer.

    Attributes:
        leader: the scheduler that looks after the folder; None if none does.
        queue_age_seconds: seconds that the first file of the queue has waited for; None if none waits.
        running: files that are being processed, those that were begun first.
        failures_by_kind: number of failed files by kind of reason, the most frequent first.
        ignored_by_kind: number of ignored files by kind of reason, the most frequent first.
        guessed_channels: files in which the nuclear channel was guessed.
        unsure_images: files with an image of which the network was less sure than not.
        standing_out: images that stand out from their plate or folder.
        plates_by_convention: number of plates by whose names their files have.
        missed: number of files that were to be processed again, are not there, and so are what they were before.
        restorable: number of files that an earlier version called vanished, though they have results.
        ungrouped: number of files of plates that an earlier version processed one by one.
        plate_warnings: what is odd about names of plates' files, and about plate maps.
        stage_seconds: what the stages took, for the images of the files that ended last.
    """

    leader: str | None
    queue_age_seconds: float | None
    running: list[RunningFile]
    failures_by_kind: dict[str, int]
    ignored_by_kind: dict[str, int]
    guessed_channels: DoubtfulFiles
    unsure_images: DoubtfulFiles
    standing_out: StandingOut
    plates_by_convention: dict[str, int]
    missed: int
    restorable: int
    ungrouped: int
    plate_warnings: list[KnownWarning]
    stage_seconds: dict[str, float]


def get_details(engine: Engine, now: float) -> StatusDetails:
    """Ask the database; failures alone are all looked at.

    Args:
        engine: the database.
        now: seconds since 1970.
    """
    return StatusDetails(
        current_leader(engine, now),
        queue_age(engine, now),
        _running(engine),
        failures_by_kind(engine),
        ignored_by_kind(engine),
        guessed_channels(engine),
        unsure_images(engine),
        standing_out(engine),
        plates_by_convention(engine),
        missed_files(engine),
        count_restorable(engine),
        ungrouped_files(engine) or 0,
        plate_warnings(engine),
        _stage_seconds(engine),
    )


def plates_by_convention(engine: Engine) -> dict[str, int]:
    """Number of plates by whose names their files have."""
    query = select(Plate.convention, func.count()).group_by(Plate.convention).order_by(Plate.convention)
    with reading(engine) as connection:
        return {convention: count for convention, count in connection.execute(query)}  # noqa: C416 - rows are no pairs


def queue_age(engine: Engine, now: float) -> float | None:
    """Seconds that the first file of the queue has waited for; None if none waits."""
    query = select(func.min(File.queued_at)).where(File.state == FileState.QUEUED)
    with reading(engine) as connection:
        first = connection.scalar(query)
    return None if first is None else max(0.0, now - first)


def failures_by_kind(engine: Engine) -> dict[str, int]:
    """Number of failed files by kind of reason, the most frequent first."""
    number = func.count()
    query = select(File.error_kind, number).where(File.state == FileState.FAILED).group_by(File.error_kind)
    with reading(engine) as connection:
        rows = connection.execute(query.order_by(number.desc(), File.error_kind))
        return {str(kind): count for kind, count in rows}


def _running(engine: Engine) -> list[RunningFile]:
    columns = (File.path, File.lease_owner.label("owner"), File.started_at)
    query = select(*columns).where(File.state == FileState.RUNNING).order_by(File.started_at, File.id)
    with reading(engine) as connection:
        return [RunningFile(**row) for row in connection.execute(query).mappings()]


def _stage_seconds(engine: Engine) -> dict[str, float]:
    last = (
        select(File.id)
        .where(File.finished_at.is_not(None))
        .order_by(File.finished_at.desc())
        .limit(RECENT_FILES)
    )
    with reading(engine) as connection:
        # found first and named then, lest a database looks for them image by image
        ids = connection.scalars(last).all()
        row = connection.execute(select(*stage_sums()).where(Image.file_id.in_(ids))).mappings().one()
    return {stage: seconds for stage, seconds in row.items() if seconds is not None}
