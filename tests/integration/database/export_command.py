"""`nuqleus export` on the database of a test."""

from pathlib import Path

from click.testing import CliRunner, Result

from cli.commands.export import command


def export(url: str, output: Path, *options: str) -> Result:
    return CliRunner().invoke(command, ["--output", str(output), "--database", url, *options])
