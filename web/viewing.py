"""Viewing: what the process that draws is asked for, from what the database knows of an image."""

import re
from collections.abc import Sequence
from typing import Any

from sqlalchemy import Engine

from nuqleus.database.queries.image_pages import ImageDetails, get_mask_blocks
from nuqleus.image_options import stored_pages
from web.query import refuse

TILE_SIDE = 512
"""Pixels of a tile on the screen."""

SMALL_SIDE = 512
"""Pixels of a small picture's longer side, at most."""

COARSEST_OUTLINES = 8
"""Outlines are drawn where at least every so manieth pixel is shown; from further away nobody could see them."""

CHANNEL = re.compile(r"(\d{1,3}):([0-9a-f]{6}):(-?\d(?:\.\d{1,3})?):(\d(?:\.\d{1,3})?)", re.ASCII)
"""A channel, as URLs say it: number, colour, and the shares of its range that are shown black and in full."""

MOST_CHANNELS = 16


def tile_place(image: ImageDetails, step: int, column: int, row: int) -> dict[str, int] | None:
    """Return the rectangle of a tile; None if the image has no such tile."""
    side, shown = step * TILE_SIDE, image.listed
    top, left = row * side, column * side
    if step < 1 or step & (step - 1) or step > 2**20 or top >= shown.height or left >= shown.width:
        return None
    return {
        "top": top,
        "bottom": min(shown.height, top + side),
        "left": left,
        "right": min(shown.width, left + side),
        "step": step,
    }


def around(image: ImageDetails, bbox: Sequence[int], margin: int) -> dict[str, int]:
    """Return the rectangle of a cut-out."""
    top, left, bottom, right = bbox
    return {
        "top": max(0, top - margin),
        "bottom": min(image.listed.height, bottom + margin),
        "left": max(0, left - margin),
        "right": min(image.listed.width, right + margin),
        "step": 1,
    }


def whole(image: ImageDetails) -> dict[str, int]:
    """Return the rectangle of the whole image, with few enough pixels for a small picture."""
    step = 1 << (-(-max(image.listed.height, image.listed.width) // SMALL_SIDE) - 1).bit_length()
    return {"top": 0, "bottom": image.listed.height, "left": 0, "right": image.listed.width, "step": step}


def source(image: ImageDetails) -> dict[str, Any]:
    """Say where the image lies in which file."""
    listed = image.listed
    return {
        "path": listed.path,
        "scene": listed.scene,
        "t": listed.t,
        "z": listed.z,
        "projection": image.projection,
        "pages": stored_pages(image.image_options),
        "stat": image.stat,
        "sha256": image.sha256,
        "is_pending": image.is_pending,
        "channels": image.channels,
        "field": [{**vars(part), "stat": (part.size, part.mtime_ns)} for part in image.field],
    }


def mask(
    engine: Engine, image: ImageDetails, place: dict[str, int]
) -> tuple[list[dict[str, Any]], list[bytes]]:
    """Return the blocks of the mask in a rectangle, and what is in them."""
    rows = get_mask_blocks(
        engine, image.listed.id, (place["top"], place["bottom"]), (place["left"], place["right"])
    )
    fields = ("row0", "col0", "height", "width", "encoding")
    return [{name: getattr(row, name) for name in fields} for row in rows], [row.data for row in rows]


def shown_channels(texts: Sequence[str]) -> list[dict[str, Any]]:
    """Read the channels of a URL.

    Raises:
        HTTPException: one makes no sense.
    """
    found = [CHANNEL.fullmatch(text) for text in texts[:MOST_CHANNELS]]
    if not all(found):
        raise refuse("c", "a channel, like 0:0000ff:0:1")
    return [_channel(*match.groups()) for match in found if match]


def _channel(number: str, colour: str, dark: str, bright: str) -> dict[str, Any]:
    return {
        "channel": int(number),
        "colour": [int(colour[i : i + 2], 16) for i in (0, 2, 4)],
        "dark": float(dark),
        "bright": float(bright),
    }
