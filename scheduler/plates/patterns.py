"""Places by patterns: what people say that the names of their files mean, where no convention knows them."""

import re
from collections.abc import Container, Sequence
from pathlib import PurePosixPath

from nuqleus.database.plate_warnings import KnownWarning
from nuqleus.fields import FieldFile, FieldPlace
from nuqleus.name_pattern import Fit, NamePattern
from nuqleus.paths import escape_path
from nuqleus.rules import Rule
from nuqleus.well_names import parse_well
from scheduler.plates.conventions import UNNAMED

PATTERN = "pattern"
"""Such plates' convention."""

NUMBERS = ("site", "t", "z")

_INCUCYTE_TIME = re.compile(r"(\d{1,4})d(\d{1,2})h(\d{1,2})m")


def place_by_pattern(pattern: NamePattern, path: str) -> FieldFile | None:
    """The place of a file; None if the pattern doesn't fit its path, or finds a well or numbers that are none."""
    fit = pattern.search(path)
    if fit is None or _problem(fit) is not None:
        return None
    well = parse_well(fit.values["well"]) if "well" in fit.values else None
    numbers = {group: _number(fit.values[group]) for group in NUMBERS if group in fit.values}
    folder, rest = _split(fit, path)
    name, part = (well.name, "") if well else (None, rest)
    plate = fit.values.get("plate") or PurePosixPath(folder).name or UNNAMED
    place = FieldPlace(
        folder, _flat(plate), name, numbers.get("site") or 0, numbers.get("t") or 0, _flat(part)
    )
    return FieldFile(PATTERN, place, numbers.get("z"), fit.values["channel"])


def _problem(fit: Fit) -> str | None:
    """What a pattern found that makes no sense, for people."""
    well = fit.values.get("well")
    if well is not None and parse_well(well) is None:
        return f"finds {well!r} there, which is no well (A01 to AF48)"
    wrong = next((name for name in NUMBERS if name in fit.values and _number(fit.values[name]) is None), None)
    return f"finds {fit.values[wrong]!r} for {wrong} there, which is no number" if wrong else None


class PatternMisfits:
    """Files that a rule is for, and that its pattern finds no place for: one of each rule."""

    def __init__(self) -> None:
        self._examples: dict[str, tuple[str, str]] = {}

    def note(self, rule: Rule, path: str, pattern: NamePattern) -> None:
        """Note a file that a rule's pattern finds no place for."""
        self._examples.setdefault(rule.path, (path, _describe_misfit(rule, path, pattern)))

    def warnings(self, files: Container[str]) -> list[KnownWarning]:
        """What there is to say, of files that are there."""
        self._examples = {rule: told for rule, told in self._examples.items() if told[0] in files}
        return [KnownWarning(PATTERN, path, message) for path, message in sorted(self._examples.values())]


def _describe_misfit(rule: Rule, path: str, pattern: NamePattern) -> str:
    fit = pattern.search(path)
    problem = "doesn't fit it" if fit is None else _problem(fit)
    return (
        f"The rule for path = {rule.path!r} decides about {escape_path(path)}, for example, but its pattern "
        f"{problem}: such a file is no part of a field by this rule. Put the pattern right, or narrow the rule's path; "
        "`nuqleus retry --regroup PATH` then makes fields of what was processed by that time."
    )


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
