"""Which channel shows a file's nuclei, and what becomes of its z-stacks.

The first rule that fits a file's path decides; what it leaves open, and files that no rule fits, follow the settings.
Rules come from a TOML file:

    [[rule]]
    path = "confocal/*.czi"   # relative to the watched folder; * stands for anything, / included; case matters
    channel = "DAPI"          # a name, whatever its case, or a number counted from 0, or "auto": by the usual names
    z = "max"                 # or "mean", or "planes": each on its own
"""

import tomllib
from collections.abc import Sequence
from dataclasses import dataclass
from fnmatch import fnmatchcase
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any, Literal

from pydantic import BaseModel, BeforeValidator, ConfigDict, Field, ValidationError

if TYPE_CHECKING:
    from nuqleus.settings import Settings

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
class Choice:
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


USUAL = Choice()
"""Without rules and settings."""


class Rule(BaseModel):
    """How files at some paths are looked at; what is None is left to the settings."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    path: Annotated[str, Field(min_length=1)]
    channel: Channel | None = None
    z: ZStacks | None = None


class _RulesFile(BaseModel):
    """All that a file of rules may hold."""

    model_config = ConfigDict(extra="forbid")

    rule: list[Rule] = []


@dataclass(frozen=True)
class Rules:
    """How each file is looked at.

    Attributes:
        rules: in order; the first that fits wins.
        usual: what they leave open.
    """

    rules: Sequence[Rule]
    usual: Choice

    @classmethod
    def of(cls, settings: "Settings") -> "Rules":
        """Those that the settings name."""
        rules = load_rules(settings.rules) if settings.rules else ()
        return cls(rules, Choice(settings.channel, settings.z))

    def choose(self, path: str) -> Choice:
        """Return how a file is looked at; its path is relative to the watched folder, with `/`."""
        for rule in self.rules:
            if fnmatchcase(path, rule.path):
                return Choice(rule.channel or self.usual.channel, rule.z or self.usual.z)
        return self.usual


def load_rules(path: Path) -> tuple[Rule, ...]:
    """Read a file of rules.

    Raises:
        ValueError: it can't be read, or says what makes no sense; with a line for each thing to put right.
    """
    try:
        with path.open("rb") as file:
            return tuple(_RulesFile.model_validate(tomllib.load(file)).rule)
    except OSError as error:
        raise ValueError(f"{path} can't be read: {error.strerror}") from error
    except ValidationError as error:
        raise ValueError("; ".join(_explain(path, problem) for problem in error.errors())) from error
    except ValueError as error:  # TOML's errors name line and column
        raise ValueError(f"{path} is not a TOML file: {error}") from error


def _explain(path: Path, problem: Any) -> str:
    """`rules.toml, rule 2, z: Input should be 'planes', 'max' or 'mean'`; rules count from 1."""
    place = [f"rule {part + 1}" if isinstance(part, int) else part for part in problem["loc"]]
    if len(place) > 1 and place[0] == "rule":
        del place[0]
    unknown = problem["type"] == "extra_forbidden"
    message = "there is no such key; a [[rule]] has path, channel and z" if unknown else problem["msg"]
    return ", ".join([str(path), *place]) + f": {message}"
