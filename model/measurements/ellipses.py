"""Ellipse of each nucleus: the one with the same second moments."""

from typing import NamedTuple

import numpy as np

from model.arrays import Floats, Ints
from model.measurements.runs import Runs

ROUNDING = 1e-14
"""Share of the variance that is noise of computing it: a diagonal line has no width, not 10⁻⁶ px."""


class Ellipses(NamedTuple):
    """Ellipse of each nucleus, (N,): centre and axes in px, eccentricity, and orientation in radians."""

    row: Floats
    col: Floats
    major: Floats
    minor: Floats
    eccentricity: Floats
    orientation: Floats


def fit_ellipses(runs: Runs, area: Ints) -> Ellipses:
    """Fit an ellipse to each nucleus: the same centre and covariance of pixel centres.

    Axes are four standard deviations long. `orientation` is the angle between the rows' direction (down) and the
    major axis, from -π/2 to π/2 counter-clockwise, as scikit-image has it; a nucleus without a longer axis has π/4 or
    -π/4, by the same convention.
    """
    row, col, rows, cols, mixed = _moments(runs, area)
    mean, half = (rows + cols) / 2, np.hypot((rows - cols) / 2, mixed)
    major, minor = mean + half, np.where(mean - half > ROUNDING * mean, mean - half, 0)
    eccentricity = np.sqrt(1 - np.divide(minor, major, out=np.ones_like(major), where=major > 0))
    turned = 0.5 * np.arctan2(2 * mixed, rows - cols)
    undecided = np.where(mixed > 0, np.pi / 4, -np.pi / 4)
    orientation = np.where(rows == cols, undecided, turned)
    return Ellipses(row, col, 4 * np.sqrt(major), 4 * np.sqrt(minor), eccentricity, orientation)


def _moments(runs: Runs, area: Ints) -> tuple[Floats, Floats, Floats, Floats, Floats]:
    """Return centres (row, column) and variances (of rows, of columns, mixed) of pixel centres, (N,) each."""
    length = runs.length

    def means(*values: Floats | Ints) -> Floats:
        return np.add.reduceat(np.stack(values), runs.first, axis=1) / area

    middle = (runs.start + runs.stop - 1) / 2
    row, col = means(length * runs.row, length * middle)
    down, along = runs.row - row[runs.nucleus], middle - col[runs.nucleus]
    within = (length**2 - 1) / 12  # variance of the columns of a run about its middle
    rows, cols, mixed = means(length * down**2, length * (along**2 + within), length * down * along)
    return row, col, rows, cols, mixed
