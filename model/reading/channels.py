"""Choice of the nuclear channel."""

import re
from dataclasses import replace
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from model.errors import ImageError
from model.reading import Plane

AUTO = "auto"
"""Asks for the channel whose name speaks of nuclei."""

COLOURS = ("red", "green", "blue")
"""What the channels of a colour image are called."""

_NUCLEAR = re.compile(r"dapi|hoechst|nucle|draq|sytox|h2b|propidium|(^|\W)dna(\W|$)", re.IGNORECASE)
"""Stains and markers of nuclei, as microscopes name their channels."""


def choose_channel(path: Path, plane: Plane, wanted: str) -> Plane:
    """Return a plane that knows which channel shows its nuclei.

    Args:
        path: of its file.
        plane: an image as it was read.
        wanted: a channel's name, whatever its case, or its number, counted from 0; or `AUTO`. Those of a colour image
            are called red, green and blue.

    Raises:
        ImageError: `no-such-channel`.
    """
    channel = nuclear_channel(plane) if wanted == AUTO else _look_up(plane, wanted)
    if channel is None and wanted != AUTO:
        raise ImageError(
            "no-such-channel",
            f"{path} has no channel {wanted!r}: it has {_described(plane)}. Name one of these by NUQLEUS_CHANNEL "
            "(--channel) or by a rule for this file; `nuqleus retry` queues it again.",
        )
    return replace(plane, nuclear_channel=channel)


def nuclear_channel(plane: Plane) -> int | None:
    """Return the number of the channel that shows the nuclei; None for a colour image that is seen as a whole.

    Where none was chosen, it is the one whose name speaks of nuclei, else the first: mixed with other stains, nuclei
    would be hard to find.
    """
    if plane.nuclear_channel is not None or plane.colour:
        return plane.nuclear_channel
    return next((i for i, name in enumerate(plane.channel_names) if _NUCLEAR.search(name)), 0)


def nuclear_pixels(plane: Plane) -> NDArray[np.generic]:
    """Return what the network should see of an image: its nuclear channel, (H, W, 1), or its colours, (H, W, 3)."""
    channel = nuclear_channel(plane)
    if channel is None or plane.pixels.shape[2] == 1:
        return np.asarray(plane.pixels)
    return plane.pixels[..., channel : channel + 1]


def _look_up(plane: Plane, wanted: str) -> int | None:
    """Find a channel by its name, else by its number."""
    names = [name.casefold() for name in _names(plane)]
    if wanted.casefold() in names:
        return names.index(wanted.casefold())
    is_number = wanted.isascii() and wanted.isdigit()
    return int(wanted) if is_number and int(wanted) < plane.pixels.shape[2] else None


def _names(plane: Plane) -> tuple[str, ...]:
    return COLOURS if plane.colour else plane.channel_names


def _described(plane: Plane) -> str:
    """`0 (DAPI), 1 (GFP)`, or the numbers alone."""
    names = _names(plane)
    if names:
        return ", ".join(f"{number} ({name})" for number, name in enumerate(names))
    count = plane.pixels.shape[2]
    return "one channel, 0, without a name" if count == 1 else f"channels 0 to {count - 1}, without names"
