"""Microscopes' own metadata of a TIFF series: Zeiss LSM, MetaMorph STK, MetaSeries (MetaXpress), Olympus SIS."""

from collections.abc import Mapping
from functools import partial
from typing import Any

from tifffile import TiffFile, TiffPageSeries

from model.reading.metadata import ChannelMetadata, ImageMetadata, Rgb, value_or_default
from model.reading.pixel_size import NO_PIXEL_SIZE, PixelSize, judge_pixel_size, length_in_um, parse_number
from model.reading.xml_tree import parse_xml


def read_lsm(tif: TiffFile, _series: TiffPageSeries, _number: int) -> ImageMetadata:
    """Return what Zeiss's LSM block says."""
    about = tif.lsm_metadata
    if not about:
        return ImageMetadata()
    sizes = (length_in_um(about.get(f"VoxelSize{axis}"), "m") for axis in "XY")
    return ImageMetadata(judge_pixel_size(sizes, "lsm"), value_or_default(partial(_lsm_channels, about), ()))


def _lsm_channels(about: Mapping[str, Any]) -> tuple[ChannelMetadata, ...]:
    """Names and colours of display; what the tracks say of dyes and lasers, where that is one per channel."""
    count = int(about["DimensionChannels"])
    shown = about.get("ChannelColors") or {}
    names, colours = (list(shown.get(key) or ()) for key in ("ColorNames", "Colors"))
    tracks = value_or_default(partial(_lsm_tracks, about), [])
    recorded = tracks if len(tracks) == count else [((), None)] * count
    return tuple(
        ChannelMetadata.called(
            *names[channel : channel + 1],
            *recorded[channel][0],
            excitation_nm=recorded[channel][1],
            display_colour=_rgb(colours[channel]) if channel < len(colours) else None,
        )
        for channel in range(count)
    )


def _lsm_tracks(about: Mapping[str, Any]) -> list[tuple[tuple[str, ...], float | None]]:
    """Return, for each channel that was acquired, what its detector calls it, and its only laser's wavelength."""
    found = []
    for track in (about.get("ScanInformation") or {}).get("Tracks", ()):
        lasers = [
            light["Wavelength"] for light in track.get("IlluminationChannels", ()) if light.get("Acquire", 1)
        ]
        for detector in track.get("DetectionChannels", ()):
            if detector.get("Acquire", 1):
                names = tuple(str(detector.get(key) or "") for key in ("DyeName", "ChannelName"))
                found.append((names, float(lasers[0]) if len(lasers) == 1 else None))
    return found


def _rgb(colour: Any) -> Rgb:
    red, green, blue = (int(value) for value in colour[:3])
    return red, green, blue


def read_metamorph(tif: TiffFile, _series: TiffPageSeries, _number: int) -> ImageMetadata:
    """Return what MetaMorph says in a stack (STK)."""
    about = tif.stk_metadata
    if not about or not about.get("SpatialCalibration", 1):
        return ImageMetadata()
    unit = about.get("CalibrationUnits", "")
    sizes = (length_in_um(about.get(f"{axis}Calibration"), unit) for axis in "XY")
    return ImageMetadata(judge_pixel_size(sizes, "metamorph"))


def read_metaseries(_tif: TiffFile, series: TiffPageSeries, _number: int) -> ImageMetadata:
    """Return what MetaXpress says of a plane: `<prop id="spatial-calibration-x" … value="0.65"/>`."""
    description = series.keyframe.description.strip()
    if not description.startswith("<MetaData"):
        return ImageMetadata()
    said = {
        prop.get("id", ""): prop.get("value", "") for prop in parse_xml(description).iter() if prop.get("id")
    }
    light, name = said.get("_IllumSetting_"), said.get("image-name")
    return ImageMetadata(
        value_or_default(partial(_metaseries_size, said), NO_PIXEL_SIZE),
        (ChannelMetadata.called(light, name, emission_nm=parse_number(said.get("wavelength"))),),
        said.get("stage-label") or None,
    )


def _metaseries_size(said: Mapping[str, str]) -> PixelSize:
    if said.get("spatial-calibration-state", "on").casefold() not in ("on", "true", "1"):
        return NO_PIXEL_SIZE
    unit = said.get("spatial-calibration-units", "")
    sizes = (length_in_um(said.get(f"spatial-calibration-{axis}"), unit) for axis in "xy")
    return judge_pixel_size(sizes, "metaseries")


def read_olympus_sis(tif: TiffFile, _series: TiffPageSeries, _number: int) -> ImageMetadata:
    """Return what Olympus's cellSens says in an exported TIFF."""
    about = tif.sis_metadata
    if not about:
        return ImageMetadata()
    sizes = (length_in_um(about.get(f"pixelsize{axis}"), "m") for axis in "xy")
    return ImageMetadata(judge_pixel_size(sizes, "sis"))
