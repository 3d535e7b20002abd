"""Command-line options that several commands share: their names and types are decided here, once.

Each replaces the setting of the same name (`nuqleus.settings`). A command may say in its own words what it is for.
"""

from collections.abc import Callable
from pathlib import Path
from typing import Any

import click

Decorator = Callable[[Callable[..., Any]], Callable[..., Any]]

FOLDER = click.Path(file_okay=False, path_type=Path)


def input_option(text: str = "The watched folder.") -> Decorator:
    """`--input`, as `input_dir`."""
    return click.option("--input", "input_dir", type=FOLDER, help=text)


def database_option(text: str = "The database, as NUQLEUS_DATABASE_URL says it.") -> Decorator:
    """`--database`, as `database_url`."""
    return click.option("--database", "database_url", metavar="URL", help=text)


def broker_option(text: str = "The queue's server, as NUQLEUS_BROKER_URL says it.") -> Decorator:
    """`--broker`, as `broker_url`."""
    return click.option("--broker", "broker_url", metavar="URL", help=text)


def weights_option(text: str, *, envvar: str | None = None) -> Decorator:
    """`--weights`: a file that exists; with `envvar`, what that says must exist as well."""
    file = click.Path(exists=True, dir_okay=False, path_type=Path)
    return click.option("--weights", envvar=envvar, type=file, help=text)


def overlays_option(text: str) -> Decorator:
    """`--overlays`, as `overlay_dir`."""
    return click.option("--overlays", "overlay_dir", type=FOLDER, help=text)


def image_options(command: Callable[..., Any]) -> Callable[..., Any]:
    """`--channel`, `--z`, `--diameter` and `--smallest`: how images are looked at."""
    for option in reversed(_IMAGE_OPTIONS):
        command = option(command)
    return command


def rules_option() -> Decorator:
    """`--rules`."""
    return click.option(
        "--rules",
        metavar="FILE",
        type=click.Path(path_type=Path),
        help="A TOML file that says so, and more, for files at some paths.",
    )


_IMAGE_OPTIONS = (
    click.option(
        "--channel", metavar="NAME", help="The channel that shows the nuclei: its name, or number from 0."
    ),
    click.option(
        "--z", metavar="planes|max|mean", help="What becomes of z-stacks: an image a plane, or one image."
    ),
    click.option(
        "--diameter",
        metavar="SIZE",
        help="How wide the nuclei are: a number of pixels, or '12 um'. Without it, it is looked for.",
    ),
    click.option(
        "--smallest",
        metavar="PIXELS",
        help="Leave out nuclei of fewer pixels; without it, that follows their size.",
    ),
)
