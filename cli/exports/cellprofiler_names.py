"""CellProfiler's names of measurements, as in the view `Per_Object`; channels are called by their names.

X is across, Y is down, orientation is in degrees, intensities are in the file's own units.
"""

import math
import re
from collections import Counter
from collections.abc import Collection, Iterable, Mapping
from typing import Any

from nuqleus.database.plates import plate_path
from nuqleus.database.queries.snapshot import Snapshot, StoredImage
from nuqleus.paths import escape_path

SHAPES = {
    "AreaShape_Area": "area",
    "AreaShape_BoundingBoxArea": "area_bbox",
    "AreaShape_BoundingBoxMaximum_X": "bbox_col1",
    "AreaShape_BoundingBoxMaximum_Y": "bbox_row1",
    "AreaShape_BoundingBoxMinimum_X": "bbox_col0",
    "AreaShape_BoundingBoxMinimum_Y": "bbox_row0",
    "AreaShape_Center_X": "centroid_col",
    "AreaShape_Center_Y": "centroid_row",
    "AreaShape_ConvexArea": "area_convex",
    "AreaShape_Eccentricity": "eccentricity",
    "AreaShape_EquivalentDiameter": "equivalent_diameter_area",
    "AreaShape_EulerNumber": "euler_number",
    "AreaShape_Extent": "extent",
    "AreaShape_FormFactor": "form_factor",
    "AreaShape_MajorAxisLength": "axis_major_length",
    "AreaShape_MaxFeretDiameter": "feret_diameter_max",
    "AreaShape_MinorAxisLength": "axis_minor_length",
    "AreaShape_Perimeter": "perimeter",
    "AreaShape_Solidity": "solidity",
    "Location_Center_X": "centroid_col",
    "Location_Center_Y": "centroid_row",
}
COMPUTED = ("AreaShape_Compactness", "AreaShape_Orientation")

NEIGHBORS = {
    "Neighbors_FirstClosestDistance": "neighbor_nearest_distance",
    "Neighbors_NumberOfNeighbors": "neighbor_count",
}
PERCENT_TOUCHING = "Neighbors_PercentTouching"

INTENSITIES = {
    "IntegratedIntensity": "intensity_integrated",
    "LowerQuartileIntensity": "intensity_lower_quartile",
    "MADIntensity": "intensity_mad",
    "MassDisplacement": "mass_displacement",
    "MaxIntensity": "intensity_max",
    "MeanIntensity": "intensity_mean",
    "MeanIntensityEdge": "intensity_edge_mean",
    "MedianIntensity": "intensity_median",
    "MinIntensity": "intensity_min",
    "StdIntensity": "intensity_std",
    "StdIntensityEdge": "intensity_edge_std",
    "UpperQuartileIntensity": "intensity_upper_quartile",
}

SURROUNDINGS = {
    "MeanIntensityCorrected": "intensity_mean_corrected",
    "IntegratedIntensityCorrected": "intensity_integrated_corrected",
    "MeanIntensityRing": "intensity_ring_mean",
    "MedianIntensityRing": "intensity_ring_median",
    "IntegratedIntensityRing": "intensity_ring_integrated",
    "RatioToRing": "intensity_ring_ratio",
    "RatioToRingCorrected": "intensity_ring_ratio_corrected",
    "EdgeSharpness": "edge_sharpness",
}
"""Of a channel; names are our own, as CellProfiler has no such measurements."""

OFTEN_MISSING = (".*_Neighbors_.*", ".*Corrected_.*", ".*Ring_.*", ".*EdgeSharpness_.*")
"""Regular expressions of features that some nuclei of most images lack, and all of earlier versions."""


def list_features(channels: Iterable[str], *, surroundings: bool) -> list[str]:
    """Names of all features, in images that have some of these channels.

    Args:
        channels: what they are called.
        surroundings: whether what is around nuclei was measured in any image.
    """
    of_nuclei, of_channels = (*SHAPES, *COMPUTED), (*INTENSITIES,)
    if surroundings:
        of_nuclei, of_channels = (*of_nuclei, *NEIGHBORS, PERCENT_TOUCHING), (*of_channels, *SURROUNDINGS)
    return [
        *(f"Nuclei_{name}" for name in sorted(of_nuclei)),
        *(f"Nuclei_Intensity_{name}_{channel}" for channel in sorted(channels) for name in of_channels),
    ]


def features_of(nucleus: Mapping[str, Any], channels: Mapping[int, str]) -> dict[str, Any]:
    """Return the features of a nucleus, a row of `Snapshot.nuclei`, by name.

    Args:
        nucleus: the row.
        channels: what the image's channels are called, by number.
    """
    return _shape(nucleus) | _intensities(nucleus, channels)


def plate_labels(results: Snapshot) -> dict[tuple[str | None, str | None], str]:
    """Return what plates are called where nothing but that tells them apart, by folder and name.

    Their name, or, where several have it, their folder as well.
    """
    plates = results.plates()
    times = Counter(name for _, name in plates)
    return {
        (folder, name): escape_path(name if times[name] == 1 else plate_path(folder or ".", name))
        for folder, name in plates
    }


def annotation_columns(results: Snapshot, taken: Collection[str]) -> dict[str, str]:
    """Return what plate maps say of wells, with the names of their columns, `Metadata_…`.

    Args:
        results: the results.
        taken: names of other columns.
    """
    columns: dict[str, str] = {}
    used = {column.casefold() for column in taken}
    for name in results.annotation_names():
        column = "Metadata_" + re.sub(r"\W+", "_", name).strip("_")
        while column.casefold() in used:  # SQL doesn't tell upper from lower case
            column += "_PlateMap"
        columns[name] = column
        used.add(column.casefold())
    return columns


def all_channel_names(results: Snapshot) -> set[str]:
    """Return what the channels of all images are called."""
    return {name for image in results.images() for name in channel_names(results, image).values()}


def channel_names(results: Snapshot, image: StoredImage) -> dict[int, str]:
    """Return what an image's channels are called, by number: letters and digits alone, each name once."""
    named = results.channel_names(image)
    names = {
        channel: re.sub(r"[\W_]", "", named.get(channel, "")) or f"Ch{channel}"
        for channel in range(image.columns["channels"])
    }
    while twice := _used_twice(names):
        names |= {channel: f"{names[channel]}Ch{channel}" for channel in twice}
    return names


def _used_twice(names: Mapping[int, str]) -> list[int]:
    """Return channels whose name another one has too, upper and lower case alike."""
    times = Counter(name.casefold() for name in names.values())
    return [channel for channel, name in names.items() if times[name.casefold()] > 1]


def _shape(nucleus: Mapping[str, Any]) -> dict[str, Any]:
    named = {f"Nuclei_{name}": nucleus[column] for name, column in (SHAPES | NEIGHBORS).items()}
    perimeter, orientation = nucleus["perimeter"], nucleus["orientation"]
    touching = nucleus["neighbor_touching_fraction"]
    if perimeter is not None:
        named["Nuclei_AreaShape_Compactness"] = perimeter**2 / (4 * math.pi * nucleus["area"])
    if orientation is not None:
        named["Nuclei_AreaShape_Orientation"] = math.degrees(orientation)
    if touching is not None:
        named[f"Nuclei_{PERCENT_TOUCHING}"] = 100 * touching
    return named


def _intensities(nucleus: Mapping[str, Any], channels: Mapping[int, str]) -> dict[str, Any]:
    return {
        f"Nuclei_Intensity_{name}_{called}": nucleus.get(f"{column}-{channel}")
        for channel, called in channels.items()
        for name, column in (INTENSITIES | SURROUNDINGS).items()
    }
