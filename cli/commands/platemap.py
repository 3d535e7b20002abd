"""`nuqleus platemap PLATE FILE.csv`."""

from __future__ import annotations

from pathlib import Path

import click

from cli.options import database_option

WELLS_NAMED = 12
"""Of those without an image."""


@click.command(name="platemap")
@click.argument("plate")
@click.argument("file", metavar="FILE.csv", type=click.Path(exists=True, dir_okay=False, path_type=Path))
@database_option()
def command(plate: str, file: Path, database_url: str | None) -> None:
    """Say what is in the wells of PLATE: compound, dose, control, whatever the columns of FILE.csv are called.

    PLATE is a plate's name, its folder, or both (`folder/name`). The file has a column `well` (A01, or a1), and any
    others; it replaces what was said of the plate's wells before. A file `platemap.csv` in the plate's folder is
    found by itself.
    """
    from nuqleus.database.engine import existing_database
    from nuqleus.database.named_plates import find_plate_named
    from nuqleus.database.plate_maps import attach_plate_map
    from nuqleus.paths import escape_path
    from nuqleus.plate_map import read_plate_map
    from nuqleus.settings import get_settings

    plate_map = read_plate_map(file)
    with existing_database(get_settings(database_url=database_url).database_url) as engine:
        found = find_plate_named(engine, plate)
        without_images = attach_plate_map(engine, found.id, plate_map)
    click.echo(f"{escape_path(found.path)}: {len(plate_map):,} wells are annotated.")
    if without_images:
        named = ", ".join(without_images[:WELLS_NAMED]) + (", …" if len(without_images) > WELLS_NAMED else "")
        click.echo(f"{len(without_images):,} of them have no image so far: {named}")
