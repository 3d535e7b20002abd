"""Choice of the nuclear channel, and how it was made."""

import unicodedata
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Literal

import numpy as np
from numpy.typing import NDArray

from model.errors import ImageError
from model.reading.metadata import ChannelMetadata
from model.reading.nuclear_stains import find_by_colour, find_by_name, find_by_wavelength
from model.reading.plane import Plane

AUTO = "auto"
"""Asks for the channel of a nuclear stain: by its name, else its wavelength, else its colour; else the first."""

COLOURS = ("red", "green", "blue")
"""What the channels of a colour image are called."""

ChosenBy = Literal["only", "name", "setting", "rule", "wavelength", "colour", "guess"]
"""How a nuclear channel was chosen:

    only         the image has no other
    setting      the settings name it
    rule         a rule for the file names it
    name         its name is that of a nuclear stain
    wavelength   its excitation or emission is that of DAPI and Hoechst
    colour       it is the one shown in blue; without a channel: a colour image that is seen as a whole
    guess        none of these is known, or several suit alike: the first of them was taken
"""

RECOGNITIONS: tuple[tuple[Callable[[Sequence[ChannelMetadata]], list[int]], ChosenBy], ...] = (
    (find_by_name, "name"), (find_by_wavelength, "wavelength"), (find_by_colour, "colour"),
)  # fmt: skip
"""Ways to recognise a nuclear channel, the surest first."""


@dataclass(frozen=True)
class NuclearChannel:
    """Nuclear channel of an image.

    Attributes:
        number: counted from 0; None for a colour image that is seen as a whole.
        by: how it was chosen.
    """

    number: int | None
    by: ChosenBy


def choose_channel(path: Path, plane: Plane, wanted: str, wanted_by: ChosenBy = "setting") -> Plane:
    """Return a plane that knows which channel shows its nuclei.

    Args:
        path: of its file.
        plane: an image as it was read.
        wanted: a channel's name, whatever its case, or its number, counted from 0; or `AUTO`. Those of a colour image
            are called red, green and blue.
        wanted_by: who wants it: `setting` or `rule`.

    Raises:
        ImageError: `no-such-channel`.
    """
    chosen = (
        recognise_channel(plane)
        if _as_compared(wanted) == AUTO
        else NuclearChannel(_look_up(path, plane, wanted), wanted_by)
    )
    return replace(plane, nuclear_channel=chosen.number, nuclear_channel_by=chosen.by)


def recognise_channel(plane: Plane) -> NuclearChannel:
    """Return the channel of a nuclear stain, by name, else wavelength, else colour; else the first.

    Where several suit alike, the first of them is a guess. Mixed with other stains, nuclei would be hard to find. A
    colour image is seen as a whole.
    """
    if plane.colour:
        return NuclearChannel(None, "colour")
    if plane.pixels.shape[2] == 1:
        return NuclearChannel(0, "only")
    channels = _channels(plane)
    for find, by in RECOGNITIONS:
        found = find(channels)
        if found:
            return NuclearChannel(found[0], by if len(found) == 1 else "guess")
    return NuclearChannel(0, "guess")


def nuclear_channel(plane: Plane) -> int | None:
    """Return the number of the nuclear channel; None for a colour image that is seen as a whole."""
    return recognise_channel(plane).number if plane.nuclear_channel_by is None else plane.nuclear_channel


def nuclear_pixels(plane: Plane) -> NDArray[np.generic]:
    """Return what the network should see of an image: its nuclear channel, (H, W, 1), or its colours, (H, W, 3)."""
    channel = nuclear_channel(plane)
    if channel is None or plane.pixels.shape[2] == 1:
        return np.asarray(plane.pixels)
    return plane.pixels[..., channel : channel + 1]


def describe_channels(names: Sequence[str]) -> str:
    """Describe an image's channels, for people: `0 (DAPI), 1 (GFP)`, or the numbers alone where all names are empty."""
    if any(names):
        return ", ".join(f"{number} ({name})" for number, name in enumerate(names))
    count = len(names)
    return "one channel, 0, without a name" if count == 1 else f"channels 0 to {count - 1}, without names"


def _look_up(path: Path, plane: Plane, wanted: str) -> int:
    """Find a channel by its name, else by what else it is called, else by its number."""
    channels = _channels(plane)
    called = [[_as_compared(channel.name)] for channel in channels]
    called_too = [[_as_compared(alias) for alias in channel.aliases] for channel in channels]
    for names in (called, called_too):
        found = next((i for i, of_one in enumerate(names) if _as_compared(wanted) in of_one), None)
        if found is not None:
            return found
    number = wanted.strip()
    if number.isascii() and number.isdigit() and int(number) < plane.pixels.shape[2]:
        return int(number)
    there = describe_channels([channel.name for channel in channels])
    raise ImageError(
        "no-such-channel",
        f"{path} has no channel {wanted!r}: it has {there}. Name one of these by NUQLEUS_CHANNEL (--channel) or by a "
        "rule for this file; `nuqleus retry` queues it again.",
    )


def _as_compared(name: str) -> str:
    """Return a name without what people don't see: case, spaces at its ends, how Unicode writes a letter."""
    return " ".join(unicodedata.normalize("NFKC", name).casefold().split())


def _channels(plane: Plane) -> Sequence[ChannelMetadata]:
    if plane.colour:
        return [ChannelMetadata(colour) for colour in COLOURS]
    return plane.channels or [ChannelMetadata()] * plane.pixels.shape[2]
