"""The format parquet with CellProfiler's names: cellprofiler.parquet, single-cell profiles as Pycytominer reads them.

As in the view `Per_Object`: X is across, Y is down, orientation is in degrees, intensities are in the file's own units.
Unlike there, channels are called by their names.
"""

import math
import re
from collections import Counter
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

from cli.exports.exporter import Written
from cli.exports.parquet import write_images
from cli.exports.parquet_files import write_parquet
from cli.progress_bars import track_stream
from model.labels.masks import BLOCK_SIDE
from nuqleus.database.queries.snapshot import Snapshot, StoredImage

METADATA = {
    "Metadata_FileName": ("path", str),
    "Metadata_ImageNumber": ("image_id", int),
    "Metadata_Scene": ("scene", int),
    "Metadata_SceneName": ("scene_name", str),
    "Metadata_T": ("t", int),
    "Metadata_Z": ("z", int),
    "Metadata_Counted": ("counted", bool),
    "Metadata_DuplicateOf": ("duplicate_of", str),
}
"""What is known of the image; Pycytominer takes for features what doesn't begin with `Metadata_`."""

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


def export(results: Snapshot, output: Path) -> Written:
    """Write a row for each image, and one for each nucleus."""
    images = write_images(results, output)
    nuclei = write_parquet(output / "cellprofiler.parquet", _columns(results), _rows(results))
    return Written(f"{images} rows in images.parquet, {nuclei} rows in cellprofiler.parquet, in {output}")


def _columns(results: Snapshot) -> dict[str, type]:
    channels = {name for image in results.images() for name in _channel_names(results, image).values()}
    features = [
        *(f"Nuclei_{name}" for name in sorted((*SHAPES, *COMPUTED))),
        *(f"Nuclei_Intensity_{name}_{channel}" for channel in sorted(channels) for name in INTENSITIES),
    ]
    return {
        **{name: kind for name, (_, kind) in METADATA.items()},
        "Metadata_ObjectNumber": int,
        "Metadata_TouchesBorder": bool,
        **dict.fromkeys(features, float),
    }


def _rows(results: Snapshot) -> Iterator[dict[str, Any]]:
    for image in track_stream(results.images(), "images", results.image_count()):
        metadata = {name: image.columns[column] for name, (column, _) in METADATA.items()}
        channels = _channel_names(results, image)
        for nuclei in results.nuclei_by_tile(image, BLOCK_SIDE):
            for nucleus in nuclei:
                yield metadata | _shape(nucleus) | _intensities(nucleus, channels)


def _channel_names(results: Snapshot, image: StoredImage) -> dict[int, str]:
    """Return what an image's channels are called, by number: letters and digits alone, each name once."""
    named = results.channel_names(image)
    names = {
        channel: re.sub(r"[\W_]", "", named.get(channel, "")) or f"Ch{channel}"
        for channel in range(image.columns["channels"])
    }
    times = Counter(names.values())
    return {channel: f"{name}Ch{channel}" if times[name] > 1 else name for channel, name in names.items()}


def _shape(nucleus: Mapping[str, Any]) -> dict[str, Any]:
    named = {f"Nuclei_{name}": nucleus[column] for name, column in SHAPES.items()}
    perimeter, orientation = nucleus["perimeter"], nucleus["orientation"]
    if perimeter is not None:
        named["Nuclei_AreaShape_Compactness"] = perimeter**2 / (4 * math.pi * nucleus["area"])
    if orientation is not None:
        named["Nuclei_AreaShape_Orientation"] = math.degrees(orientation)
    return named | {
        "Metadata_ObjectNumber": nucleus["label"],
        "Metadata_TouchesBorder": nucleus["touches_border"],
    }


def _intensities(nucleus: Mapping[str, Any], channels: Mapping[int, str]) -> dict[str, Any]:
    return {
        f"Nuclei_Intensity_{name}_{called}": nucleus.get(f"{column}-{channel}")
        for channel, called in channels.items()
        for name, column in INTENSITIES.items()
    }
