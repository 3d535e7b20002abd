r"""Rules: which files are skipped, which are parts of a field, and which image options hold for files at some paths.

The first rule that fits a file's path decides; what it leaves open, and files that no rule fits, follow the settings.
Rules come from a TOML file:

    [[rule]]
    path = "confocal/*.czi"   # relative to the watched folder; see `nuqleus.path_patterns` for the wildcards
    channel = "DAPI"          # a name, whatever its case, or a number counted from 0, or "auto": a nuclear stain's
    z = "max"                 # or "mean", or "planes": each on its own
    pages = "channels"        # what the pages of a TIFF are, or "z", or "t"
    diameter = "12 um"        # of the nuclei, or a number of pixels; without it, it is looked for
    smallest = 12             # pixels of the smallest nucleus: keeps micronuclei

    [[rule]]
    path = "*_overview.tif"
    skip = true               # ignore these files; false: process them, though they look like no images

    [[rule]]
    path = "incucyte/*"       # which files are channels of one field; see `nuqleus.name_pattern`
    pattern = '(?P<channel>[^/]+)/VID\d+_(?P<well>[A-P]\d+)_(?P<site>\d+)'
    channels = 2              # that each field has

    [[rule]]
    path = "single files/*"
    plates = "off"            # every file stands alone, whatever it is called
"""

import tomllib
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from functools import cached_property
from pathlib import Path
from typing import Annotated, Any, Literal

from pydantic import BaseModel, ConfigDict, Field, PositiveInt, ValidationError, field_validator

from nuqleus.image_options import DEFAULT_OPTIONS, Channel, Diameter, ImageOptions, Pages, Smallest, ZStacks
from nuqleus.name_pattern import NamePattern
from nuqleus.path_patterns import Matcher, path_matcher

Plates = Literal["auto", "off"]
"""Whether files are taken for parts of fields by their names."""


