"""The files that containers are made of, read as a container engine reads them."""

import json
import os
import re
import shlex
from collections.abc import Iterator
from pathlib import Path
from typing import Any, NamedTuple

import click
import yaml

from cli.main import main
from nuqleus.settings import SECRETS

ROOT = Path(__file__).parents[3]
COMPOSE = (ROOT / "docker-compose.yml").read_text()
DOCKERFILE = (ROOT / "Dockerfile").read_text()

VARIABLE = re.compile(r"\$\{(\w+):-([^}]*)\}")


def interpolated(text: str, **given: str) -> str:
    """A compose file with what is given for its variables, as .env does, and the defaults of the others."""
    return VARIABLE.sub(lambda found: given.get(found[1], found[2]), text)


def services(**given: str) -> dict[str, dict[str, Any]]:
    return yaml.safe_load(interpolated(COMPOSE, **given))["services"]


def ours() -> dict[str, dict[str, Any]]:
    """The services that run our image and its entrypoint."""
    return {
        name: service
        for name, service in services().items()
        if service["image"].startswith("nuqleus:") and "entrypoint" not in service
    }


def program(words: list[str], secrets: Path) -> list[str]:
    """A command of the compose file, as an engine starts it, with its secrets in another folder."""
    return [word.replace("$$", "$").replace(str(SECRETS), str(secrets)) for word in words]


def environment_with(*folders: Path) -> dict[str, str]:
    """This process's environment, with folders in which programs are looked for first."""
    return os.environ | {"PATH": os.pathsep.join([*map(str, folders), os.environ["PATH"]])}


def seconds(duration: str) -> float:
    """Of a duration as compose files write it: 1h30m, 90s."""
    units = {"h": 3600, "m": 60, "s": 1}
    parts = re.findall(r"(\d+)([hms])", duration)
    assert "".join(number + unit for number, unit in parts) == duration
    return sum(int(number) * units[unit] for number, unit in parts)


class Instruction(NamedTuple):
    """An instruction of the Dockerfile, and the name of the stage that it is in."""

    stage: str
    name: str
    rest: str


def instructions() -> Iterator[Instruction]:
    lines = [line for line in DOCKERFILE.splitlines() if not line.startswith("#")]
    stage = ""
    for line in "\n".join(lines).replace("\\\n", " ").splitlines():
        if line:
            name, rest = line.split(maxsplit=1)
            stage = rest.split()[-1] if name == "FROM" else stage
            yield Instruction(stage, name, rest)


def of_kind(name: str) -> list[Instruction]:
    return [instruction for instruction in instructions() if instruction.name == name]


def environment() -> dict[str, str]:
    """All that ENV sets, in whatever stage."""
    words = [word for instruction in of_kind("ENV") for word in shlex.split(instruction.rest)]
    return dict(word.split("=", 1) for word in words)


def exec_form(instruction: Instruction) -> list[str]:
    return json.loads(instruction.rest)


def parse(arguments: list[str]) -> None:
    """Understand a command line of `nuqleus`, without running it.

    Raises:
        click.UsageError: there is no such command or option.
    """
    command: click.Command = main
    while isinstance(command, click.Group):
        context = click.Context(command)
        name, command, arguments = command.resolve_command(context, list(arguments))
    command.make_context(name, list(arguments))
