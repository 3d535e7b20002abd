"""The command line: a group that loads a command's module only when that command is called.

`nuqleus --help` therefore answers at once, however heavy the libraries behind the commands are.
"""

from importlib import import_module
from typing import Any

import click

from nuqleus import __version__

COMMANDS = {
    "run": "Watch a folder: scheduler, broker and workers on one machine.",
    "schedule": "The scheduler alone: watch a folder and queue its files.",
    "work": "One worker alone: take files off the queue and process them.",
    "segment": "Segment images directly, without queue and database.",
    "status": "Show counts by state, rate, live workers and last failures.",
    "retry": "Queue files again.",
    "export": "Write tables and label images out of the database.",
    "train": "Train a network from labelled images.",
    "evaluate": "Measure how good a network is on labelled images.",
    "db": "Create or migrate the schema; follow a folder that was moved.",
    "samples": "Fill an empty folder with sample images.",
}
"""What `nuqleus --help` says of each; a command is the object `command` in `cli/commands/<name>.py`."""


class House(click.Group):
    """A group whose commands are imported when called, and whose errors are sentences, not tracebacks."""

    def list_commands(self, ctx: click.Context) -> list[str]:  # noqa: ARG002 - click's signature
        """Names in the order a newcomer meets them."""
        return list(COMMANDS)

    def get_command(self, ctx: click.Context, cmd_name: str) -> click.Command | None:
        """Import the module of a command, or return None for a name that isn't one."""
        if cmd_name not in COMMANDS:
            return super().get_command(ctx, cmd_name)
        command: click.Command = import_module(f"cli.commands.{cmd_name}").command
        return command

    def format_commands(self, ctx: click.Context, formatter: click.HelpFormatter) -> None:  # noqa: ARG002
        """List the commands from the table above: click itself would import every one."""
        with formatter.section("Commands"):
            formatter.write_dl(list(COMMANDS.items()))

    def invoke(self, ctx: click.Context) -> Any:
        """Run the command; an error of ours is printed as one line and ends with status 1."""
        from model.errors import ModelError
        from nuqleus.errors import NuqleusError

        try:
            return super().invoke(ctx)
        except (NuqleusError, ModelError) as error:
            raise click.ClickException(str(error)) from error


@click.group(cls=House, context_settings={"help_option_names": ["-h", "--help"], "max_content_width": 100})
@click.version_option(__version__, prog_name="nuqleus")
def main() -> None:
    """Drop microscopy images into a folder; get every nucleus, outlined and measured, in a database."""


if __name__ == "__main__":
    main(prog_name="nuqleus")
