"""Image options: which channel of an image shows the nuclei, and what becomes of a z-stack."""

from dataclasses import dataclass
from typing import Annotated, Any, Literal

from pydantic import BeforeValidator, Field

AUTO = "auto"
"""Stands for the channel whose name speaks of nuclei, else the first."""

ZStacks = Literal["planes", "max", "mean"]
"""What becomes of a z-stack: an image a plane, or one image, of each pixel's maximum or mean."""


def _as_text(channel: Any) -> Any:
    """Take a number as it is written; True is none."""
    return str(channel) if type(channel) is int and channel >= 0 else channel


Channel = Annotated[str, BeforeValidator(_as_text), Field(min_length=1, max_length=200)]
"""A name, or a number counted from 0, as text."""


@dataclass(frozen=True)
class ImageOptions:
    """How the images of a file are looked at.

    Attributes:
        channel: where the nuclei are sought; see `Channel`, `AUTO`.
        z: what becomes of a z-stack.
    """

    channel: str = AUTO
    z: ZStacks = "planes"

    def __str__(self) -> str:
        """As the database keeps it."""
        return f"channel {self.channel}, z {self.z}"


DEFAULT_OPTIONS = ImageOptions()
"""Without rules and settings."""
