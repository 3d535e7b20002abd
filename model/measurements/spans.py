"""Spans: from a nucleus' first to its last column in each row; all that its convex hull depends on."""

from dataclasses import dataclass

import numpy as np

from model.measurements.runs import Bools, Ints, Runs


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

    @property
    def follows(self) -> Bools:
        """(S,) whether the span before is the same nucleus' in the row above."""
        below = (np.diff(self.nucleus) == 0) & (np.diff(self.row) == 1)
        return np.concatenate([np.zeros(min(1, len(self.row)), np.bool_), below])


def begins_span(runs: Runs) -> Bools:
    """Return (R,): whether a run is the first of its nucleus in its row."""
    begins = np.ones(len(runs.row), np.bool_)
    begins[1:] = (np.diff(runs.nucleus) != 0) | (np.diff(runs.row) != 0)
    return begins


def find_spans(runs: Runs) -> Spans:
    """Find the spans of nuclei from their runs."""
    first = np.flatnonzero(begins_span(runs))
    last = np.append(first, len(runs.row))[1:] - 1
    return Spans(runs.nucleus[first], runs.row[first], runs.start[first], runs.stop[last] - 1)
