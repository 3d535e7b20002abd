"""Distributions: measurements of many nuclei, counted in bins by the database, a few hundred images at a time."""

import time
from collections import Counter
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field
from itertools import accumulate, pairwise
from typing import Any

from sqlalchemy import (
    BigInteger,
    ColumnElement,
    Connection,
    Engine,
    Integer,
    Select,
    and_,
    case,
    cast,
    func,
    literal,
    select,
    true,
)
from sqlalchemy.orm import aliased

from nuqleus.database.batches import batched
from nuqleus.database.engine import reading
from nuqleus.database.queries.counted_images import is_counted
from nuqleus.database.queries.group_views import dna_content
from nuqleus.database.queries.nuclei import DNA_CONTENT, SHAPES
from nuqleus.database.queries.searching import ROWS_PER_STATEMENT, SEARCH_SECONDS
from nuqleus.database.tables import File, Image, Intensity, Nucleus, Well

EXACT_NUCLEI = 1_000_000
"""So many nuclei are all counted; of more, those of a sample of whole images, unless somebody asks for all."""

IMAGES_PER_STATEMENT = 300

MULTIPLIER, MODULUS = 2_654_435_761, 1_000_003
"""Numbers of images are spread by these, so that a sample is neither the oldest images nor those of one plate."""

PAGE_SIZE = 60
"""Nuclei on a sheet of cut-outs."""

NUCLEI_PER_STATEMENT = 20_000
"""Nuclei that are searched for a sheet between two glances at the clock."""

Progress = Callable[[float], None]
"""Is told which share is done, 0 to 1."""


@dataclass(frozen=True)
class Axis:
    """A measurement; `channel` counts for one of an intensity."""

    measurement: str
    channel: int = 0


@dataclass(frozen=True)
class Selection:
    """Which nuclei are looked at.

    Attributes:
        path: only of files whose path holds this.
        plate_id: only of this plate.
        well_id: only of this well.
        confidence: only those that the network was as sure of, or surer.
    """

    path: str | None = None
    plate_id: int | None = None
    well_id: int | None = None
    confidence: float | None = None

    def images(self, *columns: Any) -> Select[Any]:
        """A query for its images, of each stack the plane that counts."""
        query = select(*columns).where(is_counted())
        if self.path:
            query = query.join(File, File.id == Image.file_id).where(
                File.path.contains(self.path, autoescape=True)
            )
        if self.well_id is not None:
            query = query.where(Image.well_id == self.well_id)
        if self.plate_id is not None:
            query = query.where(Image.well_id.in_(select(Well.id).where(Well.plate_id == self.plate_id)))
        return query


@dataclass(frozen=True)
class Limits:
    """Known values of an axis from `low` up to, but without, `high`; None: no limit."""

    axis: Axis
    low: float | None = None
    high: float | None = None


@dataclass(frozen=True)
class Range:
    """The values of an axis, which its bins divide; those that hardly differ are one bin."""

    low: float
    high: float
    bins: int

    @classmethod
    def of(cls, low: float, high: float, bins: int) -> "Range":
        """Divide values into bins, unless so many can't be told apart."""
        divided = cls(low, high, bins)
        edges = list(map(divided.edge, range(bins + 1)))
        are_apart = all(edge < following for edge, following in pairwise(edges))
        return divided if are_apart else cls(low, high, 1)

    def edge(self, number: int) -> float:
        """Where a bin begins; the last one ends at `edge(bins)`."""
        return self.low + (self.high - self.low) * number / self.bins


