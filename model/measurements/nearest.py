"""Nearest nucleus of each pixel, where one is near: an exact Euclidean distance transform that looks no farther.

Column by column first, then along rows, as in Felzenszwalb and Huttenlocher (*Distance Transforms of Sampled
Functions*, 2012), but with one vectorised step for each pixel of the reach instead of an envelope of parabolas. For the
few pixels that rings reach it takes a fifth of the time of scipy's `distance_transform_edt`, and it says the same
wherever in a larger image it looks: of equally near pixels it takes the leftmost, then the upper one.
"""

from dataclasses import dataclass

import numpy as np

from model.arrays import AnyLabels, Indices, Ints

ROWS_AT_ONCE = 32
"""Rows that stay in the processor's cache while they are compared with themselves, shifted."""


@dataclass(frozen=True)
class NearestNuclei:
    """What is nearest to each pixel of a label image (h, w).

    Attributes:
        labels: the label image.
        reach: whole pixels that were looked at in each direction.
        row: (h, w) row of the nearest nucleus' pixel in the same column; far outside the image without one.
        key: (h, w) squared distance · (2 · reach + 1) + where along the row the nearest pixel is, from 0 for `reach` to
            the left.
    """

    labels: AnyLabels
    reach: int
    row: Ints
    key: Ints

    @property
    def _steps(self) -> int:
        return 2 * self.reach + 1

    def within(self, distance: float) -> "np.ndarray[tuple[int, ...], np.dtype[np.bool_]]":
        """Return (h, w): whether a nucleus is within a distance, of the reach at most; nuclei themselves are."""
        return self.key < (int(distance**2) + 1) * self._steps

    def owners(self, flat: Indices) -> AnyLabels:
        """Return the label of the nucleus nearest to each of some pixels (P,) that are within reach of one."""
        width = self.labels.shape[1]
        beside = flat + self.key.reshape(-1)[flat] % self._steps - self.reach
        owner: AnyLabels = self.labels.reshape(-1)[self.row.reshape(-1)[beside] * width + beside % width]
        return owner


def find_nearest(labels: AnyLabels, distance: float) -> NearestNuclei:
    """Find the nearest nucleus of each pixel in a label image (h, w), up to a distance in pixels."""
    reach = int(distance)
    row = _nearest_row(labels, reach)
    down = np.abs(row - np.arange(len(labels))[:, None])
    far = reach + 1
    steps = 2 * reach + 1
    dtype = np.int32 if (far**2 + reach**2 + 1) * steps < np.iinfo(np.int32).max else np.int64
    key = np.empty(labels.shape, dtype)
    padded = np.full((ROWS_AT_ONCE, labels.shape[1] + 2 * reach), far**2 * steps, dtype)
    for begin in range(0, len(labels), ROWS_AT_ONCE):
        of_band = np.minimum(down[begin : begin + ROWS_AT_ONCE], far).astype(dtype)
        _along_rows(of_band, padded[: len(of_band)], key[begin : begin + ROWS_AT_ONCE])
    return NearestNuclei(labels, reach, row, key)


def _nearest_row(labels: AnyLabels, reach: int) -> Ints:
    """Return (h, w): the row of the nearest nucleus' pixel in the column of each pixel; far outside without one."""
    height = len(labels)
    rows = np.arange(height, dtype=np.int32)[:, None]
    above = np.where(labels != 0, rows, np.int32(-height - 2 * reach - 2))
    below = np.where(labels != 0, rows, np.int32(3 * height + 2 * reach + 2))
    for row in range(1, height):
        np.maximum(above[row], above[row - 1], out=above[row])
        np.minimum(below[-row - 1], below[-row], out=below[-row - 1])
    nearest: Ints = np.where(rows - above <= below - rows, above, below)
    return nearest


def _along_rows(down: Ints, padded: Ints, key: Ints) -> None:
    """Fill in the keys (rows, w) of some rows, of which the distances along columns are known."""
    width, reach = down.shape[1], (padded.shape[1] - down.shape[1]) // 2
    steps = 2 * reach + 1
    padded[:, reach : reach + width] = down * down * steps
    key[:] = padded[:, reach : reach + width] + reach
    candidate = np.empty_like(key)
    for step in range(-reach, reach + 1):
        shifted = padded[:, reach + step : reach + step + width]
        np.add(shifted, step * step * steps + step + reach, out=candidate)
        np.minimum(key, candidate, out=key)
