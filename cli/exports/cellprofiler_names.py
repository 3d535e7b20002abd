"""CellProfiler's names of measurements: those of the view `Per_Object`; channels are called by their names.

X is across, Y is down, orientation is in degrees, intensities are in the file's own units.
"""

import math
import re
from collections import Counter
from collections.abc import Collection, Iterable, Mapping
from typing import Any

from nuqleus.database.migrations import counting_views, surroundings_views
from nuqleus.database.migrations.first_views import INTENSITIES
from nuqleus.database.migrations.surroundings_views import SURROUNDINGS
from nuqleus.database.plates import plate_path
from nuqleus.database.queries.result_columns import REQUESTED_FIELDS
from nuqleus.database.queries.snapshot import Snapshot, StoredImage
from nuqleus.paths import escape_path

COMPUTED = ("AreaShape_Compactness", "AreaShape_Orientation")
"""Features that no column has as it is."""

SHAPES = {
    name: expression.removeprefix("n.")
    for name, expression in counting_views.SHAPES.items()
    if name not in COMPUTED
}

PERCENT = "100 * "
"""How the expressions of CellProfiler's percentages begin."""

NEIGHBORS = {
    name: expression.removeprefix(PERCENT).removeprefix("n.")
    for name, expression in surroundings_views.NEIGHBORS.items()
}

QUALITY = {
    name: expression.removeprefix(PERCENT).removeprefix("{q}.")
    for name, expression in surroundings_views.QUALITY.items()
}

TEXTURES = {
    name: "".join(part.capitalize() for part in name.removeprefix("texture_").split("_"))
    for name in REQUESTED_FIELDS[0]
}
"""CellProfiler's names of Haralick's features, by the columns."""

TEXTURE_SCALE = "3_256"
"""Pixels between pairs, and grey levels, as CellProfiler ends its names; between them it has the direction."""

OFTEN_MISSING = (".*_Neighbors_.*", ".*Corrected_.*", ".*Ring_.*", ".*EdgeSharpness_.*")
"""Regular expressions of features that some nuclei of most images lack, and all of earlier versions."""


class Features:
    """Features of nuclei, by CellProfiler's names.

    Args:
        results: which of them there are: what is around nuclei, and textures, is missing where no image has it.
    """

    def __init__(self, results: Snapshot) -> None:
        self._of_nuclei: tuple[str, ...] = (*SHAPES, *COMPUTED)
        self._of_channels = {f"Intensity_{name}_{{}}": column for name, column in INTENSITIES.items()}
        if results.has_surroundings():
            self._of_nuclei = (*self._of_nuclei, *NEIGHBORS)
            self._of_channels |= {f"Intensity_{name}_{{}}": column for name, column in SURROUNDINGS.items()}
        self._of_channels |= {_requested_name(column): column for column in results.requested_fields()}

    def names(self, channels: Iterable[str]) -> list[str]:
        """Names of all, in images that have some of these channels."""
        return [
            *(f"Nuclei_{name}" for name in sorted(self._of_nuclei)),
            *(f"Nuclei_{name.format(channel)}" for channel in sorted(channels) for name in self._of_channels),
        ]

    def of_channels(self, channels: Mapping[int, str]) -> dict[str, str]:
        """Return the features of an image's channels, with the columns of `Snapshot.nuclei` that hold them.

        Args:
            channels: what they are called, by number.
        """
        return {
            f"Nuclei_{name.format(called)}": f"{column}-{channel}"
            for channel, called in channels.items()
            for name, column in self._of_channels.items()
        }


def features_of(nucleus: Mapping[str, Any], of_channels: Mapping[str, str]) -> dict[str, Any]:
    """Return the features of a nucleus, by name.

    Args:
        nucleus: a row of `Snapshot.nuclei`.
        of_channels: as `Features.of_channels` returns them.
    """
    return _shape(nucleus) | {name: nucleus.get(column) for name, column in of_channels.items()}


def _requested_name(column: str) -> str:
    """`texture_contrast` → `Texture_Contrast_{}_3_256`, `granularity_1` → `Granularity_1_{}`."""
    texture = TEXTURES.get(column)
    return f"Texture_{texture}_{{}}_{TEXTURE_SCALE}" if texture else f"{column.capitalize()}_{{}}"


def quality_of(image: StoredImage, channels: Mapping[int, str]) -> dict[str, float | None]:
    """Return the quality of an image's channels, by CellProfiler's names.

    Args:
        image: the image.
        channels: what they are called, by number.
    """
    return {
        f"Image_{name}_{called}": _in_percent(name, image.columns.get(f"{column}-{channel}"))
        for channel, called in channels.items()
        for name, column in QUALITY.items()
    }


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


def _in_percent(name: str, share: float | None) -> float | None:
    """Return what CellProfiler has in per cent, and all else as it is."""
    return 100 * share if share is not None and "_Percent" in name else share


def _shape(nucleus: Mapping[str, Any]) -> dict[str, Any]:
    named = {f"Nuclei_{name}": nucleus[column] for name, column in SHAPES.items()}
    named |= {f"Nuclei_{name}": _in_percent(name, nucleus[column]) for name, column in NEIGHBORS.items()}
    perimeter, orientation = nucleus["perimeter"], nucleus["orientation"]
    if perimeter is not None:
        named["Nuclei_AreaShape_Compactness"] = perimeter**2 / (4 * math.pi * nucleus["area"])
    if orientation is not None:
        named["Nuclei_AreaShape_Orientation"] = math.degrees(orientation)
    return named
