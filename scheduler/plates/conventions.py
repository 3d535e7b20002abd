"""Naming conventions of screening microscopes: a path → a file's place in a plate.

Sources: Bio-Formats' readers (MetaXpress/CellWorx, Operetta, CV7000, InCell) and the vendors' own exports. A name that
says too little (a well alone, say) fits none of them. Time points and planes count from 0 here, as if those of names
began with 1; `scheduler.plates.plate_habits` puts those right that begin with 0, and are -1 here.
"""

import re
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import PurePosixPath

from nuqleus.fields import FieldFile, FieldPlace
from nuqleus.well_names import parse_well, well_at

GUID = "[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}"
UNNAMED = "plate"
"""What a plate is called whose files lie in the watched folder itself and don't name it."""

_IMAGE = r"\.(?:tiff?|png|jpe?g|jp2)"

Match = re.Match[str]


@dataclass(frozen=True)
class Convention:
    """Naming convention: how a microscope calls its files.

    Attributes:
        name: as `plates.convention` has it.
        expression: fits the name of a file, whatever its case.
        read: makes a place of a path's folder and a match of its name; None if they are none after all.
    """

    name: str
    expression: re.Pattern[str]
    read: Callable[[PurePosixPath, Match], FieldFile | None]


def parse_path(path: str) -> FieldFile | None:
    """The place that a file has by the first convention that its name fits; None if there is none."""
    folder, _, name = path.rpartition("/")
    for convention in CONVENTIONS:
        match = convention.expression.fullmatch(name)
        if match is not None:
            return convention.read(PurePosixPath(folder), match)
    return None


_PROJECTION = "(?:[_-](?P<projection>mip|max(?:ip|proj(?:ection)?)?|proj(?:ection)?|sum|edf))?"

_IMAGEXPRESS = re.compile(
    rf"(?:(?P<plate>.+?)_)?(?P<well>[a-z]{{1,2}}\d{{2}})(?:_s(?P<site>\d{{1,4}}))?(?:_w(?P<channel>\d{{1,2}}))?"
    rf"(?:_z(?P<z>\d{{1,4}}))?(?P<guid>{GUID})?{_PROJECTION}{_IMAGE}",
    re.IGNORECASE,
)
_IMAGEXPRESS_HCS = re.compile(
    r"(?:(?P<plate>.+?)_)?t(?P<t>\d{1,5})_(?P<well>[a-z]{1,2}\d{2})_s(?P<site>\d{1,4})_w(?P<channel>\d{1,2})"
    rf"_z(?P<z>\d{{1,4}}){_PROJECTION}{_IMAGE}",
    re.IGNORECASE,
)
_TIME_FOLDER = re.compile(r"timepoint_?(\d{1,6})", re.IGNORECASE)
_Z_FOLDER = re.compile(r"zstep_(\d{1,6})", re.IGNORECASE)


def _imagexpress(folder: PurePosixPath, match: Match) -> FieldFile | None:
    """`TimePoint_1/ZStep_2/P_A01_s1_w1GUID.tif`; `ZStep_0` holds projections, as does the folder of the steps."""
    folder, step = _leave(folder, _Z_FOLDER)
    folder, time = _leave(folder, _TIME_FOLDER)
    well = parse_well(match["well"])
    says_too_little = (step, time) == (None, None) and not any(match.group("site", "channel", "guid"))
    if well is None or says_too_little:
        return None
    z = int(match["z"]) if step is None and match["z"] else step
    is_projection = step == 0 or match["projection"] is not None
    plate = match["plate"] or folder.name or UNNAMED
    place = FieldPlace(
        _text(folder), plate, well.name, int(match["site"] or 1), 0 if time is None else time - 1
    )
    channel = f"w{int(match['channel'] or 1)}"
    return FieldFile(
        "ImageXpress", place, None if is_projection or z is None else z - 1, channel, is_projection
    )


