"""Pixel size in µm: units of length, and one test of believability for every source."""

import math
import re
import unicodedata
from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any

UM_PER_INCH = 25_400.0

UM_PER_SYMBOL = {
    "Ym": 1e30, "Zm": 1e27, "Em": 1e24, "Pm": 1e21, "Tm": 1e18, "Gm": 1e15, "Mm": 1e12, "km": 1e9, "hm": 1e8,
    "dam": 1e7, "m": 1e6, "dm": 1e5, "cm": 1e4, "mm": 1e3, "µm": 1.0, "μm": 1.0, "um": 1.0, "µ": 1.0, "μ": 1.0,
    "u": 1.0, "nm": 1e-3, "pm": 1e-6, "fm": 1e-9, "am": 1e-12, "zm": 1e-15, "ym": 1e-18,
    "\u00c5": 1e-4, "\u212b": 1e-4,
    "A": 1e-4, "thou": 25.4, "mil": 25.4, "li": UM_PER_INCH / 12, "in": UM_PER_INCH, '"': UM_PER_INCH,
    "ft": 12 * UM_PER_INCH, "yd": 36 * UM_PER_INCH, "mi": 63_360 * UM_PER_INCH, "pt": UM_PER_INCH / 72,
    "ua": 1.495978707e17, "ly": 9.4607304725808e21, "pc": 3.0856775814913673e22,
}  # fmt: skip
"""Micrometres per unit, as OME's schema and others write units; case tells `mm` from `Mm`, and µ and Å have two code
points each. `pixel` and `reference frame` are no lengths."""

UM_PER_PREFIX = {
    "kilo": 1e9, "dezi": 1e5, "deci": 1e5, "zenti": 1e4, "centi": 1e4, "mili": 1e3, "milli": 1e3, "mikro": 1.0,
    "micro": 1.0,
    "nano": 1e-3, "pico": 1e-6, "piko": 1e-6, "femto": 1e-9, "": 1e6,
}  # fmt: skip
"""Micrometres per metre with a prefix: these units are spelled out, too, in several languages."""

SPELLED_OUT = re.compile(rf"({'|'.join(UM_PER_PREFIX)})met(er|re|ro|ri|ru|ry|r)[ns]?")

UM_PER_WORD = {
    "micron": 1.0, "microns": 1.0, "mikron": 1.0, "micra": 1.0, "micro": 1.0, "mcm": 1.0, "мкм": 1.0, "микрометр": 1.0,
    "微米": 1.0, "マイクロメートル": 1.0, "ミクロン": 1.0, "마이크로미터": 1.0, "нм": 1e-3, "нанометр": 1e-3,
    "纳米": 1e-3, "мм": 1e3,
    "毫米": 1e3, "inch": UM_PER_INCH, "inches": UM_PER_INCH, "zoll": UM_PER_INCH, "pouce": UM_PER_INCH,
    "pulgada": UM_PER_INCH,
    "angstrom": 1e-4, "angstroms": 1e-4, "point": UM_PER_INCH / 72, "foot": 12 * UM_PER_INCH, "feet": 12 * UM_PER_INCH,
    "yard": 36 * UM_PER_INCH, "yards": 36 * UM_PER_INCH,
}  # fmt: skip
"""Micrometres per unit that is spelled out, in lower case and without marks on letters."""

PER_PIXEL = re.compile(r"\s*(/|per|pro)\s*(pixels?|px|pix)$", re.IGNORECASE)

LONGEST = 100
"""Characters of a length that are looked at."""

NUMBER_AND_UNIT = re.compile(r"\s*([-+]?[\d.,]+(?:[eE][-+]?\d+)?)\s*([^\s\d.,].*?)\s*")
"""`0.325 µm`: a unit that is written with its number."""

GARBLED = {
    r"\u00B5": "µ",
    r"\u00b5": "µ",
    r"\u03BC": "μ",
    r"\u00C5": "Å",
    "Âµ": "µ",
    "Î¼": "μ",
    "Ã…": "Å",
    "&#181;": "µ",
}
"""Letters that Java escaped, or that were read in the wrong encoding."""

BELIEVABLE = (0.01, 10.0)
"""Sizes are believed between these micrometres per pixel: 72 or 300 dpi is a default of programs and means nothing, and
with more than 10 µm per pixel there would be no nuclei to see."""

DEFAULT_DPI = (72.0, 96.0)
"""Resolutions of screens: what programs write that know none, whatever unit they, or others later, put to it."""

Resolution = tuple[float, float]
"""A number of pixels, in a number of units."""

