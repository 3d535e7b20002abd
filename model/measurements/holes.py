"""Holes of each nucleus: background that it encloses."""

from typing import NamedTuple

import numpy as np
from scipy.sparse import coo_array
from scipy.sparse.csgraph import connected_components

from model.arrays import Bools, Ints
from model.measurements.runs import Runs
from model.measurements.spans import Spans


class Gaps(NamedTuple):
    """Stretches between two runs of a nucleus in a row, sorted by span, then column: (G,) each."""

    span: Ints
    left: Ints
    right: Ints


def count_hole_pixels(runs: Runs, begins: Bools, spans: Spans) -> Ints:
    """Return (N,) how many pixels lie in holes of each nucleus, whatever their label.

    Pixels that share a corner connect background (as in scikit-image's `area_filled`), so an outline that is
    closed by corners only encloses nothing. Only gaps between two runs of a row can be part of a hole: the work
    grows with their number, not with the image.

    Args:
        runs: of the nuclei.
        begins: (R,) whether a run begins a span.
        spans: these.
    """
    gaps = _find_gaps(runs, begins)
    leaks = _touches_outside(gaps, spans)
    if not leaks.all():
        leaks = _leaking(gaps, spans, leaks)
    pixels = np.where(leaks, 0, gaps.right - gaps.left + 1)
    return np.bincount(spans.nucleus[gaps.span], pixels, len(runs)).astype(np.int64)


def _find_gaps(runs: Runs, begins: Bools) -> Gaps:
    after = np.flatnonzero(~begins)
    span = np.cumsum(begins) - 1
    return Gaps(span[after], runs.stop[after - 1], runs.start[after] - 1)


def _leaking(gaps: Gaps, spans: Spans, leaks: Bools) -> Bools:
    """Return (G,): whether a gap leaks, be it through others."""
    _, piece = connected_components(_touching(gaps, spans), directed=False)
    return (np.bincount(piece, weights=leaks) > 0)[piece]


def _touches_outside(gaps: Gaps, spans: Spans) -> Bools:
    """Return (G,): whether a gap meets, above or below, background beyond the span of that row."""
    touches = np.zeros(len(gaps.span), np.bool_)
    follows = np.append(spans.follows, False)
    for other, adjacent in ((gaps.span - 1, follows[gaps.span]), (gaps.span + 1, follows[gaps.span + 1])):
        beyond = np.minimum(other, len(spans.row) - 1)
        past_ends = (gaps.left - 1 < spans.left[beyond]) | (gaps.right + 1 > spans.right[beyond])
        touches |= ~adjacent | past_ends
    return touches


def _touching(gaps: Gaps, spans: Spans) -> coo_array:
    """Return the (G, G) graph of gaps that touch a gap of the span before, by an edge or a corner.

    Where that span is not the row above, both gaps touch the outside, and joining them does no harm.
    """
    stride = int(spans.right.max(initial=0)) + 3  # more than a column and its two neighbours
    above = gaps.span - 1
    begin = np.searchsorted(gaps.span * stride + gaps.right, above * stride + gaps.left - 1)
    end = np.searchsorted(gaps.span * stride + gaps.left, above * stride + gaps.right + 1, side="right")
    count = np.maximum(end - begin, 0)
    lower = np.repeat(np.arange(len(count)), count)
    upper = np.arange(len(lower)) - np.repeat(np.cumsum(count) - count - begin, count)
    return coo_array((np.ones(len(lower), np.bool_), (lower, upper)), shape=(len(count), len(count)))
