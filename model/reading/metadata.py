"""Image metadata: what a file says about the pixels of one of its images."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field, replace
from typing import Any, TypeVar

from model.reading.pixel_size import NO_PIXEL_SIZE, PixelSize

Found = TypeVar("Found")

Rgb = tuple[int, int, int]
"""Red, green and blue, 0..255."""


@dataclass(frozen=True)
class ChannelMetadata:
    """What a file says about a channel.

    Attributes:
        name: as the file names it first; empty where it doesn't.
        aliases: what else it calls it: its dye, its marker, its filter.
        excitation_nm: wavelength of the light that excites it.
        emission_nm: wavelength of the light that it shows.
        display_colour: in which it is shown.
    """

    name: str = ""
    aliases: tuple[str, ...] = ()
    excitation_nm: float | None = None
    emission_nm: float | None = None
    display_colour: Rgb | None = None

    @classmethod
    def called(cls, *names: str | None, **others: object) -> "ChannelMetadata":
        """Return a channel by its names in order of preference; those that are empty or come again are left out."""
        known = list(dict.fromkeys(name.strip() for name in names if name and name.strip()))
        return cls(known[0] if known else "", tuple(known[1:]), **others)  # type: ignore[arg-type]


@dataclass(frozen=True)
class ImageMetadata:
    """What a file says about an image.

    Attributes:
        pixel_size: side of a pixel, and where it comes from.
        channels: in their order; empty where the file doesn't tell.
        scene_name: of the position, well or series.
    """

    pixel_size: PixelSize = field(default=NO_PIXEL_SIZE)
    channels: tuple[ChannelMetadata, ...] = ()
    scene_name: str | None = None

    def or_else(self, other: "ImageMetadata") -> "ImageMetadata":
        """Return these metadata, with what they don't say taken from others."""
        given = self.pixel_size != NO_PIXEL_SIZE
        return ImageMetadata(
            self.pixel_size if given else other.pixel_size,
            self.channels or other.channels,
            self.scene_name or other.scene_name,
        )


def value_or_default(read: Callable[[], Found], default: Any) -> Found:
    """Return what can be read of metadata, or a default where they have an unexpected form: nothing else is lost."""
    try:
        return read()
    except Exception:
        return default  # type: ignore[no-any-return]


def align_channels(channels: Sequence[ChannelMetadata], count: int) -> tuple[ChannelMetadata, ...]:
    """Return the metadata of this many channels: the last ones without any are added; too many say nothing."""
    if not channels or len(channels) > count:
        return ()
    return (*channels, *[ChannelMetadata()] * (count - len(channels)))


def number_nameless(channels: Sequence[ChannelMetadata]) -> tuple[ChannelMetadata, ...]:
    """Return channels that all have names: one without is called `channel 0`, by its number; none if none has one."""
    if not any(channel.name for channel in channels):
        return tuple(channels)
    return tuple(
        channel if channel.name else replace(channel, name=f"channel {number}")
        for number, channel in enumerate(channels)
    )
