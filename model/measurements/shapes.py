"""Size and shape of every nucleus of a label image."""

import numpy as np

from model.arrays import AnyLabels, Floats, Ints
from model.measurements.columns import SHAPE_COLUMNS, Table, in_table_order
from model.measurements.ellipses import fit_ellipses
from model.measurements.holes import count_hole_pixels
from model.measurements.hulls import measure_hulls
from model.measurements.outlines import measure_outlines
from model.measurements.runs import Runs, find_runs
from model.measurements.spans import Spans, begins_span, find_spans


def measure_shapes(labels: AnyLabels) -> Table:
    """Measure size and shape of each nucleus.

    Values equal those of scikit-image's `regionprops`, which sees each nucleus alone. A nucleus may have holes and
    loose pieces. What is not defined is NaN: the form factor of a nucleus without perimeter.

    Args:
        labels: label image (H, W) of integers: 0 background, the others nuclei; numbers may be left out.

    Returns:
        The columns of `SHAPE_COLUMNS`, in that order: arrays (N,) in order of label.

    Raises:
        ValueError: `labels` is not a label image.
    """
    runs = find_runs(labels)
    table: Table = {"label": runs.labels, **_boxes(runs, labels.shape)}
    table["area"] = area = _per_nucleus(np.add, runs.length, runs)
    table |= _ellipse_columns(runs, area) | _outline_columns(labels, runs, area)
    begins = begins_span(runs)
    spans = find_spans(runs, begins)
    table |= _hull_columns(spans, area)
    table["area_filled"] = area + count_hole_pixels(runs, begins, spans)
    table["extent"] = area / table["area_bbox"]
    table["equivalent_diameter_area"] = np.sqrt(4 * area / np.pi)
    return in_table_order(table, SHAPE_COLUMNS)


def _per_nucleus(operation: np.ufunc, values: Ints, runs: Runs) -> Ints:
    reduced: Ints = operation.reduceat(values, runs.first)
    return reduced


def _boxes(runs: Runs, shape: tuple[int, ...]) -> Table:
    row0, row1 = runs.row[runs.first], runs.row[runs.last] + 1
    col0 = _per_nucleus(np.minimum, runs.start, runs)
    col1 = _per_nucleus(np.maximum, runs.stop, runs)
    return {
        "bbox_row0": row0,
        "bbox_col0": col0,
        "bbox_row1": row1,
        "bbox_col1": col1,
        "area_bbox": (row1 - row0) * (col1 - col0),
        "touches_border": (row0 == 0) | (col0 == 0) | (row1 == shape[0]) | (col1 == shape[1]),
    }


def _ellipse_columns(runs: Runs, area: Ints) -> Table:
    ellipses = fit_ellipses(runs, area)
    return {
        "centroid_row": ellipses.row,
        "centroid_col": ellipses.col,
        "axis_major_length": ellipses.major,
        "axis_minor_length": ellipses.minor,
        "eccentricity": ellipses.eccentricity,
        "orientation": ellipses.orientation,
    }


def _outline_columns(labels: AnyLabels, runs: Runs, area: Ints) -> Table:
    sums = measure_outlines(labels, runs.labels)
    return {
        "perimeter": sums.perimeter,
        "perimeter_crofton": sums.crofton,
        "euler_number": sums.euler,
        "form_factor": _roundness(area, sums.perimeter),
        "circularity": _roundness(area, sums.crofton),
    }


def _roundness(area: Ints, perimeter: Floats) -> Floats:
    """Return 4π · area / perimeter²: 1 for a circle, if the perimeter is right; NaN without perimeter."""
    squared = np.where(perimeter > 0, perimeter**2, np.nan)
    ratio: Floats = 4 * np.pi * area / squared
    return ratio


def _hull_columns(spans: Spans, area: Ints) -> Table:
    sums = measure_hulls(spans, len(area))
    return {"area_convex": sums.area, "feret_diameter_max": sums.feret, "solidity": area / sums.area}
