"""`nuqleus status [--json | --healthy scheduler|worker]`."""

from __future__ import annotations

import json
import time
from dataclasses import asdict
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING, Any

import click

if TYPE_CHECKING:
    from rich.table import Table
    from sqlalchemy import Engine

    from nuqleus.database.overview import Overview


@click.command(name="status")
@click.option("--json", "as_json", is_flag=True, help="Print JSON, for programs.")
@click.option(
    "--healthy",
    "process",
    type=click.Choice(["scheduler", "worker"]),
    help="Only say whether that process is at work, here in this container: status 1 if it isn't.",
)
@click.option(
    "--database", "database_url", metavar="URL", help="The database, as NUQLEUS_DATABASE_URL says it."
)
def command(as_json: bool, process: str | None, database_url: str | None) -> None:
    """Show counts by state, rate, time left, live workers and the last failures.

    In the JSON, times are in UTC, `files_per_minute` and `seconds_left` are null when they can't be said.
    """
    from nuqleus.database.engine import existing_database
    from nuqleus.database.overview import survey
    from nuqleus.settings import get_settings

    settings = get_settings(database_url=database_url)
    now = time.time()
    with existing_database(settings.database_url) as engine:
        if process:
            click.echo(_require(process, engine, now, settings.lease_seconds))
            return
        overview = survey(engine, now, alive_within=settings.lease_seconds)
    if as_json:
        click.echo(json.dumps(to_json(overview), indent=2))
    else:
        _show(overview, now)


def _require(process: str, engine: Engine, now: float, within_seconds: float) -> str:
    from nuqleus.health import require_scheduler, require_worker

    if process == "scheduler":
        return require_scheduler(engine, now)
    return require_worker(engine, now, within_seconds)


def to_json(overview: Overview) -> dict[str, Any]:
    """The overview in plain values; paths are written as in the database."""
    from nuqleus.paths import to_row

    content = asdict(overview)
    content["counts"] = {state.value: count for state, count in overview.counts.items()}
    for worker in content["workers"]:
        worker |= {name: _utc(worker[name]) for name in ("started_at", "seen_at")}
    for failure in content["failures"]:
        failure |= {"path": to_row(failure["path"]), "finished_at": _utc(failure["finished_at"])}
    return content


def _utc(moment: float) -> str:
    return datetime.fromtimestamp(moment, UTC).isoformat(timespec="seconds")


def _show(overview: Overview, now: float) -> None:
    from rich.console import Console

    console = Console()
    counts = ", ".join(f"{count} {state}" for state, count in overview.counts.items() if count)
    console.print(counts or "no files yet", highlight=False)
    console.print(_pace(overview), highlight=False)
    console.print(_workers(overview, now) if overview.workers else "no live workers")
    if overview.failures:
        console.print(_failures(overview))


def _pace(overview: Overview) -> str:
    if overview.files_per_minute is None:
        return "nothing ended in the last five minutes"
    pace = f"{overview.files_per_minute:.1f} files per minute"
    if not overview.seconds_left:
        return pace
    return f"{pace}, about {_duration(overview.seconds_left)} left"


def _workers(overview: Overview, now: float) -> Table:
    from rich.table import Table

    table = Table("worker", "device", "up for", "files", "last seen", title="Workers", title_justify="left")
    for worker in overview.workers:
        name, seen = f"{worker.host} {worker.pid}", f"{_duration(now - worker.seen_at)} ago"
        table.add_row(name, worker.device, _duration(now - worker.started_at), str(worker.files_done), seen)
    return table


def _failures(overview: Overview) -> Table:
    from rich.markup import escape
    from rich.table import Table

    from nuqleus.paths import to_row

    table = Table("file", "reason", "", title="Last failures", title_justify="left")
    for failure in overview.failures:
        table.add_row(escape(to_row(failure.path)), failure.kind, escape(failure.error))
    return table


def _duration(seconds: float) -> str:
    return str(timedelta(seconds=max(0, round(seconds))))
