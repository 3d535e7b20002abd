"""File pages: a list of files, a page at a time, that stays quick however many files there are."""

from collections.abc import Collection, Sequence
from dataclasses import dataclass
from typing import Any

from sqlalchemy import ColumnElement, Connection, Engine, Row, and_, func, or_, select

from nuqleus.database.engine import reading
from nuqleus.database.file_states import FileState
from nuqleus.database.queries.counted_images import counted_images
from nuqleus.database.queries.searching import Search, path_holds
from nuqleus.database.tables import File, Image

PAGE_SIZE = 50
"""Files on a page."""


@dataclass(frozen=True)
class FileFilter:
    """Which files are listed.

    Attributes:
        state: only those in this state.
        reason: only those that failed, or are ignored, for this reason, in a word.
        path: only those whose path holds this text.
    """

    state: FileState | None = None
    reason: str | None = None
    path: str | None = None

    def condition(self) -> ColumnElement[bool]:
        """The filter, as a condition of SQL."""
        return and_(*self.indexed(), *self.searched())

    def indexed(self) -> list[ColumnElement[bool]]:
        """What an index finds."""
        return [] if self.state is None else [File.state == self.state]

    def searched(self) -> list[ColumnElement[bool]]:
        """What has to be looked for, file by file."""
        found: list[ColumnElement[bool]] = []
        if self.reason:
            found.append(or_(File.error_kind == self.reason, File.ignored_by == self.reason))
        if self.path:
            found.append(path_holds(File.path, self.path))
        return found


@dataclass(frozen=True)
class ListedFile:
    """A file of a page.

    Attributes:
        images: of its results.
        times: their time points.
        nuclei: in the planes that count, at the first of these.
    """

    id: int
    path: str
    state: FileState
    size: int
    discovered_at: float
    finished_at: float | None
    gone_at: float | None
    error_kind: str | None
    error: str | None
    ignored_by: str | None
    duplicate_of: int | None
    companion_of: int | None
    images: int
    times: int
    nuclei: int


@dataclass(frozen=True)
class FilePage:
    """A page of a list, the newest files first.

    Attributes:
        files: what is on it.
        next_before: asks for the next page; None on the last.
        searched_all: whether the page is as full as it can be; else the search was broken off, and goes on there.
    """

    files: list[ListedFile]
    next_before: int | None
    searched_all: bool


_COLUMNS: tuple[Any, ...] = (
    File.id,
    File.path,
    File.state,
    File.size,
    File.discovered_at,
    File.finished_at,
    File.gone_at,
    File.error_kind,
    File.error,
    File.ignored_by,
    File.duplicate_of,
    File.companion_of,
)


def list_files(engine: Engine, wanted: FileFilter, *, before: int | None = None) -> FilePage:
    """List files with ids below `before`, from the newest on."""
    candidates = select(File.id).where(*wanted.indexed())
    matching = select(*_COLUMNS).where(*wanted.indexed(), *wanted.searched())
    with reading(engine) as connection:
        found = Search(candidates, matching, File.__table__.c.id).newest(connection, before, PAGE_SIZE)
        files = _listed(connection, found.rows)
    return FilePage(files, found.next_before, searched_all=found.has_more or found.next_before is None)


def get_listed(engine: Engine, file_id: int) -> ListedFile | None:
    """Return one file as the list shows it; None if there is none of this id."""
    with reading(engine) as connection:
        rows = connection.execute(select(*_COLUMNS).where(File.id == file_id)).all()
        return next(iter(_listed(connection, rows)), None)


def _listed(connection: Connection, files: Sequence[Row[Any]]) -> list[ListedFile]:
    """Add the numbers of images, time points and nuclei."""
    sources = {file.duplicate_of or file.id for file in files}
    of_sources = select(Image.file_id, func.count(), func.count(Image.t.distinct()))
    query = of_sources.where(Image.file_id.in_(sources)).group_by(Image.file_id)
    nuclei, numbers = (
        _first_nuclei(connection, sources),
        {row[0]: row[1:] for row in connection.execute(query)},
    )
    listed = []
    for file in files:
        source = file.duplicate_of or file.id
        images, times = numbers.get(source, (0, 0))
        listed.append(ListedFile(**file._mapping, images=images, times=times, nuclei=nuclei.get(source, 0)))
    return listed


def _first_nuclei(connection: Connection, file_ids: Collection[int]) -> dict[int, int]:
    """Number of nuclei in the planes that count at the first time point of each file."""
    times = select(Image.file_id, func.min(Image.t).label("t")).where(Image.file_id.in_(file_ids))
    first, counted = times.group_by(Image.file_id).subquery(), counted_images.c
    at_first = and_(first.c.file_id == counted.file_id, first.c.t == counted.t)
    query = select(counted.file_id, func.sum(counted.n_nuclei)).join(first, at_first)
    query = query.where(counted.file_id.in_(file_ids)).group_by(counted.file_id)
    return {file_id: int(number) for file_id, number in connection.execute(query)}
