"""Options that say how images are looked at: alike wherever images are processed."""

from pathlib import Path

import click

channel_option = click.option(
    "--channel", metavar="NAME", help="The channel that shows the nuclei: its name, or number from 0."
)
z_option = click.option(
    "--z", metavar="planes|max|mean", help="What becomes of z-stacks: an image a plane, or one image."
)
rules_option = click.option(
    "--rules",
    metavar="FILE",
    type=click.Path(path_type=Path),
    help="A TOML file that says both for files at some paths.",
)
