"""What the command line says and how it ends, whatever the command."""

from types import SimpleNamespace

import click
import pytest
from click.testing import CliRunner

from cli.main import COMMANDS, main
from model.errors import ImageError
from nuqleus import __version__
from nuqleus.errors import DatabaseUnavailable


@pytest.fixture
def failing(monkeypatch):
    """Make `nuqleus status` raise an error."""

    def install(error):
        @click.command()
        def command():
            raise error

        monkeypatch.setattr("cli.lazy_group.import_module", lambda name: SimpleNamespace(command=command))

    return install


def test_help_has_one_line_for_each_command():
    lines = CliRunner().invoke(main, ["--help"]).output.splitlines()
    for name, text in COMMANDS.items():
        assert sum(line.split()[:1] == [name] and line.endswith(text) for line in lines) == 1


def test_the_help_of_a_worker_says_what_it_takes_and_what_becomes_of_it_in_the_end():
    words = " ".join(CliRunner().invoke(main, ["work", "--help"]).output.split())
    assert "several at a time" in words
    assert "finish the files that it has begun; others go back" in words


def test_the_version_is_told():
    assert CliRunner().invoke(main, ["--version"]).output == f"nuqleus, version {__version__}\n"


@pytest.mark.parametrize(
    "error", [DatabaseUnavailable("no database there"), ImageError("truncated", "half a file")]
)
def test_an_error_of_ours_is_one_line_and_status_1(failing, error):
    failing(error)
    result = CliRunner().invoke(main, ["status"])
    assert result.exit_code == 1
    assert result.stderr == f"Error: {error}\n"


def test_an_error_that_is_a_bug_keeps_its_traceback(failing):
    failing(ZeroDivisionError())
    assert isinstance(CliRunner().invoke(main, ["status"]).exception, ZeroDivisionError)


@pytest.mark.parametrize("arguments", [["nonsense"], ["--nonsense"], ["samples"]])
def test_a_wrong_call_is_status_2_and_shows_the_way_to_the_help(arguments):
    result = CliRunner().invoke(main, arguments)
    assert result.exit_code == 2
    assert "--help" in result.stderr


SHARED = ("--input", "--database", "--broker", "--weights", "--overlays", "--channel", "--z", "--rules")


def all_commands():
    context = click.Context(main)
    for name in COMMANDS:
        command = main.get_command(context, name)
        yield from command.commands.values() if isinstance(command, click.Group) else [command]


@pytest.mark.parametrize("option", SHARED)
def test_an_option_that_several_commands_share_sets_the_same_and_takes_the_same_in_each(option):
    found = [
        parameter for command in all_commands() for parameter in command.params if option in parameter.opts
    ]
    meanings = {
        (parameter.name, parameter.metavar, str(parameter.type.to_info_dict())) for parameter in found
    }
    assert found
    assert len(meanings) == 1
