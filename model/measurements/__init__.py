"""Label image and pixels → numbers: size, shape and intensity of every nucleus.

Names and values are scikit-image's; the work is done for all nuclei at once, on runs and outlines instead of pixels
where that suffices. See `docs/measurements.md`.
"""

from model.measurements.columns import (
    INTENSITY_COLUMNS,
    NEIGHBOR_COLUMNS,
    NUCLEUS_COLUMNS,
    QUALITY_COLUMNS,
    RING_COLUMNS,
    SHAPE_COLUMNS,
    Column,
    Table,
    with_confidence,
)
from model.measurements.intensities import measure_intensities
from model.measurements.shapes import measure_shapes

__all__ = [
    "INTENSITY_COLUMNS",
    "NEIGHBOR_COLUMNS",
    "NUCLEUS_COLUMNS",
    "QUALITY_COLUMNS",
    "RING_COLUMNS",
    "SHAPE_COLUMNS",
    "Column",
    "Table",
    "measure_intensities",
    "measure_shapes",
    "with_confidence",
]
