"""Reader of Leica LIF, by the library liffile: images are scenes, as are a mosaic's tiles.

Lifetimes (FLIM), line scans and what lies in other files isn't read.
"""

from collections.abc import Iterator, Mapping
from functools import partial
from itertools import product
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from model.reading.decoder_errors import as_image_error
from model.reading.metadata import ChannelMetadata, ImageMetadata, Rgb, value_or_default
from model.reading.pixel_size import NO_PIXEL_SIZE, PixelSize, judge_pixel_size, length_in_um
from model.reading.plane import Plane
from model.reading.scenes import BoundedReader, Scene, read_scenes, require_library, truncated_error

FRAME = ({"Y", "X"}, {"Y", "X", "S"})
"""Dimensions of what is read at once: gray, colour."""

DESCRIPTION = "./Data/Image/ImageDescription"

LUT_COLOURS: dict[str, Rgb] = {
    "blue": (0, 0, 255),
    "green": (0, 255, 0),
    "red": (255, 0, 0),
    "cyan": (0, 255, 255),
}
"""Colours of display by their names."""


def read_lif(path: Path, max_pixels: int) -> Iterator[Plane]:
    """Yield the planes of a LIF file."""
    library = require_library("liffile", path, "a Leica LIF file")
    with path.open("rb") as file:
        bounded = BoundedReader(file)
        with as_image_error(path):
            lif = library.LifFile(bounded)
            images = [image for image in lif.images if isinstance(image, library.LifImage)]
            scenes = [scene for image in images for scene in _scenes(path, image, bounded.size)]
        yield from read_scenes(path, scenes, max_pixels)


def _scenes(path: Path, image: Any, size: int) -> Iterator[Scene]:
    """Yield the scenes of an image: one for each place in the dimensions that are neither time, z nor channel."""
    if not {"Y", "X"} <= set(image.sizes):
        return
    _check_block(path, image, size)
    sizes, frame = image.sizes, set(image.frames.frame_sizes)
    if frame not in FRAME or sizes.get("S", 3) != 3:
        raise NotImplementedError(f"an image with the dimensions {sizes} is not supported")
    colour = "S" in frame
    joined = set() if colour else {"C"}
    further = [axis for axis in sizes if axis not in frame | joined | {"T", "Z"}]
    channels = 3 if colour else sizes.get("C", 1)
    places = list(product(range(sizes.get("T", 1)), range(sizes.get("Z", 1))))
    for index in np.ndindex(*(sizes[axis] for axis in further)):
        read = partial(_read, image, dict(zip(further, index, strict=True)))
        yield Scene((sizes["Y"], sizes["X"], channels), places, read, _read_metadata(image), colour)


def _check_block(path: Path, image: Any, size: int) -> None:
    """Refuse an image whose pixels lie beyond the end of the file."""
    memory = image.xml_element.find("./Memory")
    block = image.parent.memory_blocks.get(memory.get("MemoryBlockID")) if memory is not None else None
    if block is None or block.offset + max(block.size, image.nbytes) > size:
        raise truncated_error(path, f"the pixels of image {image.name!r} lie beyond its end")


def _read(image: Any, further: Mapping[str, int], t: int, z: int) -> NDArray[Any]:
    place = {**further, "T": t, "Z": z}
    here = {axis: i for axis, i in place.items() if axis in image.sizes}
    if "S" in image.sizes:
        return np.asarray(image.frame(**here))
    if "C" not in image.sizes:
        return np.asarray(image.frame(**here))[..., None]
    return np.stack([image.frame(**here, C=channel) for channel in range(image.sizes["C"])], axis=-1)


def _read_metadata(image: Any) -> ImageMetadata:
    described: list[Any] = value_or_default(
        lambda: image.xml_element.findall(f"{DESCRIPTION}/Channels/ChannelDescription"), []
    )
    return ImageMetadata(
        value_or_default(lambda: _pixel_size(image), NO_PIXEL_SIZE),
        tuple(value_or_default(partial(_channel, channel), ChannelMetadata()) for channel in described),
        image.name or None,
    )


def _pixel_size(image: Any) -> PixelSize:
    """From the length between the centres of the first and the last pixel of a row, and of a column."""
    steps: dict[str, float] = {}
    for axis in image.xml_element.findall(f"{DESCRIPTION}/Dimensions/DimensionDescription"):
        count, length = int(axis.get("NumberOfElements")), length_in_um(axis.get("Length"), axis.get("Unit"))
        if axis.get("DimID") in ("1", "2") and count > 1 and length is not None:
            steps[axis.get("DimID")] = length / (count - 1)
    return judge_pixel_size(steps.values(), "lif") if len(steps) == 2 else NO_PIXEL_SIZE


def _channel(channel: Any) -> ChannelMetadata:
    """By the name of its dye where the file has it, else by that of the colour that it is shown in."""
    shown_in = channel.get("LUTName") or ""
    return ChannelMetadata.called(
        _dye(channel), shown_in, display_colour=LUT_COLOURS.get(shown_in.casefold())
    )


def _dye(channel: Any) -> str | None:
    for item in channel.findall("./ChannelProperty"):
        if item.findtext("Key") == "DyeName":
            return item.findtext("Value") or None
    return None
