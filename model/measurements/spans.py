"""Spans: from a nucleus' first to its last column in each row; all that its convex hull depends on."""

from dataclasses import dataclass
from functools import cached_property

import numpy as np

from model.arrays import Bools, Ints
from model.measurements.runs import Runs


@dataclass(frozen=True)
class Spans:
    """The spans of nuclei, sorted by nucleus, then row; rows without a pixel of the nucleus have none.

    Attributes:
        nucleus: (S,) the nucleus of each span, 0..N-1.
        row: (S,) its row.
        left: (S,) first column.
        right: (S,) last column.
    """

    nucleus: Ints
    row: Ints
    left: Ints
    right: Ints

    @cached_property
    def follows(self) -> Bools:
        """(S,) whether the span before is the same nucleus' in the row above."""
        below = np.zeros(len(self.row), np.bool_)
        below[1:] = (self.nucleus[1:] == self.nucleus[:-1]) & (self.row[1:] - self.row[:-1] == 1)
        return below


def begins_span(runs: Runs) -> Bools:
    """Return (R,): whether a run is the first of its nucleus in its row."""
    begins = np.ones(len(runs.row), np.bool_)
    begins[1:] = (runs.nucleus[1:] != runs.nucleus[:-1]) | (runs.row[1:] != runs.row[:-1])
    return begins


def find_spans(runs: Runs, begins: Bools) -> Spans:
    """Find the spans of nuclei from their R runs, of which some begin one: (R,), as `begins_span` returns it."""
    first = np.flatnonzero(begins)
    last = np.append(first[1:], len(runs.row)) - 1 if len(first) else first
    return Spans(runs.nucleus[first], runs.row[first], runs.start[first], runs.stop[last] - 1)
