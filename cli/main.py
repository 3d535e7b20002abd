"""The command line: `nuqleus`."""

import click

from cli.lazy_group import LazyGroup
from nuqleus import __version__

COMMANDS = {
    "run": "Watch a folder: scheduler, broker and workers on one machine.",
    "schedule": "The scheduler alone: watch a folder and queue its files.",
    "work": "One worker alone: take files off the queue and process them.",
    "serve": "Serve a page: watch, look at every nucleus, queue again what failed.",
    "segment": "Segment images directly, without queue and database.",
    "status": "Show counts by state, rate, live workers and last failures.",
    "retry": "Queue files again.",
    "forget": "Delete results, file by file or folder by folder.",
    "platemap": "Say what is in the wells of a plate.",
    "export": "Write tables and label images out of the database.",
    "train": "Train a network from labelled images.",
    "evaluate": "Measure how good a network is on labelled images.",
    "db": "Create, migrate, back up the database; follow a moved folder.",
    "samples": "Fill an empty folder with sample images.",
}
"""What `nuqleus --help` says of each; a command is the object `command` in `cli/commands/<name>.py`."""


@click.group(
    cls=LazyGroup,
    lazy_commands=COMMANDS,
    context_settings={"help_option_names": ["-h", "--help"], "max_content_width": 100},
)
@click.version_option(__version__, prog_name="nuqleus")
def main() -> None:
    """Drop microscopy images into a folder; get every nucleus, outlined and measured, in a database."""


if __name__ == "__main__":
    main(prog_name="nuqleus")
