"""Places by patterns: what people say that the names of their files mean, where no convention knows them."""

import re
from collections.abc import Sequence
from pathlib import PurePosixPath

from nuqleus.fields import FieldFile, FieldPlace
from nuqleus.name_pattern import Fit, NamePattern
from nuqleus.well_names import parse_well
from scheduler.plates.conventions import UNNAMED

PATTERN = "pattern"
"""Such plates' convention."""

NUMBERS = ("site", "t", "z")

_INCUCYTE_TIME = re.compile(r"(\d{1,4})d(\d{1,2})h(\d{1,2})m")


def place_by_pattern(pattern: NamePattern, path: str) -> FieldFile | None:
    """The place of a file; None if the pattern doesn't fit its path, or finds a well or numbers that are none."""
    fit = pattern.search(path)
    if fit is None:
        return None
    well = parse_well(fit.values["well"]) if "well" in fit.values else None
    numbers = {group: _number(fit.values[group]) for group in NUMBERS if group in fit.values}
    if None in numbers.values() or ("well" in fit.values and well is None):
        return None
    folder, rest = _split(fit, path)
    name, part = (well.name, "") if well else (None, rest)
    plate = fit.values.get("plate") or PurePosixPath(folder).name or UNNAMED
    place = FieldPlace(
        folder, _flat(plate), name, numbers.get("site") or 0, numbers.get("t") or 0, _flat(part)
    )
    return FieldFile(PATTERN, place, numbers.get("z"), fit.values["channel"])


def _split(fit: Fit, path: str) -> tuple[str, str]:
    """The plate's folder, and what tells samples apart below it: all but channel, plane, time and site.

    The plate's folder lies above all folders in which the pattern found anything but the plate's name.
    """
    folders = path.split("/")[:-1]
    spans = sorted(fit.spans[group] for group in fit.values if group != "plate")
    if "/" not in fit.text:
        return "/".join(folders), _without(fit.text, 0, spans)
    above = fit.text[: spans[0][0]].count("/")
    return "/".join(folders[:above]), _without(fit.text, fit.text.rfind("/", 0, spans[0][0]) + 1, spans)


def _without(text: str, begin: int, spans: Sequence[tuple[int, int]]) -> str:
    rest = ""
    for start, end in spans:
        rest, begin = rest + text[begin:start], max(begin, end)
    return rest + text[begin:]


def _flat(name: str) -> str:
    return name.replace("/", " ")


def _number(text: str) -> int | None:
    """A number that a column holds, or Incucyte's `01d06h30m` in minutes; None for what is neither."""
    days = _INCUCYTE_TIME.fullmatch(text)
    if days is not None:
        return (int(days[1]) * 24 + int(days[2])) * 60 + int(days[3])
    return int(text) if re.fullmatch("[0-9]{1,9}", text) else None
