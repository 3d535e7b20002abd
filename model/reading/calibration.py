"""Calibration: micrometres per pixel and names of channels, from the metadata of files."""

import math
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import tifffile

UM_PER_INCH = 25_400.0

UM_PER_UNIT = {
    "pm": 1e-6, "å": 1e-4, "nm": 1e-3, "µm": 1.0, "μm": 1.0, "um": 1.0, "micron": 1.0, "microns": 1.0,
    "mm": 1e3, "cm": 1e4, "m": 1e6, "in": UM_PER_INCH, "inch": UM_PER_INCH,
}  # fmt: skip
"""Micrometres per unit, as OME and ImageJ spell units (µ has two code points)."""

BELIEVABLE = (0.01, 10.0)
"""Resolution tags are believed between these micrometres per pixel: 72 or 300 dpi is a default of programs and
means nothing, and with more than 10 µm per pixel there would be no nuclei to see."""

SQUARE_TOLERANCE = 0.01
"""Width and height of a pixel may differ by this share."""


@dataclass(frozen=True)
class Calibration:
    """What a series of a file says about its pixels; see `Plane`."""

    pixel_size_um: float | None = None
    channel_names: tuple[str, ...] = ()


def pixel_size_from_dpi(dpi: Any) -> float | None:
    """Return micrometres per pixel of (x, y) dots per inch, as Pillow gives them; None where it isn't believable."""
    if not isinstance(dpi, tuple) or len(dpi) != 2:
        return None
    return _believable(square_side(*(_ratio(UM_PER_INCH, dots) for dots in dpi)))


def calibrate(tif: tifffile.TiffFile, page: tifffile.TiffPage, series: int) -> Calibration:
    """Return the calibration of a series: OME's first, then ImageJ's, then that of the resolution tags.

    Args:
        tif: the file.
        page: a page of the series.
        series: number of the series among all of the file.
    """
    if tif.ome_metadata:
        return _from_ome(tif.ome_metadata, series, len(tif.series))
    if tif.imagej_metadata:
        return Calibration(_from_imagej(tif.imagej_metadata, page))
    return Calibration(_believable(_from_tags(page)))


def _from_ome(xml: str, series: int, of: int) -> Calibration:
    try:
        images = as_list(tifffile.xml2dict(xml)["OME"]["Image"])
        if len(images) not in (1, of):  # which of them is meant can't be told
            return Calibration()
        pixels = images[series if len(images) == of else 0]["Pixels"]
        channels = as_list(pixels.get("Channel", []))
        return Calibration(
            _ome_size(pixels), name_channels(str(channel.get("Name", "")) for channel in channels)
        )
    except Exception:  # XML in an unexpected form says nothing about the pixels
        return Calibration()


def _ome_size(pixels: Mapping[str, Any]) -> float | None:
    sizes = [
        float(pixels[f"PhysicalSize{axis}"])
        * UM_PER_UNIT[str(pixels.get(f"PhysicalSize{axis}Unit", "µm")).lower()]
        for axis in "XY"
        if f"PhysicalSize{axis}" in pixels
    ]
    return square_side(sizes[0], sizes[-1]) if sizes else None


def _from_imagej(metadata: Mapping[str, Any], page: tifffile.TiffPage) -> float | None:
    unit = str(metadata.get("unit", "")).replace(r"\u00B5", "µ")  # as Java writes it
    um = UM_PER_UNIT.get(unit.strip().lower())
    return None if um is None else _pixel_size(page, um)


def _from_tags(page: tifffile.TiffPage) -> float | None:
    um = {2: UM_PER_INCH, 3: 1e4}.get(_number(page, "ResolutionUnit"))
    return None if um is None else _pixel_size(page, um)


def _pixel_size(page: tifffile.TiffPage, um_per_unit: float) -> float | None:
    sizes = []
    for tag in ("XResolution", "YResolution"):
        value = page.tags.valueof(tag)
        if not isinstance(value, tuple) or len(value) != 2:
            return None
        sizes.append(_ratio(um_per_unit * value[1], value[0]))
    return square_side(*sizes)


def _number(page: tifffile.TiffPage, tag: str) -> int:
    value = page.tags.valueof(tag)
    return int(value) if isinstance(value, int) else 0


def _ratio(a: float, b: float) -> float:
    return float(a) / float(b) if b else math.nan


def square_side(x: float, y: float) -> float | None:
    """Return the side of a pixel, None where it isn't positive, finite and square."""
    usable = math.isfinite(x) and math.isfinite(y) and min(x, y) > 0
    return x if usable and abs(x - y) <= SQUARE_TOLERANCE * x else None


def _believable(size: float | None) -> float | None:
    return size if size is not None and BELIEVABLE[0] <= size <= BELIEVABLE[1] else None


def as_list(item: Any) -> Sequence[Any]:
    """Return the list that XML has where something comes more than once, else a list of the one."""
    return item if isinstance(item, list) else [item]


def name_channels(names: Iterable[str]) -> tuple[str, ...]:
    """Return the names of channels, none where none has a name; one without is `channel 0`, by its number."""
    known = [name.strip() for name in names]
    return tuple(name or f"channel {number}" for number, name in enumerate(known)) if any(known) else ()
