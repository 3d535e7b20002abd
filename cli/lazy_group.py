"""Lazy click group: loads a command's module only when that command is called.

`nuqleus --help` therefore answers at once, however heavy the libraries behind the commands are.
"""

from collections.abc import Mapping
from importlib import import_module
from typing import Any

import click

from model.errors import ModelError
from nuqleus.errors import NuqleusError
from nuqleus.file_errors import describe_file_error, is_about_a_place


class LazyGroup(click.Group):
    """A group whose commands are imported when called, and whose errors are sentences, not tracebacks.

    Args:
        lazy_commands: what `--help` says of each command; it is the object `command` in `cli/commands/<name>.py`.
    """

    def __init__(self, *args: Any, lazy_commands: Mapping[str, str], **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self._lazy_commands = lazy_commands

    def list_commands(self, ctx: click.Context) -> list[str]:  # noqa: ARG002 - click's signature
        """Names in the order a newcomer meets them."""
        return list(self._lazy_commands)

    def get_command(self, ctx: click.Context, cmd_name: str) -> click.Command | None:
        """Import the module of a command, or return None for a name that isn't one."""
        if cmd_name not in self._lazy_commands:
            return super().get_command(ctx, cmd_name)
        command: click.Command = import_module(f"cli.commands.{cmd_name}").command
        return command

    def format_commands(self, ctx: click.Context, formatter: click.HelpFormatter) -> None:  # noqa: ARG002
        """List the commands without importing them, as click itself would."""
        with formatter.section("Commands"):
            formatter.write_dl(list(self._lazy_commands.items()))

    def invoke(self, ctx: click.Context) -> Any:
        """Run the command; an error that a person can put right is printed as one line and ends with status 1."""
        try:
            return super().invoke(ctx)
        except (NuqleusError, ModelError) as error:
            raise click.ClickException(str(error)) from error
        except OSError as error:
            if not is_about_a_place(error):
                raise
            raise click.ClickException(describe_file_error(error)) from error
