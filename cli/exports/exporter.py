"""Exporter: writes the results in one format; the registry of those that there are."""

from collections.abc import Sequence
from dataclasses import dataclass
from importlib import import_module
from pathlib import Path
from typing import Protocol

import click

from nuqleus.database.queries.snapshot import Snapshot

LIBRARIES = {"rois": "roifile", "parquet": "pyarrow", "coco": "pycocotools"}
"""Formats that need a library that isn't always installed; the extra is called like the format."""


@dataclass(frozen=True)
class Written:
    """What an exporter wrote.

    Attributes:
        sentence: for the person at the terminal.
        problems: files that couldn't be written, each with the reason.
    """

    sentence: str
    problems: Sequence[str] = ()


class Exporter(Protocol):
    """Exporter of the results to one format."""

    def __call__(self, results: Snapshot, output: Path) -> Written:
        """Write files below the folder `output`, which exists, image by image; each file is whole or not there."""


def load_exporter(name: str, variant: str | None = None) -> Exporter:
    """Import the exporter of a format.

    Args:
        name: of the format.
        variant: of the format, a profile's name for example.

    Raises:
        ClickException: if the library that the format needs isn't installed.
    """
    suffix = f"_{variant}" if variant else ""
    try:
        exporter: Exporter = import_module(f"cli.exports.{name.replace('-', '_')}{suffix}").export
    except ModuleNotFoundError as error:
        if error.name != LIBRARIES.get(name):
            raise
        raise click.ClickException(
            f"the format {name} needs the library {error.name}: pip install 'nuqleus[{name}]'"
        ) from error
    return exporter