def _imagexpress_hcs(folder: PurePosixPath, match: Match) -> FieldFile | None:
    """`timepoint0/P_t0_A01_s0_w0_z0.tif`, in which all numbers begin with 0."""
    folder, _ = _leave(folder, _TIME_FOLDER)
    well = parse_well(match["well"])
    if well is None:
        return None
    plate = match["plate"] or folder.name or UNNAMED
    place = FieldPlace(_text(folder), plate, well.name, int(match["site"]), int(match["t"]))
    is_projection = match["projection"] is not None
    z = None if is_projection else int(match["z"])
    return FieldFile("ImageXpress", place, z, f"w{int(match['channel'])}", is_projection)


def _leave(folder: PurePosixPath, expression: re.Pattern[str]) -> tuple[PurePosixPath, int | None]:
    """The folder above one that is called like this, and the number in its name; else the folder itself."""
    match = expression.fullmatch(folder.name)
    return (folder.parent, int(match[1])) if match else (folder, None)


def _leave_images(folder: PurePosixPath) -> PurePosixPath:
    """The folder above `Images` or `Image`; else the folder itself."""
    return folder.parent if folder.name.lower() in {"image", "images"} else folder


def _text(folder: PurePosixPath) -> str:
    return "" if folder == PurePosixPath() else str(folder)


_OPERA = re.compile(
    r"r(?P<row>\d{2,3})c(?P<col>\d{2,3})f(?P<site>\d{2,4})p(?P<z>\d{2,4})(?:rc\d+)?-ch(?P<channel>\d{1,3})"
    r"(?:sk(?P<t>\d{1,6})(?P<part>fk\d{1,6}fl\d{1,6})|t(?P<time>\d{1,6})(?:rc\d+)?)?"
    rf"{_PROJECTION}{_IMAGE}",
    re.IGNORECASE,
)
_HARMONY_3 = re.compile(
    r"(?P<row>\d{3})(?P<col>\d{3})-(?P<site>\d{1,4})-(?P<z>\d{3})(?P<time>\d{3})(?P<channel>\d{3})"
    rf"(?P<t>)(?P<part>){_PROJECTION}{_IMAGE}",
    re.IGNORECASE,
)
_PLAIN_PART = re.compile("(fk0*1fl0*1)?", re.IGNORECASE)
"""One fast and one lifetime measurement: what nearly all plates have."""


def _opera(folder: PurePosixPath, match: Match) -> FieldFile | None:
    """`Plate/Images/r01c02f03p01-ch1sk1fk1fl1.tiff`; the plate has the name of its folder."""
    well = well_at(int(match["row"]) - 1, int(match["col"]) - 1)
    if well is None:
        return None
    folder = _leave_images(folder)
    part = match["part"] or ""
    place = FieldPlace(
        _text(folder),
        folder.name or UNNAMED,
        well.name,
        int(match["site"]),
        _from_1(match["t"] or match["time"] or "1"),
        "" if _PLAIN_PART.fullmatch(part) else part.lower(),
    )
    is_projection = match["projection"] is not None
    z = None if is_projection else _from_1(match["z"])
    return FieldFile("Opera Phenix", place, z, f"ch{int(match['channel'])}", is_projection)


_CELLVOYAGER = re.compile(
    r"(?:(?P<plate>.+)_)?(?P<well>[a-z]{1,2}\d{2})_t(?P<t>\d{4})f(?P<site>\d{3,4})(?P<part>l\d{2}a\d{2})"
    rf"z(?P<z>\d{{2,4}})c(?P<channel>\d{{2}})(?:_bf|{_PROJECTION}){_IMAGE}",
    re.IGNORECASE,
)
_CQ1 = re.compile(
    r"(?P<well>w\d{1,4})f(?P<site>\d{3,4})t(?P<t>\d{4})z(?P<z>\d{2,4})c(?P<channel>\d{1,2})"
    rf"{_PROJECTION}{_IMAGE}",
    re.IGNORECASE,
)


