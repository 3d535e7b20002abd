"""Fields of a plate: one image whose channels, and steps of its z-stack, lie in files of their own.

A channel has the number that it has in the plate. One that the field lacks leaves a gap: a channel of zeros, which is
named in `Plane.missing_channels` and which nobody measures.
"""

from collections import defaultdict
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import numpy as np

from model.arrays import AnyArray
from model.errors import ImageError
from model.reading.channels import AUTO, ChosenBy, choose_channel
from model.reading.metadata import ChannelMetadata
from model.reading.pixel_size import PixelSize
from model.reading.plane import MAX_PIXELS, Pixels, Plane, check_size
from model.reading.planes import read_planes
from model.reading.projection import ZStacks, project
from model.reading.tiff.reader import Pages

MISMATCH = "field-mismatch"
"""`ImageError.kind` of files that can't be one image."""

NO_METADATA = ChannelMetadata()

Read = Callable[[Path], Iterator[Plane]]


@dataclass(frozen=True)
class FieldChannel:
    """A channel of a plate.

    Attributes:
        key: as its microscope calls it in names of files: `w1`, `C01`, `ch1`.
        metadata: what is known of it from beside the images.
    """

    key: str
    metadata: ChannelMetadata = NO_METADATA


@dataclass(frozen=True)
class ChannelFile:
    """A file of a field.

    Attributes:
        channel: number of the channel that it holds, in the plate.
        z: step of the z-stack, from 0; None where its name says none: a projection, if others of its channel have one.
    """

    path: Path
    channel: int
    z: int | None = None


@dataclass(frozen=True)
class Field:
    """A field of a plate.

    Attributes:
        files: at least one.
        channels: of its plate, by number; the field may lack some.
        name: of its well and site, for people.
        t: time point, from 0.
        pixel_size: from beside the images; what the files say goes before.
    """

    files: Sequence[ChannelFile]
    channels: Sequence[FieldChannel]
    name: str = ""
    t: int = 0
    pixel_size: PixelSize | None = None


def read_field(
    field: Field, z: ZStacks, *, max_pixels: int | None = None, pages: Pages | None = None
) -> Iterator[Plane]:
    """Read a field as one image, or with `planes` as one for each step of z.

    Of a channel with steps, one file is held at a time beside what is projected so far.

    Args:
        field: where its files are, and what they hold.
        z: what becomes of steps. A channel that has a single file shows it at every step.
        max_pixels: as for `read_planes`.
        pages: likewise.

    Raises:
        ImageError: `field-mismatch`: the files can't be one image; or as `read_planes` does.
        OSError: a file can't be read.
    """

    def read(path: Path) -> Iterator[Plane]:
        return read_planes(path, max_pixels=max_pixels, pages=pages)

    limit, stacks = max_pixels or MAX_PIXELS, _stacks(field.files)
    if z != "planes":
        yield _join(field, {number: _project(stack, z, read) for number, stack in stacks.items()}, limit)
        return
    for step in sorted({file.z or 0 for stack in stacks.values() for file in stack}):
        shown = {number: _at_step(stack, step) for number, stack in stacks.items()}
        planes = {number: (file.path, _only(file.path, read)) for number, file in shown.items() if file}
        yield replace(_join(field, planes, limit), z=step)


def choose_nuclear_channel(field: Field, plane: Plane, wanted: str, wanted_by: ChosenBy) -> Plane:
    """Return a plane that knows which channel shows its nuclei; see `model.reading.channels.choose_channel`.

    Raises:
        ImageError: `no-such-channel`: the field lacks it, or lacks one that might be it.
    """
    path = field.files[0].path
    chosen = choose_channel(path, plane, wanted, wanted_by)
    missing = [field.channels[number].key for number in plane.missing_channels]
    if chosen.nuclear_channel in plane.missing_channels:
        name = plane.channel_names[chosen.nuclear_channel]
        raise _lacking(path, f"the channel that shows the nuclei ({name}) is missing", missing)
    if missing and wanted == AUTO and chosen.nuclear_channel_by == "guess" and _has_names(field, plane):
        raise _lacking(path, "no name among its channels is that of a nuclear stain", missing)
    return chosen


def _lacking(path: Path, what: str, missing: Sequence[str]) -> ImageError:
    return ImageError(
        "no-such-channel",
        f"{path}: {what}; of its field, there is no file of {', '.join(missing)}. When it comes, the field is "
        "processed again. Or name another channel by NUQLEUS_CHANNEL (--channel) or a rule, and use `nuqleus retry`.",
    )


def _has_names(field: Field, plane: Plane) -> bool:
    """Whether a channel is called otherwise than its microscope's files are."""
    keys = [channel.key for channel in field.channels]
    return any(name != key for name, key in zip(plane.channel_names, keys, strict=True))


def _stacks(files: Sequence[ChannelFile]) -> dict[int, list[ChannelFile]]:
    """The files to read of each channel, in order of z: steps aren't, beside the microscope's own projection."""
    stacks: dict[int, dict[int | None, ChannelFile]] = defaultdict(dict)
    for file in files:
        other = stacks[file.channel].setdefault(file.z, file)
        if other is not file:
            raise _mismatch(other.path, file.path, "both are for the same channel and step of z")
    return {
        number: [steps[None]] if None in steps else [steps[z] for z in sorted(steps, key=lambda z: z or 0)]
        for number, steps in sorted(stacks.items())
    }


