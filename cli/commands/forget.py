"""`nuqleus forget [--dry-run] PATH…`."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

import click

from cli.options import database_option, input_option

if TYPE_CHECKING:
    from nuqleus.database.files.forgetting import Forgettable


@click.command(name="forget")
@click.argument("paths", metavar="PATH...", nargs=-1, required=True)
@click.option("--dry-run", is_flag=True, help="Only say what would be deleted.")
@input_option()
@database_option()
def command(paths: tuple[str, ...], dry_run: bool, input_dir: Path | None, database_url: str | None) -> None:
    """Delete the results of the files at PATH (files or folders) from the database; the files themselves stay.

    A PATH is one of the file system, or one as `nuqleus status` shows it, relative to the watched folder. Where another
    path has the same content, it keeps the results. A file that still lies in the watched folder is found, and
    processed, again: move it away first.
    """
    from cli.stored_paths import stored_paths
    from nuqleus.database.engine import existing_database
    from nuqleus.database.files.forgetting import find_forgettable, forget_files
    from nuqleus.settings import get_settings

    settings = get_settings(input_dir=input_dir, database_url=database_url)
    meant = {path: stored_paths(path, settings.input_dir) for path in paths}
    if None in meant.values():
        raise click.UsageError("that is the whole watched folder: name files and folders in it")
    with existing_database(settings.database_url) as engine:
        unknown = [
            path for path, names in meant.items() if not find_forgettable(engine, names or []).file_ids
        ]
        if unknown:
            raise click.ClickException(
                f"the database has no files at {', '.join(map(repr, unknown))}; nothing was deleted"
            )
        found = find_forgettable(engine, [name for names in meant.values() for name in names or []])
        click.echo(describe(found))
        if dry_run:
            click.echo("Nothing was deleted.")
        else:
            click.echo(f"Deleted {_files(forget_files(engine, found.file_ids))}.")


def describe(found: Forgettable) -> str:
    """What would be deleted, in sentences."""
    lines = [
        f"{_files(len(found.file_ids))} to delete, with {found.images:,} images and {found.nuclei:,} nuclei."
    ]
    if found.handed_over:
        lines.append(f"{found.handed_over:,} leave their results to a copy at another path.")
    if found.there:
        lines.append(
            f"{found.there:,} were still in the watched folder when the scheduler last looked: what is there is found, "
            "and processed, again."
        )
    return "\n".join(lines)


def _files(count: int) -> str:
    return f"{count:,} {'file' if count == 1 else 'files'}"
