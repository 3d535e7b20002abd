"""Image options: which channel shows the nuclei, how large these are, and what becomes of z-stacks and pages."""

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


LARGEST_DIAMETER = 10_000
"""Nobody has larger nuclei, in whatever unit."""

LARGEST_LENGTH, LARGEST_UM = 200, 100
"""Pixels, and micrometres, that rings and neighbourhoods may reach: time and memory grow with them."""

_LENGTH = re.compile(r"(?P<number>\d+(?:\.\d+)?) ?(?P<unit>um|µm|μm|px)?", re.ASCII)


def _parse_length(given: Any) -> tuple[float, str] | None:
    """Read a length, and how it is written: `40`, `12.5 um`; None if it is none."""
    match = _LENGTH.fullmatch(str(given).strip()) if type(given) in {int, float, str} else None
    if not match:
        return None
    number = float(match["number"])
    return number, f"{number:g}" + (" um" if match["unit"] not in {None, "px"} else "")


def _as_diameter(given: Any) -> Any:
    parsed = _parse_length(given)
    if not parsed or not 0 < parsed[0] <= LARGEST_DIAMETER:
        raise ValueError(
            "a diameter is a number of pixels, like 40, or of micrometres, like '12 um', above 0 and up to "
            f"{LARGEST_DIAMETER}"
        )
    return parsed[1]


def _as_length(given: Any) -> Any:
    parsed = _parse_length(given)
    largest = LARGEST_UM if parsed and parsed[1].endswith("um") else LARGEST_LENGTH
    if not parsed or parsed[0] > largest:
        raise ValueError(
            "a distance around nuclei is a number of pixels, like 5, or of micrometres, like '1.5 um', up to "
            f"{LARGEST_LENGTH} pixels or {LARGEST_UM} um"
        )
    return parsed[1]


Length = Annotated[str, BeforeValidator(_as_length)]
"""Around a nucleus: a number of pixels, or of micrometres with `um`, as text."""


def _as_request(given: Any) -> Any:
    """Write what is asked for in one way: `granularity texture`; None if nothing is."""
    asked = {word.strip() for word in str(given).replace(",", " ").split()}
    if unknown := sorted(asked - {"granularity", "texture"}):
        raise ValueError(
            f"texture and granularity are measured on request, with a comma between, not {unknown[0]!r}"
        )
    return " ".join(sorted(asked)) or None


Requested = Annotated[str | None, BeforeValidator(_as_request)]
"""Measurements that take milliseconds a nucleus: `granularity`, `texture`, or both, as text."""

Diameter = Annotated[str, BeforeValidator(_as_diameter)]
"""Of the nuclei: a number of pixels, or of micrometres with `um`, as text."""

Smallest = Annotated[int, Field(ge=1, le=LARGEST_DIAMETER**2)]
"""Pixels of the smallest nucleus."""


@dataclass(frozen=True)
class ImageOptions:
    """How the images of a file are looked at; files of equal content share results where these are equal.

    Attributes:
        channel: where the nuclei are sought; see `Channel`, `AUTO`.
        z: what becomes of a z-stack.
        pages: what the pages of a TIFF are; None: what the file says.
        diameter: of the nuclei, see `Diameter`; None: it is looked for.
        smallest: nuclei of fewer pixels are dropped; None: as the network's thresholds say.
        ring_gap: between a nucleus and its ring, see `Length`; None, as for the next two: by the nuclei's diameter.
        ring_width: of the ring around a nucleus.
        neighbor_distance: within which another nucleus is a neighbour.
        measure: what is measured only on request, see `Requested`; None: nothing.
        channel_by: who names the channel. Makes no difference to what is found, and so none between options.
    """

    channel: str = AUTO
    z: ZStacks = "planes"
    pages: Pages | None = None
    diameter: str | None = None
    smallest: int | None = None
    ring_gap: str | None = None
    ring_width: str | None = None
    neighbor_distance: str | None = None
    measure: str | None = None
    channel_by: ChannelSource = field(default="setting", compare=False)

    def __str__(self) -> str:
        """As the database keeps it; an option at its default from a later version is left out, as it was before."""
        later = {name: getattr(self, name) for name in ("pages", *_LATER)}
        named = (f", {name} {value}" for name, value in later.items() if value is not None)
        return f"channel {self.channel}, z {self.z}" + "".join(named)


_LATER = ("diameter", "smallest", "ring_gap", "ring_width", "neighbor_distance", "measure")

_PAGES = re.compile(rf", z (?:planes|max|mean), pages (channels|z|t)(?:, (?:{'|'.join(_LATER)}) [^,]+)*$")


def stored_pages(options: str | None) -> Pages | None:
    """Read what the pages of a TIFF are from options as the database keeps them."""
    found = _PAGES.search(options or "")
    return cast(Pages, found[1]) if found else None


DEFAULT_OPTIONS = ImageOptions()
"""Without rules and settings."""


def in_pixels(length: str, pixel_size_um: float | None) -> float | None:
    """Return a `Diameter` or `Length` in pixels; None where that takes a pixel size, and there is none."""
    number, _, unit = length.partition(" ")
    if not unit:
        return float(number)
    return None if pixel_size_um is None else float(number) / pixel_size_um
