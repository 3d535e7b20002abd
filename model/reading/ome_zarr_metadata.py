"""Metadata of an OME-Zarr folder: which images it holds, their axes, pixel sizes and channels.

Source: *OME-NGFF* 0.4 (Zarr 2) and 0.5 (Zarr 3, where all of it lies below `ome`).
"""

import json
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from functools import partial
from itertools import count, takewhile
from typing import Any

from model.reading.linkless_folder import LinklessFolder
from model.reading.metadata import ChannelMetadata, ImageMetadata, Rgb, value_or_default
from model.reading.pixel_size import NO_PIXEL_SIZE, PixelSize, judge_pixel_size, length_in_um

OLD_AXES = "tczyx"
"""Of versions that don't say them."""

MOST_FIELDS = 10_000
"""So many are looked for where metadata don't list them."""

Attributes = Mapping[str, Any]


@dataclass(frozen=True)
class ZarrImage:
    """An image of an OME-Zarr folder.

    Attributes:
        array: where its full resolution lies, relative to the folder.
        axes: a letter each: t, c, z, y, x.
        metadata: what the folder says of it.
    """

    array: str
    axes: str
    metadata: ImageMetadata


def is_ome_zarr(folder: LinklessFolder) -> bool:
    """Whether a folder is a group of zarr."""
    return any(folder.read(name, 0, 0) is not None for name in (".zgroup", ".zattrs", "zarr.json"))


def find_images(folder: LinklessFolder) -> list[ZarrImage]:
    """Return the images of a folder: a single one, the fields of a plate, or the series of a conversion."""
    return [_read_image(group, *about) for group in _groups(folder) if (about := _multiscales(folder, group))]


def _groups(folder: LinklessFolder) -> Iterator[str]:
    """Yield where images may lie, relative to the folder; an empty name stands for itself."""
    root = _attributes(folder, "")
    if "plate" in root:
        for well in root["plate"]["wells"]:
            yield from _fields(folder, str(well["path"]))
    elif "bioformats2raw.layout" in root:
        yield from map(str, _attributes(folder, "OME").get("series", ()) or _counted(folder, ""))
    else:
        yield ""


def _fields(folder: LinklessFolder, well: str) -> Iterator[str]:
    said = _attributes(folder, well).get("well", {}).get("images", ())
    yield from (f"{well}/{field['path']}" for field in said) if said else _counted(folder, f"{well}/")


def _counted(folder: LinklessFolder, before: str) -> Iterator[str]:
    """Yield groups that are called 0, 1, 2, … as far as there are any."""
    names = (f"{before}{number}" for number in takewhile(lambda number: number < MOST_FIELDS, count()))
    return takewhile(lambda name: _multiscales(folder, name) is not None, names)


def _attributes(folder: LinklessFolder, group: str) -> Attributes:
    """Return the attributes of a group, of either version; none where it has none."""
    before = f"{group}/" if group else ""
    third = folder.read(f"{before}zarr.json")
    if third is not None:
        attributes = json.loads(third).get("attributes", {})
        return attributes.get("ome", attributes)  # type: ignore[no-any-return]
    second = folder.read(f"{before}.zattrs")
    return {} if second is None else json.loads(second)  # type: ignore[no-any-return]


def _multiscales(folder: LinklessFolder, group: str) -> tuple[Attributes, Attributes] | None:
    """Return the first multiscale of a group, and all its attributes; None where it isn't an image."""
    attributes = _attributes(folder, group)
    found = attributes.get("multiscales")
    return (found[0], attributes) if found else None


def _read_image(group: str, multiscale: Attributes, attributes: Attributes) -> ZarrImage:
    full = multiscale["datasets"][0]
    array = f"{group}/{full['path']}" if group else str(full["path"])
    axes = [axis if isinstance(axis, str) else str(axis["name"]) for axis in multiscale.get("axes", OLD_AXES)]
    metadata = ImageMetadata(
        value_or_default(partial(_pixel_size, multiscale, full), NO_PIXEL_SIZE),
        value_or_default(partial(_channels, attributes), ()),
        group or multiscale.get("name") or None,
    )
    return ZarrImage(array, "".join(axis.lower() for axis in axes), metadata)


def _pixel_size(multiscale: Attributes, full: Attributes) -> PixelSize:
    units = {axis["name"].lower(): axis.get("unit", "") for axis in multiscale["axes"]}
    names = list(units)
    sizes = {name: _scale(full, i) * _scale(multiscale, i) for i, name in enumerate(names)}
    return judge_pixel_size((length_in_um(sizes[axis], units[axis]) for axis in "xy"), "ome-zarr")


def _scale(about: Attributes, axis: int) -> float:
    transformations = about.get("coordinateTransformations", ())
    scales = [float(one["scale"][axis]) for one in transformations if one.get("type") == "scale"]
    return scales[0] if scales else 1.0


def _channels(attributes: Attributes) -> tuple[ChannelMetadata, ...]:
    return tuple(
        ChannelMetadata.called(str(channel.get("label") or ""), display_colour=_rgb(channel.get("color", "")))
        for channel in attributes["omero"]["channels"]
    )


def _rgb(colour: str) -> Rgb | None:
    """`0000FF`."""
    parts = value_or_default(lambda: bytes.fromhex(colour.removeprefix("#"))[:3], b"")
    return (parts[0], parts[1], parts[2]) if len(parts) == 3 else None
