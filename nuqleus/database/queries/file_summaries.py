"""Summaries of files, for the table at the end of a run: what became of each."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from sqlalchemy import Connection, Engine, Row, case, func, select

from nuqleus.database.engine import reading
from nuqleus.database.file_states import UNLISTED_STATES, FileState
from nuqleus.database.queries.counted_images import counted_images
from nuqleus.database.tables import File, Image, Nucleus


@dataclass(frozen=True)
class FileSummary:
    """What became of a file.

    Attributes:
        path: relative to the watched folder.
        state: where it stands.
        nuclei: in the planes that count, at the first time point; None unless there are results.
        median_area: of those that the border doesn't cut, in square pixels; None without any.
        counted: number of these planes: one of each z-stack.
        planes: of all its planes.
        error_kind, error: why it failed.
    """

    path: str
    state: FileState
    nuclei: int | None
    median_area: float | None
    counted: int
    planes: int
    error_kind: str | None
    error: str | None


def summarise(engine: Engine, limit: int) -> list[FileSummary]:
    """At most `limit` files, those that failed first, then in order of path; none that are ignored, or companions."""
    failed_first = case((File.state == FileState.FAILED, 0), else_=1)
    shown = File.state.not_in(UNLISTED_STATES)
    query = select(File).where(shown).order_by(failed_first, File.path).limit(limit)
    with reading(engine) as connection:
        return [_summarise(connection, row) for row in connection.execute(query)]


def failures(engine: Engine) -> list[FileSummary]:
    """All files that failed, in order of path."""
    query = select(File).where(File.state == FileState.FAILED).order_by(File.path)
    with reading(engine) as connection:
        return [_summarise(connection, row) for row in connection.execute(query)]


def _summarise(connection: Connection, file: Row[Any]) -> FileSummary:
    nuclei, area, counted, planes = None, None, 0, 0
    if file.state in (FileState.DONE, FileState.DUPLICATE):
        source = file.duplicate_of or file.id
        planes = connection.scalar(select(func.count()).where(Image.file_id == source)) or 0
        images = _first_counted(connection, source)
        nuclei, counted = sum(images.values()), len(images)
        area = _median_area(connection, list(images))
    return FileSummary(file.path, file.state, nuclei, area, counted, planes, file.error_kind, file.error)


def _first_counted(connection: Connection, file_id: int) -> dict[int, int]:
    """Number of nuclei by image, of the planes that count at a file's first time point."""
    first = select(func.min(Image.t)).where(Image.file_id == file_id).scalar_subquery()
    counted = counted_images.c
    query = select(counted.image_id, counted.n_nuclei).where(counted.file_id == file_id, counted.t == first)
    return {image_id: nuclei for image_id, nuclei in connection.execute(query)}  # noqa: C416 - for mypy


def _median_area(connection: Connection, image_ids: Sequence[int]) -> float | None:
    """The middle value, or the mean of the two; SQLite has no median of its own."""
    whole = (Nucleus.image_id.in_(image_ids), ~Nucleus.touches_border)
    nuclei = connection.scalar(select(func.count()).where(*whole)) or 0
    areas = select(Nucleus.area).where(*whole).order_by(Nucleus.area)
    middle = connection.scalars(areas.offset(max(0, nuclei - 1) // 2).limit(2 - nuclei % 2)).all()
    return sum(middle) / len(middle) if middle else None
