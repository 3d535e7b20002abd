"""ImageJ's and Fiji's metadata of a TIFF series: unit, labels of slices, lookup tables."""

import re
from collections.abc import Mapping, Sequence
from functools import partial
from typing import Any

from tifffile import TiffFile, TiffPageSeries

from model.reading.metadata import ChannelMetadata, ImageMetadata, Rgb, value_or_default
from model.reading.pixel_size import (
    NO_PIXEL_SIZE,
    PixelSize,
    judge_pixel_size,
    pixel_size_from_resolution,
    um_per_unit,
)
from model.reading.tiff.resolution import resolution

POSITION = re.compile(r"^\s*([czt]:\d+/\d+[\s,;-]*)+", re.IGNORECASE)
"""What labels of a hyperstack begin with: `c:1/3 z:2/5 - `."""


def read_imagej(tif: TiffFile, series: TiffPageSeries, _number: int) -> ImageMetadata:
    """Return what ImageJ says about its hyperstack."""
    about = tif.imagej_metadata
    if not about:
        return ImageMetadata()
    channels = int(about.get("channels", 1))
    return ImageMetadata(
        value_or_default(partial(_pixel_size, about, series), NO_PIXEL_SIZE),
        value_or_default(partial(_channels, about, channels), ()) if channels > 1 else (),
    )


def _pixel_size(about: Mapping[str, Any], series: TiffPageSeries) -> PixelSize:
    x, y = resolution(series.keyframe)
    um_x = um_per_unit(about.get("unit", ""))
    um_y = um_per_unit(about.get("yunit", about.get("unit", "")))
    across = pixel_size_from_resolution(x, x, um_x, "imagej")
    down = pixel_size_from_resolution(y, y, um_y, "imagej")
    if across.um is None or down.um is None:
        return across if across.um is None else down
    return judge_pixel_size((across.um, down.um), "imagej")


def _channels(about: Mapping[str, Any], count: int) -> tuple[ChannelMetadata, ...]:
    names = channel_labels(about.get("Labels", ()), count)
    colours: list[Rgb | None] = [_colour(table) for table in about.get("LUTs", ())]
    if len(colours) != count or len(set(colours)) == 1:  # all alike: they are no colours of channels
        colours = [None] * count
    return tuple(
        ChannelMetadata.called(name, display_colour=colour)
        for name, colour in zip(names, colours, strict=True)
    )


def channel_labels(labels: Sequence[str], count: int) -> list[str]:
    """Return the names of channels, which are the labels of the first slices; empty ones where labels say nothing.

    Titles, that all channels have in common, are no names.
    """
    names = [POSITION.sub("", (label or "").partition("\n")[0]).strip() for label in labels[:count]]
    if len(names) < count or (count > 1 and len(set(names)) == 1):
        return [""] * count
    return names


def _colour(table: Any) -> Rgb:
    """(3, 256) lookup table → the colour of the brightest value."""
    red, green, blue = (int(value) for value in table[:, -1])
    return red, green, blue
