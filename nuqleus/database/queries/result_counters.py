"""Counters of the work that is done, which only rise."""

from collections import Counter
from typing import Any

from sqlalchemy import BigInteger, ColumnElement, Engine, cast, func, select

from nuqleus.database.engine import reading
from nuqleus.database.tables import Image

_SECONDS = {
    column.name.removeprefix("seconds_"): column
    for column in Image.__table__.columns
    if column.name.startswith("seconds_")
}

STAGES = tuple(_SECONDS)
"""Where the time of an image goes, in order."""

RECOUNTED_IMAGES = 10_000
"""Newest images that are added up anew each time: some become visible later than others with a higher id."""

_SUMS: dict[str, ColumnElement[Any]] = {
    "images": func.count(),
    "pixels": func.sum(cast(Image.height, BigInteger) * Image.width),
    "nuclei": func.sum(Image.n_nuclei),
}


def stage_sums() -> list[ColumnElement[Any]]:
    """The seconds of each stage, added up."""
    return [func.sum(column).label(stage) for stage, column in _SECONDS.items()]


class ResultCounters:
    """Adds up images, their pixels and nuclei, and the seconds of each stage, from its first look on.

    A look reads what is new and `RECOUNTED_IMAGES` images more, however many there are.
    """

    def __init__(self, engine: Engine) -> None:
        self._engine = engine
        self._counted: Counter[str] = Counter()
        self._counted_until: int | None = None
        self._seen: Counter[str] = Counter()

    def update(self) -> Counter[str]:
        """What has been done since the first look: `images`, `pixels`, `nuclei`, and seconds by stage.

        Raises:
            DatabaseUnavailable: the next look makes up for it.
        """
        newest = self._newest()
        if self._counted_until is None:
            self._counted_until = newest
        if newest > self._counted_until + 2 * RECOUNTED_IMAGES:
            self._counted += self._sum(self._counted_until, newest - RECOUNTED_IMAGES)
            self._counted_until = newest - RECOUNTED_IMAGES
        # images that were replaced meanwhile are gone; a counter never falls
        self._seen |= self._counted + self._sum(self._counted_until, None)
        return self._seen.copy()

    def _newest(self) -> int:
        with reading(self._engine) as connection:
            return connection.scalar(select(func.max(Image.id))) or 0

    def _sum(self, after: int, until: int | None) -> Counter[str]:
        query = select(*(column.label(name) for name, column in _SUMS.items()), *stage_sums())
        query = query.where(Image.id > after)
        if until is not None:
            query = query.where(Image.id <= until)
        with reading(self._engine) as connection:
            row = connection.execute(query).mappings().one()
        return Counter({name: total or 0 for name, total in row.items()})
