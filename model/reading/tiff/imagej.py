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


CHANNEL_POSITION = re.compile(r"\s*(?:[zt]:\d+/\d+[\s,;-]*)*c:(\d+)/\d+", re.IGNORECASE)
"""The number of a channel in it."""

TITLE = re.compile(r"\.(tiff?|png|jpe?g|czi|nd2|lif|lsm|oib|oif|stk)$", re.IGNORECASE)
"""The end of a label that is a file's name."""


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
    names = channel_labels(labels_of(about), count)
    colours: list[Rgb | None] = [_colour(table) for table in about.get("LUTs", ())]
    if len(colours) != count or len(set(colours)) == 1:  # all alike: they are no colours of channels
        colours = [None] * count
    return tuple(
        ChannelMetadata.called(name, display_colour=colour)
        for name, colour in zip(names, colours, strict=True)
    )


def labels_of(about: Mapping[str, Any]) -> Sequence[str]:
    """Return the labels of slices; tifffile gives a single one as it is."""
    labels: Sequence[str] = about.get("Labels", ())
    return [labels] if isinstance(labels, str) else labels


def channel_labels(labels: Sequence[str], count: int) -> list[str]:
    """Return the names of channels, which are the labels of their first slices; empty ones where labels say nothing.

    A label says which channel it is of (`c:2/3`), or else labels follow the channels. What all channels have in common,
    and a single label that is the title of a file, are no names.
    """
    found: dict[int, str] = {}
    for number, label in enumerate(labels):
        line = (label or "").partition("\n")[0]
        place = CHANNEL_POSITION.match(line)
        found.setdefault(int(place[1]) - 1 if place else number % count, POSITION.sub("", line).strip())
    names = [found.get(channel, "") for channel in range(count)]
    is_title = len(labels) == 1 and TITLE.search(names[0])
    return [""] * count if is_title or len(set(names)) == 1 else names


def _colour(table: Any) -> Rgb:
    """(3, 256) lookup table → the colour of the brightest value."""
    red, green, blue = (int(value) for value in table[:, -1])
    return red, green, blue
