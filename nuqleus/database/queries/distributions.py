"""Distributions: measurements of many nuclei, counted in bins by the database, a few hundred images at a time."""

from collections import Counter
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field
from typing import Any

from sqlalchemy import BigInteger, Connection, Engine, Select, and_, cast, func

from nuqleus.database.batches import batched
from nuqleus.database.engine import reading
from nuqleus.database.queries.plotted_values import Axis, NucleusFilter, nuclei_query
from nuqleus.database.queries.value_ranges import BinnedRange, Span, choose_range
from nuqleus.database.tables import Image

EXACT_NUCLEI = 1_000_000
"""So many nuclei are all counted; of more, those of a sample of whole images, unless somebody asks for all."""

IMAGES_PER_STATEMENT, IMAGES_PER_LOOK = 300, 20
"""Images whose nuclei are counted at a time, and those that are looked at for the range of their values."""

MULTIPLIER, MODULUS = 2_654_435_761, 1_000_003
"""Numbers of images are spread by these, so that a sample is neither the oldest images nor those of one plate."""

RANGE_NUCLEI = 50_000
"""Nuclei, about, whose values say where an axis begins and ends."""

FIRST_SHARE = 0.1
"""Of the way to a distribution, when the ranges of its axes are known."""

Progress = Callable[[float], None]
"""Is told which share is done, 0 to 1."""


@dataclass(frozen=True)
class Distribution:
    """Histogram: nuclei counted in bins of one axis, or of two.

    Attributes:
        ranges: of each axis.
        counts: number of nuclei by bin, a number for each axis; bins without any are left out. What lies below a range
            is in bin `BELOW`, what lies above it in the bin after the last: every nucleus that has the values counts.
        nuclei: how many are counted.
        of: how many nuclei pass the filter; more than are counted if only a sample was.
        is_sample: whether only a sample of whole images was.
    """

    ranges: tuple[BinnedRange, ...]
    counts: dict[tuple[int, ...], int]
    nuclei: int
    of: int
    is_sample: bool


@dataclass
class Counting:
    """Counts nuclei in bins.

    Attributes:
        engine: the database.
        axes: one or two.
        nucleus_filter: which nuclei.
        bins: of each axis.
        spans: where axes shall begin and end.
        exact: count all, however many there are.
        progress: is told how far it is.
    """

    engine: Engine
    axes: Sequence[Axis]
    nucleus_filter: NucleusFilter = field(default_factory=NucleusFilter)
    bins: Sequence[int] = (60,)
    spans: Sequence[Span] = (Span(), Span())
    exact: bool = False
    progress: Progress = lambda _: None

    def count(self) -> Distribution:
        """Do it.

        Raises:
            DatabaseUnavailable: the database is away.
        """
        with reading(self.engine) as connection:
            total = connection.scalar(self.nucleus_filter.images(func.sum(Image.n_nuclei))) or 0
            is_sample = total > EXACT_NUCLEI and not self.exact
            images = connection.scalars(self._chosen(int(total), is_sample)).all()
        ranges = self._ranges(images)
        counts: Counter[tuple[int, ...]] = Counter()
        if ranges:
            for done, batch in self._batches(images):
                with reading(self.engine) as connection:
                    counts.update(self._count(connection, batch, ranges))
                self.progress(FIRST_SHARE + (1 - FIRST_SHARE) * done)
        return Distribution(ranges, dict(counts), sum(counts.values()), int(total), is_sample)

    def _chosen(self, total: int, is_sample: bool) -> Select[Any]:
        query = self.nucleus_filter.images(Image.id).where(Image.n_nuclei > 0).order_by(Image.id)
        if is_sample:
            query = query.where(_spread(cast(Image.id, BigInteger)) < max(1, MODULUS * EXACT_NUCLEI // total))
        return query

    def _batches(
        self, images: Sequence[int], size: int = IMAGES_PER_STATEMENT
    ) -> Iterator[tuple[float, list[int]]]:
        """Give a few images at a time, so that no transaction stays open for long; and which share they end."""
        done = 0
        for batch in batched(images, size):
            done += len(batch)
            yield done / len(images), list(batch)

    def _ranges(self, images: Sequence[int]) -> tuple[BinnedRange, ...]:
        """The range of each axis; nothing if there are no values."""
        known: list[tuple[float, ...]] = []
        for done, batch in self._batches(sorted(images, key=_spread), IMAGES_PER_LOOK):
            with reading(self.engine) as connection:
                known += self._values(connection, batch)
            self.progress(FIRST_SHARE * max(done, min(1.0, len(known) / RANGE_NUCLEI)))
            if len(known) >= RANGE_NUCLEI:
                break
        ranges = [
            choose_range(values, span, bins)
            for values, span, bins in zip(zip(*known, strict=True), self.spans, self.bins, strict=False)
        ]
        return tuple(part for part in ranges if part)

    def _values(self, connection: Connection, batch: list[int]) -> list[tuple[float, ...]]:
        """The values of the nuclei of some images that have all of them."""
        query, values = nuclei_query(batch, self.axes, self.nucleus_filter)
        known = and_(*(value.is_not(None) for value in values))
        return [tuple(row) for row in connection.execute(query.with_only_columns(*values).where(known))]

    def _count(
        self, connection: Connection, batch: list[int], ranges: Sequence[BinnedRange]
    ) -> dict[tuple[int, ...], int]:
        query, values = nuclei_query(batch, self.axes, self.nucleus_filter)
        numbers = [
            part.number(connection, value).label(f"bin{i}")
            for i, (value, part) in enumerate(zip(values, ranges, strict=True))
        ]
        known = and_(*(value.is_not(None) for value in values))
        grouped = query.with_only_columns(*numbers, func.count()).where(known).group_by(*numbers)
        return {tuple(map(int, row[:-1])): row[-1] for row in connection.execute(grouped)}


def _spread(image_id: Any) -> Any:
    """A number of an image, in SQL or in Python, that has nothing to do with its age."""
    return image_id * MULTIPLIER % MODULUS
