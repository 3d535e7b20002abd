"""Reader of OME-Zarr folders: images, plates and conversions, at full resolution.

A chunk that isn't stored is the array's fill value, as zarr has it: a copy that lacks chunks can't be told from an
image that is dark there, and so it is logged. A folder without any chunk is refused.
"""

import logging
import math
from collections.abc import Iterator
from dataclasses import dataclass
from itertools import product
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from model.errors import ImageError
from model.reading.decoder_errors import as_image_error
from model.reading.linkless_folder import LinklessFolder
from model.reading.ome_zarr_metadata import ZarrImage, find_images, is_ome_zarr
from model.reading.plane import FREE_CHANNELS, Plane, check_size, is_large, with_metadata
from model.reading.scenes import require_library, truncated_error

log = logging.getLogger(__name__)

AXES = set("tczyx")


def read_ome_zarr(path: Path, max_pixels: int) -> Iterator[Plane]:
    """Yield the planes of an OME-Zarr folder: fields of plates and series are scenes.

    Raises:
        ImageError: `unsupported-format` where the folder isn't one of zarr, or the library is missing.
    """
    with LinklessFolder(path) as folder:
        if not is_ome_zarr(folder):
            raise ImageError(
                "unsupported-format",
                f"{path} is a folder, and not an image: it lacks the metadata of OME-Zarr (zarr.json or .zgroup). "
                "Copy it again, as a whole.",
            )
        library = require_library("model.reading.zarr_store", path, "an OME-Zarr folder", extra="zarr")
        store = library.FolderStore(folder)
        with as_image_error(path):
            scenes = [_Scene(image, store.open_array(image.array)) for image in find_images(folder)]
        if not scenes:
            raise ImageError(
                "unsupported-format", f"{path} is a Zarr folder without images (OME-Zarr multiscales)."
            )
        for scene in scenes:
            scene.check(path, max_pixels)
        for number, scene in enumerate(scenes):
            yield from scene.planes(path, number)
        _say_missing(path, store)


def _say_missing(path: Path, store: Any) -> None:
    """Say how many chunks aren't there.

    Raises:
        ImageError: `truncated`: none is.
    """
    if store.missing_chunks and not store.has_chunks:
        raise truncated_error(path, "its metadata are there, but none of its chunks of pixels is")
    if store.missing_chunks:
        log.warning(
            "%s lacks %d of its chunks, such as %s: they were taken as empty (their fill value, mostly 0), which is "
            "what zarr leaves out. If it is a copy, compare it with the original: it may not be whole.",
            path,
            len(store.missing_chunks),
            min(store.missing_chunks),
        )


@dataclass(frozen=True)
class _Scene:
    """An image of the folder, and its array."""

    image: ZarrImage
    array: Any

    def check(self, path: Path, max_pixels: int) -> None:
        axes, shape = self.image.axes, self.array.shape
        if len(axes) != len(shape) or len(set(axes)) < len(axes) or not set("yx") <= set(axes) <= AXES:
            raise ImageError(
                "unsupported-format", f"{path} has an image with the axes {axes!r}, which can't be read."
            )
        if self.array.dtype.kind not in "buif":
            raise ImageError(
                "unsupported-format", f"{path} has pixels of the kind {self.array.dtype}. Export it anew."
            )
        check_size(path, self._length("y"), self._length("x"), self._length("c"), max_pixels)
        if math.prod(self.array.chunks) > FREE_CHANNELS * max_pixels:
            raise ImageError("damaged", f"{path} is damaged: its chunks claim to be larger than any image.")

    def planes(self, path: Path, number: int) -> Iterator[Plane]:
        for t, z in product(range(self._length("t")), range(self._length("z"))):
            pixels = _ZarrPixels(path, self, t, z)
            plane = Plane(
                pixels if is_large(*pixels.shape[:2]) else pixels[:], colour=False, scene=number, t=t, z=z
            )
            yield with_metadata(plane, self.image.metadata)

    def _length(self, axis: str) -> int:
        return int(self.array.shape[self.image.axes.index(axis)]) if axis in self.image.axes else 1

    @property
    def shape(self) -> tuple[int, int, int]:
        """(H, W, C)."""
        return self._length("y"), self._length("x"), self._length("c")

    def read(self, where: dict[str, Any]) -> NDArray[Any]:
        """Return what lies there of a plane: (h, w, c) in native byte order."""
        axes = self.image.axes
        values = np.asarray(self.array[tuple(where[axis] for axis in axes)])
        left = [axis for axis in axes if isinstance(where[axis], slice)]
        ordered = values.transpose([left.index(axis) for axis in "yxc" if axis in left])
        native = ordered.astype(ordered.dtype.newbyteorder("="), copy=False)
        return np.ascontiguousarray(native if "c" in left else native[..., None])


class _ZarrPixels:
    """Lazily decoded pixels of a plane: `pixels[r0:r1, c0:c1]` → (h, w, C) array.

    Attributes:
        shape: (H, W, C).
        dtype: of the arrays that slicing gives.
    """

    def __init__(self, path: Path, scene: _Scene, t: int, z: int) -> None:
        self._path, self._scene, self._t, self._z = path, scene, t, z
        self.shape: tuple[int, ...] = scene.shape
        self.dtype: np.dtype[Any] = np.dtype(scene.array.dtype).newbyteorder("=")

    def __getitem__(self, key: Any, /) -> NDArray[Any]:
        keys = key if isinstance(key, tuple) else (key,)
        if keys[0] is Ellipsis:
            keys = (slice(None), slice(None), *keys[1:])
        rows, columns, channels = (*keys, slice(None), slice(None))[:3]
        where = {"t": self._t, "z": self._z, "y": rows, "x": columns, "c": slice(None)}
        with as_image_error(self._path):
            return np.ascontiguousarray(self._scene.read(where)[..., channels])

    def __array__(self, dtype: Any = None, copy: bool | None = None) -> NDArray[Any]:
        return self[:].astype(dtype or self.dtype, copy=False)
