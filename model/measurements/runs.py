"""Run-length encoding of a label image, which every measurement starts from.

A run is a stretch of pixels of one nucleus in one row. An image of nuclei has some twenty times fewer runs than
pixels, and sums over pixels (areas, moments) are sums over runs in closed form.
"""

from collections.abc import Iterator
from dataclasses import dataclass
from functools import cached_property

import numpy as np

from model.arrays import AnyLabels, Ints


@dataclass(frozen=True)
class Runs:
    """The runs of N nuclei, sorted by nucleus, then row, then column.

    Attributes:
        labels: (N,) the labels that occur, ascending.
        first: (N,) where each nucleus' runs start.
        nucleus: (R,) the nucleus of each run, 0..N-1.
        row: (R,) the row of each run.
        start: (R,) its first column.
        stop: (R,) the column after its last one.
    """

    labels: Ints
    first: Ints
    nucleus: Ints
    row: Ints
    start: Ints
    stop: Ints

    def __len__(self) -> int:
        return len(self.labels)

    @cached_property
    def length(self) -> Ints:
        """(R,) pixels of each run."""
        return self.stop - self.start

    @property
    def last(self) -> Ints:
        """(N,) each nucleus' last run."""
        return np.append(self.first, len(self.row))[1:] - 1

    def batches(self, pixels: int) -> Iterator["Runs"]:
        """Yield the nuclei in groups of about this many pixels, or of one nucleus where it is larger."""
        ends = np.cumsum(np.add.reduceat(self.length, self.first)) if len(self) else self.first
        cut = 0
        while cut < len(self):
            done = ends[cut - 1] if cut else 0
            until = max(cut + 1, int(np.searchsorted(ends, done + pixels, side="right")))
            yield self._between(cut, until)
            cut = until

    def _between(self, begin: int, end: int) -> "Runs":
        runs = slice(self.first[begin], self.last[end - 1] + 1)
        first = self.first[begin:end] - self.first[begin]
        nucleus = self.nucleus[runs] - begin
        return Runs(self.labels[begin:end], first, nucleus, self.row[runs], self.start[runs], self.stop[runs])


def find_runs(labels: AnyLabels) -> Runs:
    """Find the runs of a label image (H, W): 0 is background; labels may have gaps.

    Raises:
        ValueError: not two-dimensional, not integers, or negative labels.
    """
    _check(labels)
    begins = np.ones(labels.shape, np.bool_)
    np.not_equal(labels[:, 1:], labels[:, :-1], out=begins[:, 1:])
    flat = np.append(np.flatnonzero(begins), labels.size)
    label = labels.reshape(-1)[flat[:-1]]
    order = np.flatnonzero(label)
    order = order[_sorted(label[order])]
    begin = flat[order]
    row, start = np.divmod(begin, max(labels.shape[1], 1))
    return _grouped(label[order].astype(np.int64), row, start, start + flat[order + 1] - begin)


def _sorted(label: AnyLabels) -> Ints:
    """Return the order of some labels, for which 16 bits are mostly enough: these are sorted without comparisons."""
    if label.min(initial=0) < 0:
        raise ValueError(f"labels must be 0 (background) or positive; the lowest is {label.min()}")
    narrow = np.uint16 if label.max(initial=0) <= np.iinfo(np.uint16).max else label.dtype
    return np.argsort(label.astype(narrow, copy=False), kind="stable")


def _grouped(label: Ints, row: Ints, start: Ints, stop: Ints) -> Runs:
    begins = np.ones(len(label), np.bool_)
    np.not_equal(label[1:], label[:-1], out=begins[1:])
    first = np.flatnonzero(begins)
    return Runs(label[first], first, np.cumsum(begins) - 1, row, start, stop)


def _check(labels: AnyLabels) -> None:
    if labels.ndim != 2 or not np.issubdtype(labels.dtype, np.integer):
        raise ValueError(
            f"a label image is a two-dimensional array of integers; this one is {labels.ndim}-dimensional, "
            f"{labels.dtype}"
        )


def nucleus_indices(label: AnyLabels, labels: Ints) -> Ints:
    """Return which nucleus (0..N-1) each label belongs to; `labels` are all that occur, ascending."""
    if len(labels) and labels[-1] == len(labels):
        return label.astype(np.int64) - 1
    return np.searchsorted(labels, label)
