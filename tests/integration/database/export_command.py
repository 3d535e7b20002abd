"""`nuqleus export` on the database of a test."""

from pathlib import Path

from click.testing import CliRunner, Result

from cli.commands.export import FORMATS, command

VARIANTS = (*FORMATS, "parquet --profile cellprofiler", "geojson --cells")
"""Each format, with the options that make another one of it."""


def export(url: str, output: Path, *options: str) -> Result:
    return CliRunner().invoke(command, ["--output", str(output), "--database", url, *options])
