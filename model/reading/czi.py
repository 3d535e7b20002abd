"""Reader of Zeiss CZI, by Zeiss's own library (pylibCZIrw): scenes, stitched where they are mosaics.

Phases, views, angles and illuminations are scenes of their own. What a scene doesn't store of a plane is 0.
"""

from collections.abc import Iterator, Mapping
from functools import partial
from itertools import product
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from model.errors import ImageError
from model.reading.czi_metadata import read_czi_metadata
from model.reading.decoder_errors import as_image_error
from model.reading.plane import Plane
from model.reading.scenes import Scene, read_scenes, require_library

GRAY_TYPES = ("Gray8", "Gray16", "Gray32Float")
COLOUR_TYPES = ("Bgr24", "Bgr48", "Bgr96Float")

FURTHER_DIMENSIONS = "VHIRB"
"""Dimensions that become scenes: view, phase, illumination, rotation, block."""

Position = Mapping[str, int]
"""Of a stored block: its index in each dimension that the file has."""


def read_czi(path: Path, max_pixels: int) -> Iterator[Plane]:
    """Yield the planes of a CZI file."""
    library = require_library("pylibCZIrw.czi", path, "a Zeiss CZI file")
    with path.open("rb") as file:
        with as_image_error(path):
            # by the open file's number: a path could be exchanged before it is opened again
            czi = library.CziReader(f"/dev/fd/{file.fileno()}")
        try:
            with as_image_error(path):
                scenes = _scenes(path, czi)
            yield from read_scenes(path, scenes, max_pixels)
        finally:
            czi.close()


def _scenes(path: Path, czi: Any) -> list[Scene]:
    about = read_czi_metadata(czi.raw_metadata)
    stored = _positions(czi)
    channels = 1 + max((position.get("C", 0) for position in stored), default=0)
    types = {czi.get_channel_pixel_type(channel) for channel in range(min(channels, len(stored)))}
    colour = bool(types & set(COLOUR_TYPES))
    if not types <= set(GRAY_TYPES + COLOUR_TYPES) or (colour and channels > 1):
        raise ImageError(
            "unsupported-format",
            f"{path} has pixels of the kinds {', '.join(sorted(types))}, which can't be read. Export it as TIFF.",
        )
    boxes = czi.scenes_bounding_rectangle_no_pyramid or {None: czi.total_bounding_rectangle_no_pyramid}
    return [
        Scene(
            (box.h, box.w, 3 if colour else channels),
            _find_positions(stored, number, further),
            partial(_read, czi, number, box, channels, further),
            about.of_scene(number),
            colour,
        )
        for (number, box), further in product(sorted(boxes.items()), _further(stored))
    ]


def _positions(czi: Any) -> list[Position]:
    """Return the positions of all stored blocks but those of reduced copies."""
    positions: list[Position] = []

    def note(_number: int, block: Any) -> bool:
        positions.append(block.coordinate.to_dict())
        return True

    czi.enumerate_subblocks_subset(note, only_layer0=True)
    return positions


def _further(stored: list[Position]) -> list[Position]:
    """Return what is stored of the further dimensions; `{}` alone where the file has none."""
    found = {
        tuple((name, position[name]) for name in FURTHER_DIMENSIONS if name in position)
        for position in stored
    }
    return [dict(further) for further in sorted(found)]


def _find_positions(stored: list[Position], scene: int | None, further: Position) -> list[tuple[int, int]]:
    places = {
        (position.get("T", 0), position.get("Z", 0))
        for position in stored
        if scene in (None, position.get("S")) and further.items() <= position.items()
    }
    return sorted(places)


def _read(
    czi: Any, scene: int | None, box: Any, channels: int, further: Position, t: int, z: int
) -> NDArray[Any]:
    place = {"T": t, "Z": z, **further}
    planes = [czi.read(roi=box, scene=scene, plane={**place, "C": channel}) for channel in range(channels)]
    if planes[0].shape[2] == 3:
        return np.array(planes[0][..., ::-1])  # blue, green, red
    return np.concatenate(planes, axis=2)