def _project(stack: Sequence[ChannelFile], z: ZStacks, read: Read) -> tuple[Path, Plane]:
    """One plane of a channel; of several files, or of a stack in one."""
    if len(stack) == 1:
        return stack[0].path, _one_of(stack[0].path, project(_gray(stack[0].path, read), z))
    planes = (replace(_only(file.path, read), scene=0, t=0, z=number) for number, file in enumerate(stack))
    (plane,) = project(_same_size(stack, planes), z)
    return stack[0].path, plane


def _same_size(stack: Sequence[ChannelFile], planes: Iterator[Plane]) -> Iterator[Plane]:
    first: tuple[int, ...] | None = None
    for file, plane in zip(stack, planes, strict=True):
        first = first or plane.pixels.shape
        if plane.pixels.shape != first:
            raise _unequal(stack[0].path, first, file.path, plane.pixels.shape)
        yield plane


def _at_step(stack: Sequence[ChannelFile], step: int) -> ChannelFile | None:
    if len(stack) == 1:
        return stack[0]
    return next((file for file in stack if file.z == step), None)


def _only(path: Path, read: Read) -> Plane:
    return _one_of(path, _gray(path, read))


def _one_of(path: Path, planes: Iterator[Plane]) -> Plane:
    plane = next(planes)
    if next(planes, None) is not None:
        raise ImageError(
            MISMATCH,
            f"{path} holds several images, where one was expected: a channel of a field of a plate. If its pages are "
            "steps of z, set NUQLEUS_Z to max; if it is no part of a plate, leave it on its own by a rule.",
        )
    return plane


def _gray(path: Path, read: Read) -> Iterator[Plane]:
    for plane in read(path):
        if plane.pixels.shape[2] != 1:
            raise ImageError(
                MISMATCH,
                f"{path} has {plane.pixels.shape[2]} channels, where one was expected: it is a channel of a field of a "
                "plate, by its name. Export it in gray, or leave the files on their own by a rule.",
            )
        yield plane


def _join(field: Field, planes: Mapping[int, tuple[Path, Plane]], max_pixels: int) -> Plane:
    """Put the channels of a field beside each other."""
    (first_path, first), *others = planes.values()
    for path, plane in others:
        if plane.pixels.shape != first.pixels.shape:
            raise _unequal(first_path, first.pixels.shape, path, plane.pixels.shape)
    height, width, _ = first.pixels.shape
    check_size(first_path, height, width, len(field.channels), max_pixels)
    pixels = StackedPixels(
        [planes[number][1].pixels if number in planes else None for number in range(len(field.channels))]
    )
    sizes = [plane.pixel_size for _, plane in planes.values()]
    return Plane(
        pixels if first.is_large else np.asarray(pixels),
        colour=False,
        t=field.t,
        pixel_size=next((size for size in sizes if size.um), field.pixel_size or sizes[0]),
        channels=tuple(
            _describe(channel, planes[number][1] if number in planes else None)
            for number, channel in enumerate(field.channels)
        ),
        scene_name=field.name or first.scene_name,
        projection=next((plane.projection for _, plane in planes.values() if plane.projection), None),
        missing_channels=tuple(number for number in range(len(field.channels)) if number not in planes),
    )


def _describe(channel: FieldChannel, plane: Plane | None) -> ChannelMetadata:
    """What is known of a channel: from beside the images, else from the file, else by its microscope's name for it."""
    beside = channel.metadata
    own = plane.channels[0] if plane and plane.channels else ChannelMetadata()
    return ChannelMetadata.called(
        *(beside.name, *beside.aliases, own.name, *own.aliases, channel.key),
        excitation_nm=beside.excitation_nm or own.excitation_nm,
        emission_nm=beside.emission_nm or own.emission_nm,
        display_colour=beside.display_colour or own.display_colour,
    )


def _mismatch(one: Path, other: Path, why: str) -> ImageError:
    return ImageError(
        MISMATCH,
        f"{one} and {other} can't be parts of one field: {why}. Remove the one that is wrong, or leave them on their "
        "own by a rule.",
    )


def _unequal(one: Path, shape: tuple[int, ...], other: Path, other_shape: tuple[int, ...]) -> ImageError:
    sizes = (f"{width} × {height}" for height, width, *_ in (shape, other_shape))
    return _mismatch(one, other, "they are {} and {} pixels large".format(*sizes))


class StackedPixels:
    """Channels of a field side by side, each (H, W, 1); sliced like an array, and decoded only where they are sliced.

    Attributes:
        shape: (H, W, C).
        dtype: that holds the values of all.
    """

    def __init__(self, channels: Sequence[Pixels | None]) -> None:
        """Stack channels; None stands for one that is missing, which is zero."""
        there = [channel for channel in channels if channel is not None]
        self.shape: tuple[int, ...] = (*there[0].shape[:2], len(channels))
        self.dtype: np.dtype[Any] = np.result_type(*(channel.dtype for channel in there))
        blank = np.broadcast_to(np.zeros((), self.dtype), (*self.shape[:2], 1))
        self._channels = [blank if channel is None else channel for channel in channels]

    def __getitem__(self, key: Any, /) -> AnyArray:
        """Decode a region: `pixels[r0:r1, c0:c1]`, or all of some channels: `pixels[..., c0:c1]`."""
        keys = key if isinstance(key, tuple) else (key,)
        keys = (slice(None), slice(None), *keys[1:]) if keys[0] is Ellipsis else keys
        rows, columns, channels = (*keys, slice(None), slice(None))[:3]
        regions = [channel[rows, columns] for channel in self._channels[channels]]
        return np.concatenate(regions, axis=2, dtype=self.dtype)

    def __array__(self, dtype: Any = None, copy: bool | None = None) -> AnyArray:
        """Decode all channels."""
        return self[:].astype(dtype or self.dtype, copy=False)
