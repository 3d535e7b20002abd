"""`nuqleus samples DIR`."""

from pathlib import Path

import click


@click.command(name="samples")
@click.argument("folder", metavar="DIR", type=click.Path(file_okay=False, path_type=Path))
def command(folder: Path) -> None:
    """Fill an empty folder with sample images: drawn nuclei, and real ones that installed packages ship.

    A folder that holds anything is left as it is.
    """
    if _holds_files(folder):
        click.echo(f"{folder} isn't empty: no samples written.")
        return
    from model.samples.folder import fill_folder

    written = fill_folder(folder)
    click.echo(f"Wrote {len(written)} sample images to {folder}.")


def _holds_files(folder: Path) -> bool:
    """Whether anything but hidden files, which desktops leave behind, lies in the folder."""
    return folder.is_dir() and any(not path.name.startswith(".") for path in folder.iterdir())