DIGITS = 12
"""Of a length in another unit: 3.25E-6 dm is 0.325 µm, not 0.32499999999999996."""

SQUARE_TOLERANCE = 0.01
"""Width and height of a pixel may differ by this share."""


@dataclass(frozen=True)
class PixelSize:
    """Pixel size of an image.

    Attributes:
        um: side of a pixel in µm; None where it isn't known.
        origin: which part of the file said so; where it isn't known, why: `NOT_GIVEN`, `NOT_SQUARE` or
            `NOT_BELIEVABLE`.
    """

    um: float | None
    origin: str


NOT_GIVEN = "not given"
NOT_SQUARE = "not square"
NOT_BELIEVABLE = "not believable"

NO_PIXEL_SIZE = PixelSize(None, NOT_GIVEN)


def judge_pixel_size(given: Iterable[float | None], origin: str) -> PixelSize:
    """Return the pixel size of a width and a height, if both are believable.

    Args:
        given: width and height of a pixel in µm; one that the file doesn't give is None, and then as the other one.
        origin: which part of the file says so.
    """
    sizes = [size for size in given if size is not None]
    if not sizes:
        return NO_PIXEL_SIZE
    width, height = sizes[0], sizes[-1]
    if not all(math.isfinite(size) and size > 0 for size in sizes):
        return PixelSize(None, NOT_BELIEVABLE)
    if abs(width - height) > SQUARE_TOLERANCE * width:
        return PixelSize(None, NOT_SQUARE)
    lowest, highest = BELIEVABLE
    return PixelSize(width, origin) if lowest <= width <= highest else PixelSize(None, NOT_BELIEVABLE)


def pixel_size_from_resolution(
    x: Resolution | None, y: Resolution | None, um: float | None, origin: str
) -> PixelSize:
    """Return the pixel size of a resolution.

    Args:
        x: a number of pixels, in a number of units, in x; None where the file doesn't say.
        y: likewise in y.
        um: micrometres per unit; None for a unit that is no length.
        origin: which part of the file says so.
    """
    if um is None or x is None or y is None:
        return NO_PIXEL_SIZE
    if any(x[0] == dpi * x[1] for dpi in DEFAULT_DPI):
        return PixelSize(None, NOT_BELIEVABLE)
    return judge_pixel_size((um * units / pixels if pixels else math.nan for pixels, units in (x, y)), origin)


def pixel_size_from_dpi(dpi: Any) -> PixelSize:
    """Return the pixel size of (x, y) dots per inch, as Pillow gives them."""
    if not isinstance(dpi, tuple) or len(dpi) != 2:
        return NO_PIXEL_SIZE
    return pixel_size_from_resolution((float(dpi[0]), 1), (float(dpi[1]), 1), UM_PER_INCH, "resolution")


def um_per_unit(unit: Any) -> float | None:
    """Return the micrometres of a unit of length in any usual spelling; None for what is no length."""
    text = str(unit)
    for garbled, letter in GARBLED.items():
        text = text.replace(garbled, letter)
    text = PER_PIXEL.sub("", text.strip()).strip(" .[]()")
    for spelling in (text, text.lower()):
        if spelling in UM_PER_SYMBOL:
            return UM_PER_SYMBOL[spelling]
    word = _without_marks(text)
    spelled_out = SPELLED_OUT.fullmatch(word)
    return UM_PER_PREFIX[spelled_out[1]] if spelled_out else UM_PER_WORD.get(word)


def _without_marks(text: str) -> str:
    """`Micromètre` → `micrometre`."""
    parts = unicodedata.normalize("NFKD", text.casefold())
    return unicodedata.normalize("NFC", "".join(part for part in parts if not unicodedata.combining(part)))


def parse_number(text: Any) -> float | None:
    """Return a number, with a decimal point or comma; NaN for what is none, None for what is empty."""
    written = str(text if text is not None else "").strip()
    if not written:
        return None
    if written.count(",") == 1 and "." not in written:
        written = written.replace(",", ".")
    try:
        return float(written)
    except ValueError:
        return math.nan


def length_in_um(text: Any, unit: Any) -> float | None:
    """Return a length in µm; None where it, or a unit of length, isn't given.

    A unit that stands with the number counts before the other one.
    """
    together = NUMBER_AND_UNIT.fullmatch(str(text)[:LONGEST])
    if together and um_per_unit(together[2]) is not None:
        text, unit = together.groups()
    number = parse_number(text)
    um = None if number is None else um_per_unit(unit)
    return None if number is None or um is None else float(f"{number * um:.{DIGITS}g}")
