"""Every measurement's name, dtype and unit, in the order of the tables.

Names are scikit-image's (`skimage.measure.regionprops`) where it has one. What each one means, and how CellProfiler's
differs, is in `docs/measurements.md`.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import DTypeLike, NDArray

Table = dict[str, NDArray[Any]]


@dataclass(frozen=True)
class Column:
    """One column of a table of measurements.

    Attributes:
        dtype: what its values are stored as.
        unit: `px` (a length), `px²` (an area), `rad`, `intensity` (the image's own numbers), `1/px`, `1/px²`,
            `intensity²`, `%`, or `` for none.
    """

    dtype: DTypeLike
    unit: str = ""


COUNT = Column(np.int64)
RATIO = Column(np.float64)
POSITION = Column(np.float64, "px")
LENGTH = Column(np.float64, "px")
EDGE = Column(np.int64, "px")
AREA = Column(np.int64, "px²")
INTENSITY = Column(np.float64, "intensity")
RATIO_4 = Column(np.float32)
LENGTH_4 = Column(np.float32, "px")
INTENSITY_4 = Column(np.float32, "intensity")

SHAPE_COLUMNS: Mapping[str, Column] = {
    "label": COUNT,
    "centroid_row": POSITION,
    "centroid_col": POSITION,
    "bbox_row0": EDGE,
    "bbox_col0": EDGE,
    "bbox_row1": EDGE,
    "bbox_col1": EDGE,
    "area": AREA,
    "area_bbox": AREA,
    "area_convex": AREA,
    "area_filled": AREA,
    "perimeter": LENGTH,
    "perimeter_crofton": LENGTH,
    "equivalent_diameter_area": LENGTH,
    "axis_major_length": LENGTH,
    "axis_minor_length": LENGTH,
    "eccentricity": RATIO,
    "orientation": Column(np.float64, "rad"),
    "solidity": RATIO,
    "extent": RATIO,
    "euler_number": COUNT,
    "feret_diameter_max": LENGTH,
    "form_factor": RATIO,
    "circularity": RATIO,
    "touches_border": Column(np.bool_),
}

CONFIDENT_SHAPE_COLUMNS: Mapping[str, Column] = {**SHAPE_COLUMNS, "confidence": RATIO}
"""Shapes, and how sure the network is: NaN where it doesn't tell."""

NEIGHBOR_COLUMNS: Mapping[str, Column] = {
    "ring_area": AREA,
    "neighbor_count": COUNT,
    "neighbor_touching_fraction": RATIO_4,
    "neighbor_nearest_label": RATIO,
    "neighbor_nearest_distance": LENGTH_4,
    "neighbor_density": Column(np.float32, "1/px²"),
}
"""What is around a nucleus. The label of the nearest is a whole number, or NaN."""

NUCLEUS_COLUMNS: Mapping[str, Column] = {**CONFIDENT_SHAPE_COLUMNS, **NEIGHBOR_COLUMNS}

INTENSITY_COLUMNS: Mapping[str, Column] = {
    "label": COUNT,
    "channel": COUNT,
    "intensity_mean": INTENSITY,
    "intensity_median": INTENSITY,
    "intensity_min": INTENSITY,
    "intensity_max": INTENSITY,
    "intensity_std": INTENSITY,
    "intensity_integrated": INTENSITY,
    "intensity_lower_quartile": INTENSITY,
    "intensity_upper_quartile": INTENSITY,
    "intensity_mad": INTENSITY,
    "mass_displacement": LENGTH,
    "intensity_edge_mean": INTENSITY,
    "intensity_edge_std": INTENSITY,
}

RING_COLUMNS: Mapping[str, Column] = {
    "intensity_ring_mean": INTENSITY_4,
    "intensity_ring_median": INTENSITY_4,
    "intensity_ring_integrated": INTENSITY_4,
    "intensity_ring_ratio": RATIO_4,
    "intensity_ring_ratio_corrected": RATIO_4,
    "intensity_mean_corrected": INTENSITY_4,
    "intensity_integrated_corrected": INTENSITY_4,
    "edge_sharpness": Column(np.float32, "1/px"),
}
"""What a nucleus is in a channel beside its ring and the background."""

QUALITY_COLUMNS: Mapping[str, Column] = {
    "channel": COUNT,
    "background": INTENSITY_4,
    "power_log_log_slope": RATIO_4,
    "laplacian_variance": Column(np.float32, "intensity²"),
    "fraction_at_max": RATIO_4,
    "fraction_at_min": RATIO_4,
    "illumination_gradient": RATIO_4,
}
"""A channel of an image."""

HARALICK = (
    *("angular_second_moment", "contrast", "correlation", "variance", "inverse_difference_moment"),
    *("sum_average", "sum_variance", "sum_entropy", "entropy", "difference_variance", "difference_entropy"),
    *("info_meas_1", "info_meas_2"),
)
"""Haralick's features, in mahotas' order, by CellProfiler's names."""

SCALES = range(1, 17)

TEXTURE_COLUMNS: Mapping[str, Column] = {f"texture_{name}": RATIO_4 for name in HARALICK}

GRANULARITY_COLUMNS: Mapping[str, Column] = {
    f"granularity_{scale}": Column(np.float32, "%") for scale in SCALES
}


def in_table_order(values: Table, columns: Mapping[str, Column]) -> Table:
    """Return `values` in the order of `columns`, in the dtypes of `columns`."""
    with np.errstate(over="ignore"):  # what no float32 holds is no measurement
        return {name: values[name].astype(column.dtype, copy=False) for name, column in columns.items()}


def with_confidence(shapes: Table, confidence: NDArray[np.floating[Any]] | None) -> Table:
    """Return `CONFIDENT_SHAPE_COLUMNS`: those of shapes, and how sure the network is, (N,); None if it doesn't tell."""
    known = np.full(len(shapes["label"]), np.nan) if confidence is None else confidence
    return in_table_order({**shapes, "confidence": known}, CONFIDENT_SHAPE_COLUMNS)
