"""Queries about files: which there are, and how many in each state."""

from collections.abc import Iterator, Sequence
from typing import Any

from sqlalchemy import Engine, Row, func, select

from nuqleus.database.engine import reading
from nuqleus.database.file_states import FileState
from nuqleus.database.files.records import KnownFile
from nuqleus.database.tables import File
from nuqleus.file_stat import FileStat

PAGE_SIZE = 5_000
"""Rows that `known` holds in memory."""


_STAT = (File.size, File.mtime_ns, File.inode, File.ctime_ns)
_KNOWN: tuple[Any, ...] = (File.id, File.path, File.state, File.gone_at.is_not(None), *_STAT)


class FileQueries:
    """The files of a database, read only. Every method raises `DatabaseUnavailable` when it can't be reached."""

    def __init__(self, engine: Engine) -> None:
        self._engine = engine

    def known(self, *states: FileState) -> Iterator[KnownFile]:
        """Files in these states (none given: all) in order of discovery, a page at a time.

        No lock is held between pages.
        """
        page = self._page(0, states)
        while page:
            yield from page
            page = self._page(page[-1].id, states) if len(page) == PAGE_SIZE else []

    def companions_of_failed(self) -> list[KnownFile]:
        """Companions of leads that have failed: one of them may be why."""
        failed = select(File.id).where(File.state == FileState.FAILED).correlate(None)
        query = select(*_KNOWN).where(File.state == FileState.COMPANION, File.companion_of.in_(failed))
        with reading(self._engine) as connection:
            return [_known_file(row) for row in connection.execute(query)]

    def stats(self) -> Iterator[tuple[str, FileStat]]:
        """Paths that are there, each with the stat that is recorded, a page at a time."""
        page = self._page_of_stats(0)
        while page:
            yield from (
                (path, FileStat(size, mtime, inode, ctime)) for _, path, size, mtime, inode, ctime in page
            )
            page = self._page_of_stats(page[-1].id) if len(page) == PAGE_SIZE else []

    def counts(self) -> dict[FileState, int]:
        """Number of files in each state; states without files count 0."""
        query = select(File.state, func.count()).group_by(File.state)
        with reading(self._engine) as connection:
            found = {state: count for state, count in connection.execute(query)}  # noqa: C416 - for mypy
        return {state: found.get(state, 0) for state in FileState}

    def _page_of_stats(self, after: int) -> Sequence[Row[*tuple[Any, ...]]]:
        columns = (File.id, File.path, *_STAT)
        query = (
            select(*columns).where(File.id > after, File.gone_at.is_(None)).order_by(File.id).limit(PAGE_SIZE)
        )
        with reading(self._engine) as connection:
            return connection.execute(query).all()

    def _page(self, after: int, states: Sequence[FileState]) -> list[KnownFile]:
        query = select(*_KNOWN).where(File.id > after).order_by(File.id).limit(PAGE_SIZE)
        if states:
            query = query.where(File.state.in_(states))
        with reading(self._engine) as connection:
            return [_known_file(row) for row in connection.execute(query)]


def _known_file(row: Row[*tuple[Any, ...]]) -> KnownFile:
    file_id, path, state, is_gone, *stat = row
    return KnownFile(file_id, path, state, FileStat(*stat), is_gone)