def _cellvoyager(folder: PurePosixPath, match: Match) -> FieldFile | None:
    """`Plate_B02_T0001F001L01A01Z01C01.tif`; of each timeline (L) and action (A)."""
    well = parse_well(match["well"])
    if well is None:
        return None
    is_best_focus = match[0].rpartition(".")[0].lower().endswith("_bf")
    is_projection = int(match["z"]) == 0 or match["projection"] is not None or is_best_focus
    site, part = int(match["site"]), match["part"].upper()
    plate = match["plate"] or folder.name or UNNAMED
    place = FieldPlace(_text(folder), plate, well.name, site, _from_1(match["t"]), part)
    z = None if is_projection else _from_1(match["z"])
    return FieldFile("CellVoyager", place, z, f"C{match['channel']}", is_projection)


def _cq1(folder: PurePosixPath, match: Match) -> FieldFile:
    """`Plate/Image/W0001F0001T0001Z001C1.tif`: wells by their number, which says no row and no column."""
    in_projections = folder.name.lower() == "projection"
    is_projection = in_projections or match["projection"] is not None
    folder = folder.parent if in_projections else _leave_images(folder)
    plate, site, t = folder.name or UNNAMED, int(match["site"]), _from_1(match["t"])
    place = FieldPlace(_text(folder), plate, None, site, t, match["well"].upper())
    z = None if is_projection else _from_1(match["z"])
    return FieldFile("CellVoyager", place, z, f"C{int(match['channel'])}", is_projection)


_INCELL = re.compile(
    r"(?:(?P<plate>.+?)_)?(?P<row>[a-z]{1,2}) - (?P<col>\d{1,2})\((?=fld |wv )(?:fld (?P<site>\d{1,4}) ?)?"
    r"(?:wv (?P<channel>.+?))?(?: z (?P<z>\d{1,4}))?(?:-? time (?P<t>\d{1,5})(?: - \d+(?:\.\d+)? ms)?)?\)"
    rf"{_PROJECTION}{_IMAGE}",
    re.IGNORECASE,
)
_INCELL_6000 = re.compile(
    r"(?:(?P<plate>.+?)_)?(?P<row>[a-z]{1,2})_(?P<col>\d{1,2})_fld_(?P<site>\d{1,4})_wv_(?P<channel>.+?)"
    rf"(?:_z_(?P<z>\d{{1,4}}))?(?:_time_(?P<t>\d{{1,5}}))?{_PROJECTION}{_IMAGE}",
    re.IGNORECASE,
)


def _incell(folder: PurePosixPath, match: Match) -> FieldFile | None:
    """`A - 01(fld 1 wv UV - DAPI).tif`, with `z 01` and `time 1` where there are several, maybe after `Plate_`."""
    well = parse_well(match["row"] + match["col"])
    if well is None:
        return None
    site, t = int(match["site"] or 1), _from_1(match["t"] or "1")
    place = FieldPlace(_text(folder), match["plate"] or folder.name or UNNAMED, well.name, site, t)
    is_projection = match["projection"] is not None
    z = None if is_projection or match["z"] is None else _from_1(match["z"])
    return FieldFile("InCell", place, z, (match["channel"] or "wv 1").strip(), is_projection)


def _from_1(digits: str) -> int:
    """A number that counts from 1, from 0."""
    return int(digits) - 1


CONVENTIONS = (
    Convention("ImageXpress", _IMAGEXPRESS_HCS, _imagexpress_hcs),
    Convention("ImageXpress", _IMAGEXPRESS, _imagexpress),
    Convention("Opera Phenix", _OPERA, _opera),
    Convention("Opera Phenix", _HARMONY_3, _opera),
    Convention("CellVoyager", _CELLVOYAGER, _cellvoyager),
    Convention("CellVoyager", _CQ1, _cq1),
    Convention("InCell", _INCELL, _incell),
    Convention("InCell", _INCELL_6000, _incell),
)
"""Those that are tried, in this order."""
