"""Positions, lengths and areas of nuclei in µm and µm², densities per µm², from those in pixels.

The view `nuclei_um` has the same names.
"""

from collections.abc import Mapping
from functools import lru_cache
from typing import Any

LENGTHS = (
    *("centroid_row", "centroid_col", "perimeter", "perimeter_crofton", "equivalent_diameter_area"),
    *("axis_major_length", "axis_minor_length", "feret_diameter_max", "neighbor_nearest_distance"),
)
AREAS = ("area", "area_bbox", "area_convex", "area_filled", "ring_area")
DENSITIES = ("neighbor_density",)

COLUMNS = (
    *(f"{name}_um2" for name in AREAS),
    *(f"{name}_um" for name in LENGTHS),
    *(f"{name}_per_um2" for name in DENSITIES),
)
"""What `in_um` returns."""


def in_um(nuclei: Mapping[str, Any], pixel_size_um: float) -> dict[str, Any]:
    """Return the columns of one nucleus, or arrays of many, in µm.

    Args:
        nuclei: measurements in pixels, by name; None is missing.
        pixel_size_um: side of a pixel; NaN where it isn't known.
    """
    return {
        column: None if nuclei[name] is None else nuclei[name] * factor
        for column, name, factor in _factors(pixel_size_um)
    }


@lru_cache
def _factors(pixel_size_um: float) -> list[tuple[str, str, float]]:
    """Return each column with what it is made of, and by which factor."""
    return [
        *((f"{name}_um2", name, pixel_size_um**2) for name in AREAS),
        *((f"{name}_um", name, pixel_size_um) for name in LENGTHS),
        *((f"{name}_per_um2", name, pixel_size_um**-2) for name in DENSITIES),
    ]
