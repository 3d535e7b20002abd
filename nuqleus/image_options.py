"""Image options: which channel of an image shows the nuclei, and what becomes of z-stacks and pages."""

import re
from dataclasses import dataclass, field
from typing import Annotated, Any, Literal, cast

from pydantic import BeforeValidator, Field

AUTO = "auto"
"""Stands for the channel of a nuclear stain, else the first."""

ZStacks = Literal["planes", "max", "mean"]
"""What becomes of a z-stack: an image a plane, or one image, of each pixel's maximum or mean."""

Pages = Literal["channels", "z", "t"]
"""What the pages of a TIFF are, where somebody knows better than the file."""

ChannelSource = Literal["setting", "rule"]
"""Who names the channel, where it isn't `AUTO`."""


def _as_text(channel: Any) -> Any:
    """Take a number as it is written; True is none."""
    return str(channel) if type(channel) is int and channel >= 0 else channel


Channel = Annotated[str, BeforeValidator(_as_text), Field(min_length=1, max_length=200)]
"""A name, or a number counted from 0, as text."""


@dataclass(frozen=True)
class ImageOptions:
    """How the images of a file are looked at; files of equal content share results where these are equal.

    Attributes:
        channel: where the nuclei are sought; see `Channel`, `AUTO`.
        z: what becomes of a z-stack.
        pages: what the pages of a TIFF are; None: what the file says.
        channel_by: who names the channel. Makes no difference to what is found, and so none between options.
    """

    channel: str = AUTO
    z: ZStacks = "planes"
    pages: Pages | None = None
    channel_by: ChannelSource = field(default="setting", compare=False)

    def __str__(self) -> str:
        """As the database keeps it; an option at its default from a later version is left out, as it was before."""
        return f"channel {self.channel}, z {self.z}" + (f", pages {self.pages}" if self.pages else "")


_PAGES = re.compile(r", z (?:planes|max|mean), pages (channels|z|t)$")


def stored_pages(options: str | None) -> Pages | None:
    """Read what the pages of a TIFF are from options as the database keeps them."""
    found = _PAGES.search(options or "")
    return cast(Pages, found[1]) if found else None


DEFAULT_OPTIONS = ImageOptions()
"""Without rules and settings."""
