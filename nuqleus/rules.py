"""Rules: which image options hold for files at some paths.

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
from typing import Annotated, Any

from pydantic import BaseModel, ConfigDict, Field, ValidationError

from nuqleus.image_options import Channel, ImageOptions, ZStacks


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
    """The image options of each file.

    Attributes:
        rules: in order; the first that fits wins.
        default: what they leave open.
    """

    rules: Sequence[Rule]
    default: ImageOptions

    def options_for(self, path: str) -> ImageOptions:
        """Return a file's image options; its path is relative to the watched folder, with `/`."""
        for rule in self.rules:
            if fnmatchcase(path, rule.path):
                return ImageOptions(rule.channel or self.default.channel, rule.z or self.default.z)
        return self.default


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
