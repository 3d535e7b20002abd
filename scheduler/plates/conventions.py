"""Naming conventions of screening microscopes: a path → a file's place in a plate.

Sources: Bio-Formats' readers (MetaXpress/CellWorx, Operetta, CV7000, InCell) and the vendors' own exports. A name that
says too little (a well alone, say) fits none of them.
"""

import re
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import PurePosixPath

from nuqleus.fields import FieldFile, FieldPlace
from nuqleus.well_names import parse_well

GUID = "[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}"
UNNAMED = "plate"
"""What a plate is called whose files lie in the watched folder itself and don't name it."""

_IMAGE = r"\.(?:tiff?|png|jpe?g|jp2)"

Match = re.Match[str]


@dataclass(frozen=True)
class Convention:
    """How a microscope calls its files.

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


_IMAGEXPRESS = re.compile(
    rf"(?:(?P<plate>.+)_)?(?P<well>[a-z]{{1,2}}\d{{2}})(?=_[sw]|{GUID})(?:_s(?P<site>\d{{1,4}}))?"
    rf"(?:_w(?P<channel>\d{{1,2}}))?(?:_z(?P<z>\d{{1,4}}))?(?:{GUID})?(?:_(?P<projection>mip|projection))?{_IMAGE}",
    re.IGNORECASE,
)
_TIME_FOLDER = re.compile(r"timepoint_(\d{1,6})", re.IGNORECASE)
_Z_FOLDER = re.compile(r"zstep_(\d{1,6})", re.IGNORECASE)


def _imagexpress(folder: PurePosixPath, match: Match) -> FieldFile | None:
    """`TimePoint_1/ZStep_2/P_A01_s1_w1GUID.tif`; `ZStep_0` holds projections, as does the folder of the steps."""
    folder, step = _leave(folder, _Z_FOLDER)
    folder, time = _leave(folder, _TIME_FOLDER)
    well = parse_well(match["well"])
    if well is None:
        return None
    z = int(match["z"]) if step is None and match["z"] else step
    is_projection = z == 0 or match["projection"] is not None
    plate = match["plate"] or folder.name or UNNAMED
    place = FieldPlace(_text(folder), plate, well.name, int(match["site"] or 1), max((time or 1) - 1, 0))
    channel = f"w{int(match['channel'] or 1)}"
    return FieldFile(
        "ImageXpress", place, None if is_projection or z is None else z - 1, channel, is_projection
    )


def _leave(folder: PurePosixPath, expression: re.Pattern[str]) -> tuple[PurePosixPath, int | None]:
    """The folder above one that is called like this, and the number in its name; else the folder itself."""
    match = expression.fullmatch(folder.name)
    return (folder.parent, int(match[1])) if match else (folder, None)


def _text(folder: PurePosixPath) -> str:
    return "" if folder == PurePosixPath() else str(folder)


CONVENTIONS = (Convention("ImageXpress", _IMAGEXPRESS, _imagexpress),)
"""Those that are tried, in this order."""
