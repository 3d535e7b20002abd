"""Searching: rows that no index finds, among the newest first, for as long as somebody may be kept waiting."""

import time
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from sqlalchemy import ColumnElement, Connection, Row, Select, func, select

from nuqleus.paths import unescape_path

SEARCH_SECONDS = 0.06
"""A search that isn't at its end by then is broken off: the next page goes on from there."""

ROWS_PER_STATEMENT = 2_000
"""Rows that are looked at between two polls of the clock; of more, PostgreSQL reads all files, by several processes."""


def path_holds(path: Any, text: str) -> ColumnElement[bool]:
    """Whether a column of paths holds a text, in which odd characters may be written as pages and tables write them."""
    return path.contains(unescape_path(text), autoescape=True)


@dataclass(frozen=True)
class Found:
    """What a search found.

    Attributes:
        rows: the newest first.
        next_before: where the next page goes on; None if all was searched.
        has_more: whether there are more rows than were wanted; else the search was broken off, or is at its end.
    """

    rows: list[Row[Any]]
    next_before: int | None
    has_more: bool


@dataclass(frozen=True)
class Search:
    """A search.

    Attributes:
        candidates: selects the ids of rows that may fit, by an index.
        matching: selects rows that fit, with their `id`, in any order.
        id: the column of the ids in both.
        clock: seconds from any origin.
    """

    candidates: Select[Any]
    matching: Select[Any]
    id: ColumnElement[int]
    clock: Callable[[], float] = time.monotonic

    def newest(self, connection: Connection, before: int | None, most: int) -> Found:
        """Search rows with ids below `before`, from the newest on, until there are `most`, or time is up."""
        rows: list[Row[Any]] = []
        end = self.clock() + SEARCH_SECONDS
        while True:
            some = self._next_candidates(before)
            low, number = self._extent(connection, some)
            if number:
                rows += self._among(connection, some, (low, before), most + 1 - len(rows))
            if len(rows) > most:
                return Found(rows[:most], rows[most - 1].id, has_more=True)
            if number < ROWS_PER_STATEMENT:
                return Found(rows, None, has_more=False)
            before = low
            if self.clock() >= end:
                return Found(rows, before, has_more=False)

    def _next_candidates(self, before: int | None) -> Select[Any]:
        query = self.candidates if before is None else self.candidates.where(self.id < before)
        return query.order_by(self.id.desc()).limit(ROWS_PER_STATEMENT)

    @staticmethod
    def _extent(connection: Connection, some: Select[Any]) -> tuple[int, int]:
        """Return the lowest id of some candidates, and how many they are."""
        ids = some.subquery()
        low, number = connection.execute(select(func.min(ids.c.id), func.count()).select_from(ids)).one()
        return low or 0, number

    def _among(
        self, connection: Connection, some: Select[Any], extent: tuple[int, int | None], most: int
    ) -> list[Row[Any]]:
        """The candidates that fit: by their ids and their extent, of which a server takes what reads fewer rows."""
        low, before = extent
        query = self.matching.where(self.id.in_(some), self.id >= low).order_by(self.id.desc()).limit(most)
        return list(connection.execute(query if before is None else query.where(self.id < before)))
