"""Summaries of files, for the table at the end of a run: what became of each."""

from dataclasses import dataclass
from typing import Any

from sqlalchemy import Connection, Engine, Row, case, func, select

from nuqleus.database.engine import reading
from nuqleus.database.tables import File, FileState, Image, Nucleus


@dataclass(frozen=True)
class FileSummary:
    """What became of a file.

    Attributes:
        path: relative to the watched folder.
        state: where it stands.
        nuclei: in all its images; None unless there are results.
        median_area: of its nuclei, in square pixels; None without nuclei.
        error_kind, error: why it failed.
    """

    path: str
    state: FileState
    nuclei: int | None
    median_area: float | None
    error_kind: str | None
    error: str | None


def summarise(engine: Engine, limit: int) -> list[FileSummary]:
    """At most `limit` files, those that failed first, then in order of path."""
    failed_first = case((File.state == FileState.FAILED, 0), else_=1)
    query = select(File).order_by(failed_first, File.path).limit(limit)
    with reading(engine) as connection:
        return [_summarise(connection, row) for row in connection.execute(query)]


def failures(engine: Engine) -> list[FileSummary]:
    """All files that failed, in order of path."""
    query = select(File).where(File.state == FileState.FAILED).order_by(File.path)
    with reading(engine) as connection:
        return [_summarise(connection, row) for row in connection.execute(query)]


def _summarise(connection: Connection, file: Row[Any]) -> FileSummary:
    nuclei = area = None
    if file.state in (FileState.DONE, FileState.DUPLICATE):
        source = file.duplicate_of or file.id
        nuclei = connection.scalar(select(func.sum(Image.n_nuclei)).where(Image.file_id == source)) or 0
        area = _median_area(connection, source, nuclei)
    return FileSummary(file.path, file.state, nuclei, area, file.error_kind, file.error)


def _median_area(connection: Connection, file_id: int, nuclei: int) -> float | None:
    """The middle value, or the mean of the two; SQLite has no median of its own."""
    images = select(Image.id).where(Image.file_id == file_id)
    areas = select(Nucleus.area).where(Nucleus.image_id.in_(images)).order_by(Nucleus.area)
    middle = connection.scalars(areas.offset(max(0, nuclei - 1) // 2).limit(2 - nuclei % 2)).all()
    return sum(middle) / len(middle) if middle else None
