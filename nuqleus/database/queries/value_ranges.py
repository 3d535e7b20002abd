"""Ranges of values: which part of an axis is divided into bins, and in which bin a value lies."""

import math
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from sqlalchemy import ColumnElement, Connection, Integer, and_, case, cast, func

BELOW = -1
"""The bin of what is below a range; what is above it lies in the bin after its last one."""

EXTREME_SHARE = 0.001
"""Values at either end that may be outliers …"""

FEW_EXTREMES, FEW_SHARE = 5, 0.05
"""… of few values up to so many, if they are no more than this share; one in any case."""

STRETCH = 0.5
"""They are outliers if they lie further away than this share of the width that all others take."""


@dataclass(frozen=True)
class Span:
    """Where somebody wants an axis to begin, and end before; None: as the values say."""

    low: float | None = None
    high: float | None = None


@dataclass(frozen=True)
class BinnedRange:
    """The values of an axis from `low` up to, but without, `high`, which its bins divide."""

    low: float
    high: float
    bins: int

    @property
    def is_one_value(self) -> bool:
        """Whether it holds one value alone."""
        return self.high <= math.nextafter(self.low, math.inf)

    def edge(self, number: int) -> float:
        """Where a bin begins; the last one ends before `edge(bins)`."""
        return self.high if number == self.bins else self.low + (self.high - self.low) * number / self.bins

    def limits(self, number: int) -> tuple[float | None, float | None]:
        """From which value on, and below which, values lie in a bin; None: no limit."""
        if number <= BELOW:
            return None, self.low
        return (self.high, None) if number >= self.bins else (self.edge(number), self.edge(number + 1))

    def number(self, connection: Connection, value: ColumnElement[Any]) -> ColumnElement[Any]:
        """The number of the bin that a value lies in, in SQL: by the same edges as in Python, to the last digit."""
        span = self.high - self.low
        place = (value - self.low) * (self.bins / span)
        # PostgreSQL rounds where SQLite, which may lack floor(), cuts off
        near = cast(place if connection.dialect.name == "sqlite" else func.floor(place), Integer)
        return case(
            (value < self.low, BELOW),
            (value >= self.high, self.bins),
            (near >= self.bins, self.bins - 1),  # of a value that rounding lifts to the end of the range
            (value < self.low + span * near / self.bins, near - 1),
            (
                and_(near + 1 < self.bins, value >= self.low + span * (near + 1) / self.bins),
                near + 1,
            ),
            else_=near,
        )


def choose_range(values: Sequence[float], span: Span, bins: int) -> BinnedRange | None:
    """Choose the range of an axis: that of some of its values but for outliers, unless a span says otherwise.

    Args:
        values: some of them, spread over all.
        span: what is wanted.
        bins: how many, where that many can be told apart.

    Returns:
        The range; None without values.
    """
    if not values:
        return None
    low, high = _without_outliers(sorted(values))
    begins = low if span.low is None else span.low
    ends = math.nextafter(high, math.inf) if span.high is None else span.high
    ends = max(ends, math.nextafter(begins, math.inf))
    finest = math.ulp(max(abs(begins), abs(ends)))
    return BinnedRange(begins, ends, bins if ends - begins > 8 * bins * finest else 1)


def _without_outliers(ordered: Sequence[float]) -> tuple[float, float]:
    """The lowest and the highest value, but for a few that lie far from all others."""
    number = len(ordered)
    few = max(math.ceil(EXTREME_SHARE * number), min(FEW_EXTREMES, int(FEW_SHARE * number)), 1)
    most = ordered[few : number - few]
    if not most or most[0] == most[-1]:
        return ordered[0], ordered[-1]
    far = STRETCH * (most[-1] - most[0])
    near = [value for value in ordered if most[0] - far <= value <= most[-1] + far]
    return near[0], near[-1]
