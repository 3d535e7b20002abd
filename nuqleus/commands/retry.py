"""`nuqleus retry [--failed] [PATH…]`."""

from __future__ import annotations

import os
from pathlib import Path
from typing import TYPE_CHECKING

import click

if TYPE_CHECKING:
    from nuqleus.database.states import Files


@click.command(name="retry")
@click.argument("paths", metavar="[PATH]...", nargs=-1)
@click.option("--failed", is_flag=True, help="Only files that failed; without PATH, all of them.")
@click.option("--input", "input_dir", type=click.Path(path_type=Path), help="The watched folder.")
@click.option(
    "--database", "database_url", metavar="URL", help="The database, as NUQLEUS_DATABASE_URL says it."
)
def command(paths: tuple[str, ...], failed: bool, input_dir: Path | None, database_url: str | None) -> None:
    """Process files again: those at PATH (files or folders), or all that failed.

    A PATH is one of the file system, or one as `nuqleus status` shows it, relative to the watched folder. Results that
    a file has are replaced. The scheduler (`nuqleus run`, `nuqleus schedule`) takes it from there.
    """
    if not (paths or failed):
        raise click.UsageError("say what to process again: --failed, or files and folders")
    from nuqleus.database.engine import existing_database
    from nuqleus.database.states import Files
    from nuqleus.settings import get_settings

    settings = get_settings(input_dir=input_dir, database_url=database_url)
    with existing_database(settings.database_url) as engine:
        _retry(Files(engine), paths, failed, settings.input_dir)


def _retry(files: Files, paths: tuple[str, ...], only_failed: bool, folder: Path) -> None:
    if not paths:
        _report(len(files.retry()))
        return
    found = {path: files.retry(_candidates(path, folder), only_failed=only_failed) for path in paths}
    _report(sum(map(len, found.values())))
    missed = [path for path, ids in found.items() if not ids]
    if missed:
        names = ", ".join(map(repr, missed))
        raise click.ClickException(f"nothing to process again at {names}: unknown, or not ended yet")


def _candidates(path: str, folder: Path) -> list[str] | None:
    """Names in the database that a person may mean; None for the whole folder."""
    from nuqleus.paths import from_row

    inside = os.path.relpath(path, folder)
    if inside == ".":
        return None
    meant = [from_row(os.path.normpath(path))]
    return meant if inside.startswith("..") else [Path(inside).as_posix(), *meant]


def _report(count: int) -> None:
    click.echo(f"{count} {'file' if count == 1 else 'files'} will be processed again.")
