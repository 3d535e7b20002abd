"""`nuqleus status [PATH…] [--watch | --json | --healthy scheduler|worker|page]`."""

from __future__ import annotations

import json
import time
from contextlib import suppress
from dataclasses import asdict
from datetime import UTC, datetime
from itertools import chain
from typing import TYPE_CHECKING, Any

import click

from cli.options import database_option, input_option, rules_option

if TYPE_CHECKING:
    from pathlib import Path

    from rich.console import RenderableType
    from sqlalchemy import Engine

    from nuqleus.database.queries.status import Status
    from nuqleus.database.queries.status_details import StatusDetails
    from nuqleus.settings import Settings

WATCH_SECONDS = 2.0
"""Time between two looks."""

REST_FACTOR = 9
"""Looks that take long leave the database so many times as long in peace."""


@click.command(name="status")
@click.argument("paths", metavar="[PATH]...", nargs=-1)
@click.option("--watch", is_flag=True, help="Go on showing it, until Ctrl-C.")
@click.option("--json", "as_json", is_flag=True, help="Print JSON, for programs.")
@click.option(
    "--healthy",
    "process",
    type=click.Choice(["scheduler", "worker", "page"]),
    help="Only say whether that process is at work, here in this container: status 1 if it isn't.",
)
@input_option()
@database_option()
@rules_option()
def command(
    paths: tuple[str, ...],
    watch: bool,
    as_json: bool,
    process: str | None,
    input_dir: Path | None,
    database_url: str | None,
    rules: Path | None,
) -> None:
    """Show counts by state, rate, time left, workers and what they do, and the last failures.

    With PATH, say of each file what it is and why: ignored, failed, done, and how its nuclear channel was found; of a
    folder, how many of its files are what. A PATH is one of the file system, or relative to the watched folder. Rules
    that decide about none of the files are named.

    In the JSON, times are in UTC; `files_per_minute`, `seconds_left` and `queue_age_seconds` are null when they can't
    be said.
    """
    from nuqleus.database.engine import existing_database
    from nuqleus.settings import get_settings

    if watch + as_json + bool(process) + bool(paths) > 1:
        raise click.UsageError("--watch, --json, --healthy and PATH exclude each other.")
    settings = get_settings(input_dir=input_dir, database_url=database_url, rules=rules)
    with existing_database(settings.database_url) as engine:
        if paths:
            _explain(engine, paths, settings.input_dir)
        elif process:
            click.echo(_require(process, engine, time.time(), settings))
        elif watch:
            _watch(engine, settings.lease_seconds)
        elif as_json:
            _print_json(engine, settings.lease_seconds)
        else:
            _show(engine, settings.lease_seconds)
            _name_unused_rules(engine, settings)


def _print_json(engine: Engine, lease_seconds: float) -> None:
    click.echo(json.dumps(to_json(*_get_status(engine, time.time(), lease_seconds)), indent=2))


def _explain(engine: Engine, paths: tuple[str, ...], folder: Path) -> None:
    from cli.file_view import explain_file
    from cli.stored_paths import stored_paths

    for path in paths:
        meant = stored_paths(path, folder)
        if meant is None:
            raise click.UsageError("PATH is the whole watched folder: name files in it.")
        click.echo(explain_file(engine, meant))


def _require(process: str, engine: Engine, now: float, settings: Settings) -> str:
    from nuqleus.health import require_scheduler, require_worker
    from web.health import require_page

    if process == "page":
        return require_page(settings)
    if process == "scheduler":
        return require_scheduler(engine, now)
    return require_worker(engine, now, settings.lease_seconds)


def to_json(status: Status, details: StatusDetails) -> dict[str, Any]:
    """How things stand in plain values; paths are written as in the database."""
    from nuqleus.paths import escape_path

    content = asdict(status) | asdict(details)
    content["counts"] = {state.value: count for state, count in status.counts.items()}
    for worker in content["workers"]:
        worker |= {name: _utc(worker[name]) for name in ("started_at", "seen_at")}
    for failure in content["failures"]:
        failure |= {"path": escape_path(failure["path"]), "finished_at": _utc(failure["finished_at"])}
    for caveat in ("guessed_channels", "unsure_images"):
        if example := content[caveat]["example"]:
            content[caveat]["example"] = escape_path(example)
    for warning in content["plate_warnings"]:
        warning["path"] = escape_path(warning["path"])
    for file in content["running"]:
        file |= {"path": escape_path(file["path"]), "started_at": _utc(file["started_at"])}
    return content


def _utc(moment: float) -> str:
    return datetime.fromtimestamp(moment, UTC).isoformat(timespec="seconds")


def _get_status(engine: Engine, now: float, alive_within: float) -> tuple[Status, StatusDetails]:
    from nuqleus.database.queries.status import get_status
    from nuqleus.database.queries.status_details import get_details

    return get_status(engine, now, alive_within=alive_within), get_details(engine, now)


def _show(engine: Engine, alive_within: float) -> None:
    from rich.console import Console

    Console(highlight=False).print(_draw(engine, alive_within))


def _name_unused_rules(engine: Engine, settings: Settings) -> None:
    from nuqleus.database.queries.file_queries import FileQueries

    if settings.rules is None:
        return
    paths = (path for path, _ in FileQueries(engine).stats())
    first = next(paths, None)  # in an empty folder, no rule is to blame
    for unused in settings.image_rules().unused(chain((first,), paths)) if first is not None else ():
        click.secho(str(unused), fg="yellow", bold=True)


def _watch(engine: Engine, alive_within: float) -> None:
    """Draw it again and again, also while the database is away."""
    from rich.console import Console
    from rich.live import Live

    with suppress(KeyboardInterrupt), Live(console=Console(highlight=False), auto_refresh=False) as live:
        while True:
            began = time.monotonic()
            live.update(_draw_if_possible(engine, alive_within), refresh=True)
            time.sleep(max(WATCH_SECONDS, REST_FACTOR * (time.monotonic() - began)))


def _draw(engine: Engine, alive_within: float) -> RenderableType:
    from cli.status_view import draw

    now = time.time()
    return draw(*_get_status(engine, now, alive_within), now)


def _draw_if_possible(engine: Engine, alive_within: float) -> RenderableType:
    from rich.text import Text

    from nuqleus.errors import RetryableError

    try:
        return _draw(engine, alive_within)
    except RetryableError as error:
        return Text(f"No news: {error}", style="red")
