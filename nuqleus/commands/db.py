"""`nuqleus db upgrade`."""

from __future__ import annotations

from typing import TYPE_CHECKING

import click

if TYPE_CHECKING:
    from sqlalchemy import Engine


@click.group(name="db")
def command() -> None:
    """Create or migrate the database's schema."""


@command.command()
@click.option(
    "--database", "database_url", metavar="URL", help="The database, as NUQLEUS_DATABASE_URL says it."
)
def upgrade(database_url: str | None) -> None:
    """Create the schema, or migrate it to this version; nothing is lost, and doing it twice does no harm.

    The embedded database (SQLite) does this by itself. A database server waits for this command, so that somebody
    can choose the moment, and make a backup first.
    """
    from nuqleus.database.engine import make_engine, shown
    from nuqleus.settings import get_settings

    url = get_settings(database_url=database_url).database_url
    engine = make_engine(url)
    try:
        click.echo(f"{shown(url)}: {_upgrade(engine)}")
    finally:
        engine.dispose()


def _upgrade(engine: Engine) -> str:
    """Upgrade, and say from where to where that went."""
    from nuqleus.database.engine import schema_version
    from nuqleus.database.engine import upgrade as bring_up_to_date

    before = schema_version(engine)
    bring_up_to_date(engine)
    after = schema_version(engine)
    return f"already at {after}" if before == after else f"{before or 'no schema'} → {after}"
