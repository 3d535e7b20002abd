"""Files as they stand: what there is to ask without changing anything."""

import time
from collections.abc import Callable, Iterator

from sqlalchemy import Engine, func, select

from nuqleus.database.engine import reading
from nuqleus.database.records import KnownFile
from nuqleus.database.tables import File, FileState

PAGE = 5_000
"""Rows that `known` holds in memory."""


class Catalogue:
    """The files of a database, to look at. Every method raises `DatabaseUnavailable` when it can't be reached."""

    def __init__(self, engine: Engine, clock: Callable[[], float] = time.time) -> None:
        self._engine = engine
        self._clock = clock

    def known(self, *states: FileState) -> Iterator[KnownFile]:
        """Files in these states (none given: all) in order of discovery, a page at a time.

        No lock is held between pages.
        """
        last = 0
        columns = (File.id, File.path, File.size, File.mtime_ns, File.state)
        while True:
            query = select(*columns).where(File.id > last).order_by(File.id).limit(PAGE)
            if states:
                query = query.where(File.state.in_(states))
            with reading(self._engine) as connection:
                page = [KnownFile(*row) for row in connection.execute(query)]
            yield from page
            if len(page) < PAGE:
                return
            last = page[-1].id

    def counts(self) -> dict[FileState, int]:
        """Number of files in each state; states without files count 0."""
        query = select(File.state, func.count()).group_by(File.state)
        with reading(self._engine) as connection:
            found = {state: count for state, count in connection.execute(query)}  # noqa: C416 - for mypy
        return {state: found.get(state, 0) for state in FileState}

    def pending(self) -> int:
        """Number of files that still have to end."""
        counts = self.counts()
        return counts[FileState.WAITING] + counts[FileState.QUEUED] + counts[FileState.RUNNING]