class Rule(BaseModel):
    """Rule for some paths: how files there are looked at; what is None is left to the settings."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    path: Annotated[str, Field(min_length=1)]
    channel: Channel | None = None
    z: ZStacks | None = None
    pages: Pages | None = None
    diameter: Diameter | None = None
    smallest: Smallest | None = None
    skip: bool | None = None
    pattern: str | None = None
    channels: PositiveInt | None = None
    plates: Plates | None = None

    @field_validator("pattern")
    @classmethod
    def _pattern_makes_sense(cls, pattern: str | None) -> str | None:
        if pattern is not None:
            NamePattern(pattern)
        return pattern

    @cached_property
    def name_pattern(self) -> NamePattern | None:
        """The pattern, compiled."""
        return NamePattern(self.pattern) if self.pattern else None


class _RulesFile(BaseModel):
    """All that a file of rules may hold."""

    model_config = ConfigDict(extra="forbid")

    rule: list[Rule] = []


@dataclass(frozen=True)
class UnusedRule:
    """A rule that decides about no file.

    Attributes:
        rule: which.
        shadowed_by: the earlier rule that decides about a file that it fits; None where it fits none.
    """

    rule: Rule
    shadowed_by: Rule | None = None

    def __str__(self) -> str:
        """What is wrong, and what to do, in a sentence."""
        subject = f"The rule for path = {self.rule.path!r} decides about none of the files in the folder"
        if self.shadowed_by:
            return (
                f"{subject}: the first rule that fits a path decides, which is that for path = "
                f"{self.shadowed_by.path!r}. Put the narrower one first."
            )
        return (
            f"{subject}, as it fits none. * stands for anything, ? for one character, all else for itself; paths "
            "are relative to the watched folder."
        )


@dataclass(frozen=True)
class Rules:
    """The rules for files, and the options of files that no rule fits.

    Attributes:
        rules: in order; the first that fits wins.
        default: what they leave open.
        field_z: what becomes of a z-stack whose steps are files of a field, where they leave it open.
    """

    rules: Sequence[Rule] = ()
    default: ImageOptions = DEFAULT_OPTIONS
    field_z: ZStacks = "max"

    def rule_for(self, path: str) -> Rule | None:
        """Return the rule that decides about a file; its path is relative to the watched folder, with `/`."""
        return next((rule for rule, fits in self._matchers if fits(path)), None)

    def options_for(self, path: str) -> ImageOptions:
        """Return a file's image options."""
        return self._options(self.rule_for(path), self.default.z)

    def field_options(self, paths: Sequence[str]) -> ImageOptions:
        """Return the image options of a field of several files: the first rule decides that fits any of them."""
        rule = next((rule for rule, fits in self._matchers if any(map(fits, paths))), None)
        return self._options(rule, self.field_z)

    def _options(self, rule: Rule | None, z: ZStacks) -> ImageOptions:
        if rule is None:
            return replace(self.default, z=z)
        return replace(
            self.default,
            channel=rule.channel or self.default.channel,
            z=rule.z or z,
            pages=rule.pages,
            diameter=rule.diameter or self.default.diameter,
            smallest=rule.smallest or self.default.smallest,
            channel_by="rule" if rule.channel else self.default.channel_by,
        )

    @property
    def says_diameters(self) -> bool:
        """Whether the diameter of some file's nuclei is given."""
        return bool(self.default.diameter) or any(rule.diameter for rule in self.rules)

    def skip(self, path: str) -> bool | None:
        """Say whether a file is ignored, or (False) processed whatever it looks like; None: no rule says so."""
        rule = self.rule_for(path)
        return rule.skip if rule else None

    def channels_of(self, path: str) -> int | None:
        """Return how many channels the field has that a file is a part of; None: no rule says so."""
        rule = self.rule_for(path)
        return rule.channels if rule else None

    def unused(self, paths: Iterable[str]) -> list[UnusedRule]:
        """Return the rules that decide about none of these files, and which earlier ones do about what they fit."""
        unused = {number: UnusedRule(rule) for number, rule in enumerate(self.rules)}
        for path in paths:
            if not unused:
                break
            deciding = next((i for i, (_, fits) in enumerate(self._matchers) if fits(path)), -1)
            unused.pop(deciding, None)
            for number, one in unused.items():
                if not one.shadowed_by and self._matchers[number][1](path):
                    unused[number] = UnusedRule(one.rule, self.rules[deciding])
        return list(unused.values())

    @cached_property
    def _matchers(self) -> list[tuple[Rule, Matcher]]:
        return [(rule, path_matcher([rule.path])) for rule in self.rules]


def load_rules(path: Path) -> tuple[Rule, ...]:
    """Read a file of rules.

    Raises:
        ValueError: it can't be read, or says what makes no sense; with a line for each thing to put right.
    """
    try:
        with path.open("rb") as file:
            content = tomllib.load(file)
    except OSError as error:
        raise ValueError(f"{path} can't be read: {error.strerror}") from error
    except ValueError as error:  # TOML's errors name line and column
        raise ValueError(f"{path} is not a TOML file: {error}") from error
    try:
        return tuple(_RulesFile.model_validate(content).rule)
    except ValidationError as error:
        raise ValueError("; ".join(_explain(path, content, one) for one in error.errors())) from error


def _explain(path: Path, content: Any, problem: Any) -> str:
    """`rules.toml, rule 2, z: Input should be … (the rule for path = 'a/*')`; rules count from 1."""
    place = [f"rule {part + 1}" if isinstance(part, int) else part for part in problem["loc"]]
    if len(place) > 1 and place[0] == "rule":
        del place[0]
    unknown = problem["type"] == "extra_forbidden"
    message = (
        f"there is no such key; a [[rule]] has {', '.join(Rule.model_fields)}" if unknown else problem["msg"]
    ).removeprefix("Value error, ")
    return ", ".join([str(path), *place]) + f": {message}{_named(content, problem['loc'])}"


def _named(content: Any, place: Sequence[int | str]) -> str:
    """Which rule it is, by its path, if it has one."""
    match place:
        case ("rule", int(number), *_):
            rule = content["rule"][number]
            path = rule.get("path") if isinstance(rule, dict) else None
            return f" (the rule for path = {path!r})" if path else ""
    return ""
