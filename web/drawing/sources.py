"""Sources: an image's pixels and its label image, decoded where they are looked at and kept for the next look."""

from collections import OrderedDict
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from dataclasses import field as default
from functools import cached_property
from pathlib import Path
from typing import Any

import numpy as np

from model.arrays import AnyArray, AnyLabels, Labels
from model.errors import ImageError
from model.labels.masks import LazyLabelImage, MaskBlock
from model.labels.overview import find_range
from model.reading import Plane, read_planes
from model.reading.field import ChannelFile, Field, FieldChannel, read_field
from model.reading.projection import ZStacks, project
from web.drawing.folder import CHANGED, Folder, ensure_measured, stamp

KEPT_BYTES = 800_000_000
"""Decoded pixels that are kept; the image at hand is kept whatever it takes."""

KEPT_BLOCKS = 16
"""Decoded blocks of masks that are kept, of up to 16 MB each."""

COARSE_SIDE = 1536
"""Pixels of the coarse copy's longer side, at most, from which whole large images are shown."""


@dataclass
class ViewedImage:
    """An image that is looked at.

    Attributes:
        plane: what was read.
    """

    plane: Plane

    @property
    def nbytes(self) -> int:
        """What it takes in memory, if all of it is decoded."""
        height, width, channels = self.plane.pixels.shape
        is_decoded = isinstance(self.plane.pixels, np.ndarray)
        return int(height * width * channels * self.plane.pixels.dtype.itemsize) if is_decoded else 0

    @cached_property
    def step(self) -> int:
        """Every how manieth pixel the coarse copy has: a power of two, as steps of tiles are."""
        return int(1 << (-(-max(self.plane.pixels.shape[:2]) // COARSE_SIDE) - 1).bit_length())

    @cached_property
    def coarse(self) -> AnyArray:
        """The whole image, (h, w, C), thinned out."""
        return np.asarray(self.plane.pixels[:: self.step, :: self.step])

    @cached_property
    def ranges(self) -> list[tuple[float, float]]:
        """The darkest and brightest value of each channel; of a colour image, of all together."""
        if self.plane.colour:
            return [find_range(self.coarse)] * self.coarse.shape[2]
        return [find_range(channel) for channel in np.moveaxis(self.coarse, 2, 0)]

    def region(self, rows: slice, columns: slice, step: int) -> AnyArray:
        """Return every `step`th pixel of a rectangle: (h, w, C)."""
        if step >= self.step > 1 and step % self.step == 0:
            return self.coarse[_thinned(rows, self.step, step), _thinned(columns, self.step, step)]
        thinned = (slice(side.start, side.stop, step) for side in (rows, columns))
        return np.asarray(self.plane.pixels[tuple(thinned)])


@dataclass
class Sources:
    """Images and masks, the last few of them decoded.

    Attributes:
        folder: where images are read from.
        max_pixels: images with more are refused.
    """

    folder: Folder
    max_pixels: int | None
    _images: "OrderedDict[str, ViewedImage]" = default(default_factory=OrderedDict)
    _blocks: "OrderedDict[tuple[Any, ...], Labels]" = default(default_factory=OrderedDict)

    @contextmanager
    def view(self, image: Mapping[str, Any]) -> Iterator[ViewedImage]:
        """Give an image, as `web.viewing.source` describes it, for as long as it is looked at.

        What was seen counts only if the block ends well: its files may have been exchanged meanwhile. After any error
        the image is read anew: what was decoded may be another one's, and what is open may lead nowhere.

        Raises:
            ImageError: it can't be read, or isn't the one that was measured.
            OSError: the file isn't there.
        """
        key = repr(sorted(image.items()))
        parts = image["field"] or [image]
        paths = [self.folder.locate(part["path"]) for part in parts]
        before = [stamp(path) for path in paths]
        try:
            for path, part in zip(paths, parts, strict=True):
                ensure_measured(path, part, image)
            if key not in self._images:
                self._images[key] = ViewedImage(_read(paths, image, self.max_pixels))
            yield self._keep(key)
            if [stamp(path) for path in paths] != before:
                raise ImageError("changed", CHANGED)
        except BaseException:
            self._images.pop(key, None)
            raise

    def _keep(self, key: str) -> ViewedImage:
        """Keep an image, and others that were looked at lately, as far as they fit."""
        self._images.move_to_end(key)
        while len(self._images) > 1 and sum(view.nbytes for view in self._images.values()) > KEPT_BYTES:
            self._images.popitem(last=False)
        return self._images[key]

    def labels(
        self,
        image_id: int,
        blocks: Sequence[Mapping[str, Any]],
        data: Sequence[bytes],
        place: Mapping[str, int],
    ) -> AnyLabels:
        """Return a rectangle of a label image: rows `top` to `bottom`, columns `left` to `right`, every `step`th.

        Raises:
            MaskError: a block can't be read.
        """
        rows = range(place["top"], place["bottom"], place["step"])
        columns = range(place["left"], place["right"], place["step"])
        region = np.zeros((len(rows), len(columns)), np.int32)
        for head, encoded in zip(blocks, data, strict=True):
            block = MaskBlock(**head, data=encoded)
            row_in, row_of = _shared(rows, block.row0, block.height)
            column_in, column_of = _shared(columns, block.col0, block.width)
            region[row_in, column_in] = self._decode(image_id, block)[row_of, column_of]
        return region

    def _decode(self, image_id: int, block: MaskBlock) -> Labels:
        key = (image_id, block.row0, block.col0)
        if key not in self._blocks:
            alone = MaskBlock(0, 0, block.height, block.width, block.encoding, block.data)
            self._blocks[key] = LazyLabelImage([alone], block.height, block.width)[:, :]
        self._blocks.move_to_end(key)
        if len(self._blocks) > KEPT_BLOCKS:
            self._blocks.popitem(last=False)
        return self._blocks[key]


def _thinned(side: slice, have: int, want: int) -> slice:
    """The slice of a copy that has every `have`th pixel already."""
    return slice(-(-side.start // have), -(-side.stop // have), want // have)


def _shared(wanted: range, first: int, length: int) -> tuple[slice, slice]:
    """Return which of the wanted rows (or columns) lie in a block, counted among those wanted and in the block."""
    skipped = max(0, -(-(first - wanted.start) // wanted.step))
    until = max(skipped, min(len(wanted), -(-(first + length - wanted.start) // wanted.step)))
    start = wanted.start + skipped * wanted.step - first
    return slice(skipped, until), slice(start, start + (until - skipped) * wanted.step, wanted.step)


def _read(paths: Sequence[Path], image: Mapping[str, Any], max_pixels: int | None) -> Plane:
    wanted = image["scene"], image["t"], image["z"]
    for plane in _planes(paths, image, max_pixels):
        if (plane.scene, plane.t, plane.z) == wanted:
            return plane
    raise ImageError("changed", "The file no longer holds this image.")


def _planes(paths: Sequence[Path], image: Mapping[str, Any], max_pixels: int | None) -> Iterator[Plane]:
    z: ZStacks = image["projection"] or "planes"
    pages = image["pages"]
    if not image["field"]:
        return project(read_planes(paths[0], max_pixels=max_pixels, pages=pages), z)
    files = [
        ChannelFile(path, part["channel"], part["z"])
        for path, part in zip(paths, image["field"], strict=True)
    ]
    channels = [FieldChannel(str(number)) for number in range(image["channels"])]
    return read_field(Field(files, channels, t=image["t"]), z, max_pixels=max_pixels, pages=pages)
