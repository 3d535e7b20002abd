"""Label image and pixels → numbers: size, shape, intensity and surroundings of every nucleus.

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
from model.measurements.distances import Distances, scale_distances
from model.measurements.intensities import measure_intensities
from model.measurements.shapes import measure_shapes
from model.measurements.surroundings import Surroundings, SurroundingsMeasurement, measure_surroundings
from model.measurements.textures import REQUESTS

__all__ = [
    "INTENSITY_COLUMNS",
    "NEIGHBOR_COLUMNS",
    "NUCLEUS_COLUMNS",
    "QUALITY_COLUMNS",
    "REQUESTS",
    "RING_COLUMNS",
    "SHAPE_COLUMNS",
    "Column",
    "Distances",
    "Surroundings",
    "SurroundingsMeasurement",
    "Table",
    "measure_intensities",
    "measure_shapes",
    "measure_surroundings",
    "scale_distances",
    "with_confidence",
]
