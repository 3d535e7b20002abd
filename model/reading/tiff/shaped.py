"""tifffile's own metadata of a series (JSON): `Channel` names, sizes."""

from collections.abc import Mapping
from functools import partial
from typing import Any

from tifffile import TiffFile, TiffPageSeries

from model.reading.metadata import ChannelMetadata, ImageMetadata, value_or_default
from model.reading.pixel_size import (
    NO_PIXEL_SIZE,
    PixelSize,
    judge_pixel_size,
    length_in_um,
    pixel_size_from_resolution,
    um_per_unit,
)
from model.reading.tiff.resolution import resolution


def read_shaped(tif: TiffFile, series: TiffPageSeries, number: int) -> ImageMetadata:
    """Return what tifffile's JSON says about a series: what was given to `imwrite(metadata=…)`."""
    about = tif.shaped_metadata
    if not about or number >= len(about):
        return ImageMetadata()
    said = about[number]
    return ImageMetadata(
        value_or_default(partial(_pixel_size, said, series), NO_PIXEL_SIZE),
        value_or_default(partial(_channels, said), ()),
        str(said["Name"]) if said.get("Name") else None,
    )


def _pixel_size(said: Mapping[str, Any], series: TiffPageSeries) -> PixelSize:
    """As OME calls it, else the resolution in a unit as ImageJ calls it."""
    sizes = [
        length_in_um(said.get(f"PhysicalSize{axis}"), said.get(f"PhysicalSize{axis}Unit") or "µm")
        for axis in "XY"
    ]
    if sizes != [None, None]:
        return judge_pixel_size(sizes, "tifffile")
    return pixel_size_from_resolution(
        *resolution(series.keyframe), um_per_unit(said.get("unit", "")), "tifffile"
    )


def _channels(said: Mapping[str, Any]) -> tuple[ChannelMetadata, ...]:
    """From `{"Channel": {"Name": […]}}`, `{"Channel": [{"Name": …}, …]}` or a plain list of names."""
    about = next(
        (said[key] for key in ("Channel", "channels", "channel_names", "Channels") if key in said), ()
    )
    names = about.get("Name", ()) if isinstance(about, Mapping) else about
    names = [names] if isinstance(names, str) else names
    return tuple(ChannelMetadata.called(_name(name)) for name in names)


def _name(name: Any) -> str:
    return str(name.get("Name") or name.get("name") or "") if isinstance(name, Mapping) else str(name)