@dataclass(frozen=True)
class Distribution:
    """Nuclei counted in bins of one axis, or of two.

    Attributes:
        ranges: of each axis.
        counts: number of nuclei by bin, a number for each axis; bins without any are left out.
        nuclei: how many are counted.
        of: how many nuclei the selection has; more than are counted if only a sample was.
        is_sample: whether only a sample of whole images was.
    """

    ranges: tuple[Range, ...]
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
        selection: which nuclei.
        bins: of each axis.
        exact: count all, however many there are.
        progress: is told how far it is.
    """

    engine: Engine
    axes: Sequence[Axis]
    selection: Selection = field(default_factory=Selection)
    bins: Sequence[int] = (60,)
    exact: bool = False
    progress: Progress = lambda _: None

    def count(self) -> Distribution:
        """Do it.

        Raises:
            DatabaseUnavailable: the database is away.
        """
        with reading(self.engine) as connection:
            total = connection.scalar(self.selection.images(func.sum(Image.n_nuclei))) or 0
            is_sample = total > EXACT_NUCLEI and not self.exact
            images = connection.scalars(self._chosen(int(total), is_sample)).all()
        ranges = self._ranges(images)
        counts: Counter[tuple[int, ...]] = Counter()
        if ranges:
            for connection, batch in self._batches(images, 0.5):
                counts.update(self._count(connection, batch, ranges))
        return Distribution(ranges, dict(counts), sum(counts.values()), int(total), is_sample)

    def _chosen(self, total: int, is_sample: bool) -> Select[Any]:
        query = self.selection.images(Image.id).where(Image.n_nuclei > 0).order_by(Image.id)
        if is_sample:
            spread = cast(Image.id, BigInteger) * MULTIPLIER % MODULUS
            query = query.where(spread < max(1, MODULUS * EXACT_NUCLEI // total))
        return query

    def _batches(self, images: Sequence[int], begun: float) -> Iterator[tuple[Connection, list[int]]]:
        """Give a connection for each few images: no transaction stays open for long."""
        done = 0
        for batch in batched(images, IMAGES_PER_STATEMENT):
            with reading(self.engine) as connection:
                yield connection, list(batch)
            done += len(batch)
            self.progress(begun + done / len(images) / 2)

    def _ranges(self, images: Sequence[int]) -> tuple[Range, ...]:
        """The lowest and highest value of each axis; nothing if there are no values."""
        found: list[list[float]] = [[] for _ in self.axes]
        for connection, batch in self._batches(images, 0.0):
            query, values = nuclei_query(batch, self.axes, self.selection)
            ends = [function(value) for value in values for function in (func.min, func.max)]
            row = connection.execute(query.with_only_columns(*ends)).one()
            for number, ends_found in enumerate(found):
                ends_found += [end for end in row[2 * number : 2 * number + 2] if end is not None]
        if not all(found):
            return ()
        return tuple(
            Range.of(float(min(ends)), float(max(ends)), bins)
            for ends, bins in zip(found, self.bins, strict=True)
        )

    def _count(
        self, connection: Connection, batch: list[int], ranges: Sequence[Range]
    ) -> dict[tuple[int, ...], int]:
        query, values = nuclei_query(batch, self.axes, self.selection)
        numbers = [
            _bin(connection, value, part).label(f"bin{i}")
            for i, (value, part) in enumerate(zip(values, ranges, strict=True))
        ]
        known = and_(*(value.is_not(None) for value in values))
        grouped = query.with_only_columns(*numbers, func.count()).where(known).group_by(*numbers)
        return {tuple(map(int, row[:-1])): row[-1] for row in connection.execute(grouped)}


def find_nuclei(
    engine: Engine,
    selection: Selection,
    limits: Sequence[Limits],
    after: tuple[int, int] = (0, 0),
    clock: Callable[[], float] = time.monotonic,
) -> tuple[list[tuple[int, int]], tuple[int, int] | None]:
    """Find nuclei whose values lie within limits, in order of image and label, until the sheet is full or time is up.

    Args:
        engine: the database.
        selection: which nuclei.
        limits: of their values.
        after: the last that was found before.
        clock: seconds from any origin.

    Returns:
        Image and label of each; and after which to go on, None if there are no more.
    """
    found: list[tuple[int, int]] = []
    image, end = after[0] - 1, clock() + SEARCH_SECONDS
    with reading(engine) as connection:
        while True:
            batch, onward = _next_images(connection, selection, image)
            found += _within(connection, batch, selection, limits, after, PAGE_SIZE - len(found))
            if len(found) >= PAGE_SIZE:
                return found, found[-1]
            if onward is None:
                return found, None
            if clock() >= end:
                return found, (onward + 1, 0)
            image = onward


def _next_images(connection: Connection, selection: Selection, after: int) -> tuple[list[int], int | None]:
    """The next images with nuclei, of those that a statement may look at, and after which to go on; None at the end."""
    nearest = select(Image.id).where(Image.id > after).order_by(Image.id).limit(ROWS_PER_STATEMENT).subquery()
    last, looked_at = connection.execute(select(func.max(nearest.c.id), func.count(nearest.c.id))).one()
    if last is None:
        return [], None
    query = selection.images(Image.id, Image.n_nuclei).where(Image.id > after, Image.id <= last)
    rows = connection.execute(
        query.where(Image.n_nuclei > 0).order_by(Image.id).limit(IMAGES_PER_STATEMENT)
    ).all()
    nuclei = accumulate(number for _, number in rows)
    few = [
        image
        for place, ((image, _), number) in enumerate(zip(rows, nuclei, strict=True))
        if number <= NUCLEI_PER_STATEMENT or not place
    ]
    is_all = len(few) == len(rows) < IMAGES_PER_STATEMENT
    if is_all:
        return few, None if looked_at < ROWS_PER_STATEMENT else last
    return few, few[-1]


def nuclei_query(
    images: list[int], axes: Sequence[Axis], selection: Selection
) -> tuple[Select[Any], list[ColumnElement[Any]]]:
    """A query over the nuclei of some images, and the value of each axis in it."""
    nuclei = Nucleus.__table__
    query = select(nuclei.c.image_id, nuclei.c.label).where(nuclei.c.image_id.in_(images))
    if selection.confidence is not None:
        query = query.where(nuclei.c.confidence >= selection.confidence)
    values: list[ColumnElement[Any]] = []
    for axis in axes:
        query, value = _with_value(query, axis)
        values.append(value)
    return query, values


def _with_value(query: Select[Any], axis: Axis) -> tuple[Select[Any], ColumnElement[Any]]:
    """Join what an axis needs to a query over nuclei. Returns the value, too; what isn't known is NULL, or no row."""
    nuclei = Nucleus.__table__.c
    if axis.measurement in SHAPES:
        return query, nuclei[axis.measurement]
    if axis.measurement == DNA_CONTENT:
        view = dna_content.alias()
        same = and_(view.c.image_id == nuclei.image_id, view.c.label == nuclei.label)
        return query.join(view, same), view.c.dna_content
    measured = aliased(Intensity)
    same = and_(measured.image_id == nuclei.image_id, measured.label == nuclei.label)
    of_channel = and_(same, measured.channel == axis.channel)
    return query.join(measured, of_channel), getattr(measured, axis.measurement)


