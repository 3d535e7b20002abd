"""`nuqleus db upgrade`, `backup`, `restore`, `adopt` and `restore-vanished`."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

import click

from cli.options import database_option, input_option

if TYPE_CHECKING:
    from sqlalchemy import Engine


@click.group(name="db")
def command() -> None:
    """Create or migrate the schema; make and restore backups; say that the folder was moved; restore lost states."""


@command.command()
@database_option()
@click.option("--wait", is_flag=True, help="Wait a minute for a server that doesn't answer yet.")
def upgrade(database_url: str | None, wait: bool) -> None:
    """Create the schema, or migrate it to this version; nothing is lost, and doing it twice does no harm.

    The embedded database (SQLite) does this by itself. A database server waits for this command, so that somebody
    can choose the moment, and make a backup first.
    """
    from nuqleus.database.engine import make_engine, redact_url
    from nuqleus.settings import get_settings
    from worker.retry_policy import BACKOFF_SECONDS, RetryPolicy

    url = get_settings(database_url=database_url).database_url
    engine = make_engine(url)
    try:
        done = RetryPolicy(BACKOFF_SECONDS if wait else ())(_upgrade, engine)
        click.echo(f"{redact_url(url)}: {done}")
    finally:
        engine.dispose()


@command.command()
@click.argument("target", metavar="FILE", type=click.Path(dir_okay=False, path_type=Path))
@database_option()
def backup(target: Path, database_url: str | None) -> None:
    """Write a whole, checked copy of the embedded database to FILE, while everything goes on.

    A file copied by other means lacks what SQLite keeps beside it. FILE is replaced, once the new backup is known to
    be sound. `nuqleus db restore` is the way back.
    """
    from nuqleus.database.backup import back_up
    from nuqleus.database.engine import existing_database
    from nuqleus.settings import get_settings

    with existing_database(get_settings(database_url=database_url).database_url) as engine:
        made = back_up(engine, target)
    click.echo(f"{made.path}: {made.files} files, {made.images} images, {made.size:,} bytes, checked")


@command.command()
@click.argument("source", metavar="FILE", type=click.Path(dir_okay=False, path_type=Path))
@database_option()
def restore(source: Path, database_url: str | None) -> None:
    """Put a backup in the place of the embedded database, which is kept beside it. Stop nuqleus first.

    Don't copy it there by hand: after a crash, SQLite would write into it what the old database had in its write-ahead
    log.
    """
    from nuqleus.database.backup import restore as put_back
    from nuqleus.database.engine import make_engine
    from nuqleus.settings import get_settings

    put = put_back(make_engine(get_settings(database_url=database_url).database_url), source)
    click.echo(f"{put.path}: {put.files} files, {put.images} images")
    click.echo(f"What was there is kept in {put.path}.before-restore until the next time.")


@command.command()
@input_option("Where the watched folder is now.")
@database_option()
def adopt(input_dir: Path | None, database_url: str | None) -> None:
    """Say that the files of a database now lie in another folder: it was moved, or is mounted elsewhere.

    A database holds the files of one folder. Of two folders with one database, each would make the other's files
    vanish; so a scheduler refuses a database that belongs to another folder.
    """
    from nuqleus.database.engine import existing_database
    from nuqleus.database.leadership import adopt_folder
    from nuqleus.paths import escape_path
    from nuqleus.settings import get_settings

    settings = get_settings(input_dir=input_dir, database_url=database_url)
    folder = str(settings.input_dir.resolve())
    with existing_database(settings.database_url) as engine:
        before = adopt_folder(engine, folder)
    click.echo(f"{escape_path(before) if before else 'no folder'} → {escape_path(folder)}")


@command.command("restore-vanished")
@click.option("--dry-run", is_flag=True, help="Only say how many there are.")
@database_option()
def restore_vanished(dry_run: bool, database_url: str | None) -> None:
    """Let files be `done` again that an earlier version called vanished, though it had processed them.

    Their inputs had been moved away, and they were queued again (`nuqleus retry --model-changed`). Their results are
    still there, and count again. One whose file comes back is processed again: what it held isn't known any more.
    """
    from nuqleus.database.engine import existing_database
    from nuqleus.database.files.restoring import count_restorable
    from nuqleus.database.files.restoring import restore_vanished as restore
    from nuqleus.settings import get_settings

    with existing_database(get_settings(database_url=database_url).database_url) as engine:
        if dry_run:
            click.echo(f"{count_restorable(engine):,} files to restore. Nothing was changed.")
        else:
            click.echo(f"{restore(engine):,} files are done again, with their results.")


def _upgrade(engine: Engine) -> str:
    """Upgrade, and say from where to where that went."""
    from nuqleus.database.engine import schema_version
    from nuqleus.database.engine import upgrade as bring_up_to_date

    before = schema_version(engine)
    bring_up_to_date(engine)
    after = schema_version(engine)
    return f"already at {after}" if before == after else f"{before or 'no schema'} → {after}"
