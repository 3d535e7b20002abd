"""Reader of Nikon ND2, by the library nd2: positions are scenes. ND2 of before 2008, which is JPEG 2000, isn't read."""

from collections.abc import Iterator, Mapping, Sequence
from functools import partial
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from model.errors import ImageError
from model.reading.decoder_errors import as_image_error
from model.reading.metadata import ChannelMetadata, ImageMetadata, value_or_default
from model.reading.pixel_size import NO_PIXEL_SIZE, PixelSize, judge_pixel_size
from model.reading.plane import Plane
from model.reading.scenes import BoundedReader, Scene, read_scenes, require_library, truncated_error

END = b"ND2 CHUNK MAP SIGNATURE 0000001!"
"""What the last 40 bytes begin with; the place of the list of chunks follows."""

FRAME = "ImageDataSeq|"
"""Name of a frame's chunk; its number and an exclamation mark follow."""

HEADER = 4096
"""Bytes before a frame's pixels."""

Loops = Mapping[str, int]
"""Where a frame lies: its index in each loop of the experiment, T, Z, P …"""


def read_nd2(path: Path, max_pixels: int) -> Iterator[Plane]:
    """Yield the planes of an ND2 file."""
    library = require_library("nd2", path, "a Nikon ND2 file")
    with path.open("rb") as file:
        bounded = BoundedReader(file)
        _check_end(path, bounded)
        with as_image_error(path):
            nd2 = library.ND2File(bounded)
        try:
            with as_image_error(path):
                scenes = _scenes(path, nd2, bounded.size)
            yield from read_scenes(path, scenes, max_pixels)
        finally:
            nd2.close()


def _check_end(path: Path, file: BoundedReader) -> None:
    """Refuse a file without its list of chunks, which comes last."""
    file.seek(max(0, file.size - 40))
    if not file.read().startswith(END):
        raise truncated_error(path, "the list of its parts, which comes last, is missing")
    file.seek(0)


def _scenes(path: Path, nd2: Any, size: int) -> list[Scene]:
    attributes = nd2.attributes
    stored = _stored(path, nd2, size)
    loops: Sequence[Loops] = nd2.loop_indices or ({},)
    scenes: dict[Any, dict[tuple[int, int], int]] = {}
    for number, place in enumerate(loops):
        if number in stored:
            further = tuple(sorted((axis, i) for axis, i in place.items() if axis not in "TZ"))
            scenes.setdefault(further, {})[place.get("T", 0), place.get("Z", 0)] = number
    shape = attributes.heightPx, attributes.widthPx, attributes.componentCount
    colour = nd2.is_rgb and (attributes.channelCount or 1) == 1
    if nd2.is_rgb and not (colour and attributes.componentCount == 3):
        raise ImageError("unsupported-format", f"{path} mixes colour with other channels. Export it as TIFF.")
    return [
        Scene(
            shape,
            sorted(frames),
            partial(_read, nd2, frames),
            _read_metadata(nd2, dict(further).get("P", 0)),
            colour,
        )
        for further, frames in sorted(scenes.items())
    ]


def _stored(path: Path, nd2: Any, size: int) -> set[int]:
    """Return the numbers of the frames that the file holds: the library takes others for black."""
    chunks = {name.decode(): place for name, place in nd2._rdr.chunkmap.items()}
    frames = {name[len(FRAME) : -1]: place for name, place in chunks.items() if name.startswith(FRAME)}
    plain = nd2.attributes.compressionType is None
    needed = nd2.attributes.heightPx * nd2.attributes.widthBytes if plain else 0
    for number, (offset, _) in frames.items():
        if offset + HEADER + needed > size:
            raise truncated_error(path, f"the pixels of frame {number} lie beyond its end")
    return {int(number) for number in frames}


def _read(nd2: Any, frames: Mapping[tuple[int, int], int], t: int, z: int) -> NDArray[Any]:
    """Read a frame as (H, W, C): the library has channels first, and colours in the file's order, blue first."""
    frame, height, width = nd2.read_frame(frames[t, z]), nd2.attributes.heightPx, nd2.attributes.widthPx
    if nd2.is_rgb:
        return frame.reshape(height, width, 3)[..., ::-1]
    return np.moveaxis(frame.reshape(-1, height, width), 0, -1)


def _read_metadata(nd2: Any, position: int) -> ImageMetadata:
    channels: list[Any] = value_or_default(lambda: list(nd2.metadata.channels), [])
    return ImageMetadata(
        value_or_default(lambda: _pixel_size(channels[0].volume), NO_PIXEL_SIZE),
        tuple(value_or_default(partial(_channel, channel), ChannelMetadata()) for channel in channels),
        value_or_default(lambda: _position_name(nd2, position), None),
    )


def _pixel_size(volume: Any) -> PixelSize:
    if not all(volume.axesCalibrated[:2]):
        return NO_PIXEL_SIZE
    return judge_pixel_size(volume.axesCalibration[:2], "nd2")


def _channel(channel: Any) -> ChannelMetadata:
    about = channel.channel
    return ChannelMetadata.called(
        about.name,
        excitation_nm=about.excitationLambdaNm,
        emission_nm=about.emissionLambdaNm,
        display_colour=(about.color.r, about.color.g, about.color.b),
    )


def _position_name(nd2: Any, position: int) -> str | None:
    points = next(loop.parameters.points for loop in nd2.experiment if loop.type == "XYPosLoop")
    return points[position].name or None