def _within(
    connection: Connection,
    images: list[int],
    selection: Selection,
    limits: Sequence[Limits],
    after: tuple[int, int],
    most: int,
) -> list[tuple[int, int]]:
    query, values = nuclei_query(images, [limit.axis for limit in limits], selection)
    nuclei = Nucleus.__table__.c
    for limit, value in zip(limits, values, strict=True):
        query = query.where(
            value.is_not(None),
            value >= limit.low if limit.low is not None else true(),
            value < limit.high if limit.high is not None else true(),
        )
    query = query.where((nuclei.image_id > after[0]) | (nuclei.label > after[1]))
    rows = connection.execute(query.order_by(nuclei.image_id, nuclei.label).limit(most))
    return [(image, label) for image, label in rows]


def _bin(connection: Connection, value: ColumnElement[Any], part: Range) -> ColumnElement[Any]:
    """The number of the bin that a value lies in; the highest value lies in the last.

    A value on an edge, or next to it, is rounded to either side by a product. So it is compared with the edges
    themselves, as it is when the bin's nuclei are looked for.
    """
    if part.bins == 1:
        return literal(0)
    place = (value - part.low) * (part.bins / (part.high - part.low))
    near = cast(place, Integer) if connection.dialect.name == "sqlite" else func.floor(place)
    below, above = (
        part.low + literal(part.high - part.low) * (near + step) / float(part.bins) for step in (0, 1)
    )
    exact = case((value < below, near - 1), (value >= above, near + 1), else_=near)
    return case((exact >= part.bins, part.bins - 1), else_=exact)
