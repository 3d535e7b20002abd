"""Base of the vendor readers (CZI, ND2, LIF): scenes of planes, read one by one by libraries of the extra `vendor`."""

import importlib
import os
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, BinaryIO

import numpy as np
from numpy.typing import NDArray

from model.errors import ImageError
from model.reading.decoder_errors import as_image_error
from model.reading.metadata import ImageMetadata
from model.reading.plane import Plane, check_size, with_metadata


@dataclass(frozen=True)
class Scene:
    """Scene of a vendor file: planes of one size.

    Attributes:
        shape: (H, W, C) of a plane.
        positions: time point and z of each plane that the file holds; the slices of a z-stack one after the other.
        read: time point, z → (H, W, C).
        metadata: what the file says about them.
        colour: the channels are red, green and blue.
    """

    shape: tuple[int, int, int]
    positions: Sequence[tuple[int, int]]
    read: Callable[[int, int], NDArray[Any]]
    metadata: ImageMetadata
    colour: bool = False


def read_scenes(path: Path, scenes: Sequence[Scene], max_pixels: int) -> Iterator[Plane]:
    """Yield the planes of all scenes; sizes are checked before the first.

    Raises:
        ImageError: `unsupported-format` where there are none, or as reading and `check_size` do.
    """
    if not any(scene.positions for scene in scenes):
        raise ImageError("unsupported-format", f"{path} holds no images with rows and columns.")
    for scene in scenes:
        check_size(path, *scene.shape, max_pixels)
    for number, scene in enumerate(scenes):
        for t, z in scene.positions:
            with as_image_error(path):
                pixels = _checked(scene, scene.read(t, z))
            yield _plane(scene, pixels, number, t, z)


class BoundedReader:
    """Open file whose reads never allocate more than it holds, whatever damaged bytes claim.

    Attributes:
        size: of the file, in bytes.
    """

    def __init__(self, file: BinaryIO) -> None:
        self._file = file
        self.size = file.seek(0, os.SEEK_END)
        self.seek, self.tell, self.close = file.seek, file.tell, file.close
        file.seek(0)

    @property
    def closed(self) -> bool:
        """Whether the file is closed."""
        return self._file.closed

    def read(self, size: int = -1, /) -> bytes:
        """Read this many bytes, or all that are left."""
        return self._file.read(min(size, self.size))


def require_library(library: str, path: Path, kind: str, extra: str = "vendor") -> Any:
    """Import a library of an extra.

    Raises:
        ImageError: `unsupported-format`, which says how to install it.
    """
    try:
        return importlib.import_module(library)
    except ImportError as error:
        raise ImageError(
            "unsupported-format",
            f"{path} is {kind}, which needs a further package: pip install 'nuqleus[{extra}]' (for containers, "
            f"put EXTRAS={extra} into .env and build them again), start the workers again, and queue it again with "
            "`nuqleus retry`.",
        ) from error


def truncated_error(path: Path, what: str) -> ImageError:
    """The error for a file whose last part is missing."""
    return ImageError("truncated", f"{path} ends too early: {what}. Copy it again.")


def _checked(scene: Scene, pixels: NDArray[Any]) -> NDArray[Any]:
    if pixels.shape != scene.shape:
        raise ValueError(f"a plane is {pixels.shape}, where {scene.shape} was announced")
    return np.ascontiguousarray(pixels)


def _plane(scene: Scene, pixels: NDArray[Any], number: int, t: int, z: int) -> Plane:
    return with_metadata(Plane(pixels, colour=scene.colour, scene=number, t=t, z=z), scene.metadata)
